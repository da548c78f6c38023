"""Values that a checkpoint shows masked until somebody asks to see them, on record."""

from collections.abc import Mapping, Sequence
from typing import Any

MASK = "•••• masked"
ROOTS = ("action", "arguments", "steps", "context")


def masked(document: Mapping[str, Any], pointers: Sequence[str]) -> dict[str, Any]:
    """
    A copy of `{"action", "arguments", "steps"?, "context"?}` with what the pointers name masked.

    A `*` in a JSON Pointer means every item of a list, or every member. One that begins
    at none of the roots is meant of the arguments, those of every step, and the context.
    """
    result = dict(document)
    for pointer in pointers:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        for path in _anchored(steps):
            result = _mask(result, path)
    return result


def _anchored(path: list[str]) -> list[list[str]]:
    if not path or path[0] in ROOTS:
        return [path]
    return [["arguments", *path], ["steps", "*", "arguments", *path], ["context", *path]]


def _mask(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return MASK
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        return {
            name: _mask(item, rest) if key in (name, "*") else item for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            _mask(item, rest) if key in (str(place), "*") else item
            for place, item in enumerate(value)
        ]
    return value
