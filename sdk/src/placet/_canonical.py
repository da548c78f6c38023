"""
The RFC 8785 form of a JSON value: one spelling for each value, so that a digest of the
bytes is a digest of the value.

`json.dumps(sort_keys=True)` is not it: numbers are written as JavaScript writes them, and
keys are sorted by UTF-16 code units.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ._errors import UnsendableValue

DEEPEST = 100


def canonical(value: Any) -> bytes:
    """
    The canonical bytes of `value`, made of dict, list, tuple, str, int, float, bool, None.

    :raises UnsendableValue: no JSON form would carry it exactly, and where that is
    """
    return "".join(_parts(value, ())).encode()


def action_digest(
    *,
    action: str,
    arguments: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """
    The digest that a grant binds: `sha256:` and 64 hexadecimal digits.

    No steps and an empty list of steps are the same: the key is left out.
    """
    whole: dict[str, Any] = {"action": action, "arguments": arguments}
    if steps:
        whole["steps"] = steps
    return "sha256:" + hashlib.sha256(canonical(whole)).hexdigest()


def _parts(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if len(path) > DEEPEST:
        raise _unsendable(path, f"is nested deeper than {DEEPEST} levels", code="too_deep")
    if value is None:
        yield "null"
    elif isinstance(value, bool):  # before int: a bool is one
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield _text(value, path)
    elif isinstance(value, int):
        yield _integer(value, path)
    elif isinstance(value, float):
        yield _double(value, path)
    elif isinstance(value, Mapping):
        yield from _object(value, path)
    elif isinstance(value, (list, tuple)):
        yield from _array(value, path)
    elif isinstance(value, Decimal):
        raise _unsendable(path, "is a Decimal; send money as a string or as an integer of cents")
    else:
        raise _unsendable(path, f"is a {type(value).__name__}, which JSON does not have")


def _object(value: Mapping[Any, Any], path: tuple[str, ...]) -> Iterator[str]:
    for key in value:
        if not isinstance(key, str):
            raise _unsendable(path, f"has the key {key!r}; JSON keys are strings")
    written = {key: _text(key, path) for key in value}  # refuses what UTF-16 cannot sort
    separator = "{"
    for key in sorted(written, key=lambda name: name.encode("utf-16-be")):
        yield f"{separator}{written[key]}:"
        yield from _parts(value[key], (*path, key))
        separator = ","
    yield "}" if written else "{}"


def _array(value: Sequence[Any], path: tuple[str, ...]) -> Iterator[str]:
    yield "["
    for index, item in enumerate(value):
        if index:
            yield ","
        yield from _parts(item, (*path, str(index)))
    yield "]"


def _text(value: str, path: tuple[str, ...]) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unsendable(
            path, "holds half of a surrogate pair", code="forbidden_character"
        ) from None
    # As the text it is, whatever its class makes of `str()`: what is shown is what runs.
    return json.dumps(str.__str__(value), ensure_ascii=False)


def _integer(value: int, path: tuple[str, ...]) -> str:
    """
    The digits of `value`, if JavaScript would write the same.

    Beyond 2^53 most integers would silently become a neighbour; a digest must not hide that.
    """
    digits = int.__repr__(value)
    if abs(value) < 2**53:
        return digits
    try:
        if _double(float(value), path) == digits:
            return digits
    except OverflowError:
        pass
    raise _unsendable(
        path, "is too large to be exact; send it as a string", code="number_out_of_range"
    )


def _double(value: float, path: tuple[str, ...]) -> str:
    """As ECMAScript's Number::toString writes it."""
    if not math.isfinite(value):
        raise _unsendable(path, f"is {value}, which JSON does not have", code="number_out_of_range")
    if value == 0:
        return "0"  # also for -0.0
    negative, numerals, exponent = Decimal(float.__repr__(value)).as_tuple()
    digits = "".join(map(str, numerals))
    point = len(digits) + int(exponent)  # the decimal point stands after this many digits
    digits = digits.rstrip("0")
    return ("-" if negative else "") + _layout(digits, point)


def _layout(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def _unsendable(
    path: tuple[str, ...], complaint: str, *, code: str = "unsendable_value"
) -> UnsendableValue:
    # Backslash escapes, so that the message can be printed whatever the key holds.
    escaped = (name.replace("~", "~0").replace("/", "~1") for name in path)
    pointer = "".join(f"/{name}" for name in escaped).encode("ascii", "backslashreplace").decode()
    return UnsendableValue(f"The value at {pointer or 'the top'} {complaint}.", code=code)
