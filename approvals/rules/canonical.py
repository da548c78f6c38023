"""
The one text of a JSON value (RFC 8785), its digest, and the ways from one value to another.

A digest binds what a person saw to what an agent may run, so two programs that hold the
same value must write the same bytes. Values are JSON values as `gate` lets them in:
dicts with string keys, lists, strings, integers, finite floats, booleans and None.
"""

import hashlib
import json
from collections.abc import Mapping
from json.encoder import encode_basestring as quoted
from math import isfinite
from typing import Any

import jsonpatch

from approvals.rules.limits import MAX_INTEGER

ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def canonical(value: Any) -> str:
    """
    `value` as RFC 8785 writes it: keys in UTF-16 order, numbers as ECMAScript prints them.

    :raises ValueError: for what the form has no text for: NaN, infinities, unpaired
        surrogates, and integers that a double does not hold
    :raises TypeError: for what is not a JSON value
    """
    text = ENCODER.encode(value) if _is_plain(value) else _written(value)
    if not text.isascii():
        text.encode()  # An unpaired surrogate has no bytes to be digested; this raises.
    return text


def digest_of(text: str) -> str:
    """The digest of a canonical text: `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def digest(value: Any) -> str:
    """The digest of the canonical text of `value`."""
    return digest_of(canonical(value))


def short(digest: str) -> str:
    """A digest as people compare it: `sha256:1a018319…` becomes `1a01 8319`."""
    start = digest.removeprefix("sha256:")
    return f"{start[:4]} {start[4:8]}"


def merge(document: Any, patch: Any) -> Any:
    """
    `document` after an RFC 7396 merge patch: null removes a member, lists are replaced.

    Neither argument is changed; the result shares with them what it has in common.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def patch_between(before: Any, after: Any) -> list[dict[str, Any]]:
    """
    The RFC 6902 operations that turn `before` into `after`; none if they are the same.

    Values that have one canonical text, such as 1 and 1.0, are the same.
    """
    one, other = json.loads(canonical(before)), json.loads(canonical(after))
    return jsonpatch.make_patch(one, other).patch


def _is_plain(value: Any) -> bool:
    """
    Whether Python's own encoder, which is much faster, writes the canonical text.

    It escapes strings alike. It differs in the order of keys beyond ASCII, where Python
    compares code points, and in floats, but not in those with a fraction that both
    write without an exponent. Anything else is left to the long way.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_INTEGER <= value <= MAX_INTEGER
    if kind is float:
        return 1e-4 <= abs(value) < 1e16 and not value.is_integer()
    if kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        value = value.values()
    elif kind is not list:
        return False
    for item in value:
        # Most values are strings; asking here saves most of the calls.
        if type(item) is not str and not _is_plain(item):
            return False
    return True


def _written(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return _double(value)
    if isinstance(value, int):
        return _integer(int(value))
    if isinstance(value, Mapping):
        members = sorted(value.items(), key=_utf16_order)
        return "{" + ",".join(f"{quoted(key)}:{_written(item)}" for key, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _utf16_order(member: tuple[str, Any]) -> bytes:
    return member[0].encode("utf-16-be")


def _integer(value: int) -> str:
    """
    An integer, as the double that it is in JSON.

    Beyond 2^53 most integers are no double; of those that are, only the one that a
    canonical text spells (such as 1e20 written out) reads back as itself.
    """
    text = str(value) if abs(value) <= MAX_INTEGER else _double(float(value))
    if text != str(value):
        raise ValueError(f"{value} does not fit a double; send it as a string")
    return text


def _double(value: float) -> str:
    """
    A number as ECMAScript's Number::toString writes it.

    Python finds the same shortest digits; only where it puts the point differs.
    """
    if not isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    if value == 0:
        return "0"  # and so is -0.0
    sign = "-" if value < 0 else ""
    digits, point = _shortest(abs(value))
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"


def _shortest(value: float) -> tuple[str, int]:
    """The digits without zeros at either end, and where the point stands among them."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(digits)
    return digits.rstrip("0"), len(whole) - leading_zeros + int(exponent or 0)
