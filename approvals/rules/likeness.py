"""
Which pending requests are near-identical: the same thing asked over and over.

Two are alike if agent, checkpoint and its version, action and level of risk are the same,
their amounts have as many digits, and their arguments have the same shape. In a shape,
dates, identifiers, names and prose are all the same ("some text"), and so are numbers with
as many digits; names of fields, booleans, nulls and machine words (`delete`, `eur_transfer`,
`EUR`) must be equal. Lists are alike that hold the same shapes, however often.

A flood of such requests is folded into one row of a queue, so nothing that a reviewer would
decide differently at a glance may be alike. Never alike to anything: plans, whose steps are
read one by one; what asks for more than a yes or a no; and text that deceives the eye.
"""

import re
from collections.abc import Mapping
from math import log10
from typing import Any

from approvals.rules.canonical import digest

# Words of programs, not of people: a single one, all small or all capital.
_MACHINE_WORD = re.compile(r"[a-z][a-z_]{0,40}|[A-Z][A-Z_]{0,40}")


def likeness(
    *,
    agent: str,
    checkpoint: str,
    version: int,
    action: str,
    level: str,
    amount: float | None,
    arguments: Mapping[str, Any],
) -> str:
    """64 hexadecimal digits, the same for requests that are alike. Give it no plan."""
    magnitude = None if amount is None else _magnitude(amount)
    kind = [agent, checkpoint, version, action, level, magnitude, _shape(arguments)]
    return digest(kind).removeprefix("sha256:")


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        # Digests: text within text would double with every level of a nested list.
        return sorted({digest(_shape(item)) for item in value})
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return ["word", value] if _MACHINE_WORD.fullmatch(value) else "text"
    return ["number", _magnitude(value)]


def _magnitude(value: float) -> int:
    return int(log10(max(abs(value), 1.0)))
