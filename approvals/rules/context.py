"""What a checkpoint wants to know before it asks a person, and what says nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from approvals.rules import schemas
from approvals.rules.matching import at

# Keys under which anything, and so nothing, is said.
_VAGUE_KEYS = {"data", "payload", "info", "details", "misc", "content", "input", "stuff", "object"}


def missing(required: Sequence[str] | Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """
    The JSON Pointers of what the context lacks, in the checkpoint's order.

    A blank text, an empty list or a null does not count as given.
    """
    if isinstance(required, Mapping):
        return [problem.pointer or "/" for problem in schemas.problems(required, context)]
    return [pointer for pointer in required if _is_blank(at(context, pointer))]


def is_vague(context: Mapping[str, Any]) -> bool:
    """Whether the context is one that tells a reviewer nothing, such as `{"data": …}` only."""
    return bool(context) and all(key.lower() in _VAGUE_KEYS for key in context)


def _is_blank(value: Any) -> bool:
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip())
