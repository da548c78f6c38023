"""What is wrong with a policy, and where: what the checks of checkpoints and templates share."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.rules import effect, expressions, limits, schemas


@dataclass(frozen=True)
class Problem:
    """What is wrong, and with which field: `ladder[1].to`; "" is the whole."""

    field: str
    detail: str

    @property
    def root(self) -> str:
        """The form field it belongs to."""
        return re.split(r"[.\[]", self.field, maxsplit=1)[0]

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail


Check = Callable[..., Iterator[Problem]]


def checked(
    fields: Mapping[str, Any], shape: Mapping[str, Any], checks: Mapping[Check, Sequence[str]]
) -> list[Problem]:
    try:
        limits.check(dict(fields))
    except (limits.Malformed, TypeError) as error:
        return [Problem("", str(error))]
    found = [
        Problem(_place(wrong.pointer), wrong.detail)
        for wrong in schemas.problems(shape, fields, ours=True)
    ]
    faulty = {problem.root for problem in found}
    for check, wanted in checks.items():
        if not faulty.intersection(wanted):
            found += check(*(fields.get(name) for name in wanted))
    return found


def _place(pointer: str) -> str:
    steps = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    place = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps)
    return place.removeprefix(".")


def condition(place: str, source: str, *, with_risk: bool) -> Iterator[Problem]:
    if source and (wrong := expressions.check(source, with_risk=with_risk)):
        yield Problem(place, str(wrong))


def sentence(place: str, template: str) -> Iterator[Problem]:
    if template and (wrong := effect.check(template)):
        yield Problem(place, wrong)
