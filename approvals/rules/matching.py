"""Pre-approved patterns: does a template fit a proposal?"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

from approvals.rules import expressions
from approvals.rules.risk import Proposal


class Operator(TextChoices):
    EQ = "eq", "is"
    NE = "ne", "is not"
    IN = "in", "is one of"
    MIN = "min", "is at least"
    MAX = "max", "is at most"
    MATCHES = "matches", "matches"


@dataclass(frozen=True)
class Condition:
    """One row: what stands at `pointer` (RFC 6901) compared with `value`."""

    pointer: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Pattern:
    """What a template asks of a proposal. Limits over time are counted elsewhere."""

    name: str
    conditions: tuple[Condition, ...]
    max_risk: float
    expression: str = ""


class _Missing:
    """Nothing stands there; different from a null that does."""


_MISSING = _Missing()


def objection(pattern: Pattern, proposal: Proposal, *, risk: float) -> str | None:
    """Why the pattern does not fit, in words, or None if it does. Errors are objections."""
    if risk > pattern.max_risk:
        return f"risk {risk:.2f} is above its limit {pattern.max_risk:.2f}"
    if not pattern.conditions and not pattern.expression:
        return "it has no conditions"
    for condition in pattern.conditions:
        if not _holds(condition, proposal.document):
            words = Operator(condition.operator).label
            return f"{condition.pointer} {words} {condition.value!r}: not so here"
    if not pattern.expression:
        return None
    # Facts that know the risk were converted once for all the templates that ask.
    knows_risk = proposal.facts.get("risk") == risk
    facts = proposal.facts if knows_risk else {**proposal.facts, "risk": risk}
    try:
        fits = expressions.holds(pattern.expression, facts)
    except expressions.Undecided as error:
        return f"its expression could not be evaluated: {error}"
    return None if fits else "its expression does not hold"


def at(document: Any, pointer: str, default: Any = None) -> Any:
    """What stands at a JSON Pointer (RFC 6901), or `default`."""
    if pointer and not pointer.startswith("/"):
        return default  # no pointer at all, and certainly not the whole document
    found = document
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return default
    return found


def _holds(condition: Condition, document: Mapping[str, Any]) -> bool:
    found = at(document, condition.pointer, _MISSING)
    if found is _MISSING:
        return False
    return _TESTS[condition.operator](found, condition.value)


def _is_one_of(found: Any, choices: Any) -> bool:
    return isinstance(choices, list | tuple) and any(_same(found, value) for value in choices)


def _matches(text: Any, pattern: str) -> bool:
    if not isinstance(text, str):
        return False
    # Through CEL, whose engine is RE2: an admin's pattern on an agent's text stays linear.
    source = f"action.matches({json.dumps(f'^(?:{pattern})$', ensure_ascii=False)})"
    try:
        return expressions.holds(source, {"action": text})
    except expressions.Undecided:
        return False


def _same(one: Any, other: Any) -> bool:
    # In Python True == 1, but an agent that sends true did not send 1, however deep inside.
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    Operator.EQ: _same,
    Operator.NE: lambda found, value: not _same(found, value),
    Operator.IN: _is_one_of,
    Operator.MIN: lambda found, value: _are_numbers(found, value) and found >= value,
    Operator.MAX: lambda found, value: _are_numbers(found, value) and found <= value,
    Operator.MATCHES: _matches,
}
