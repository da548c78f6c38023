"""
The strict JSON gate: everything an outsider sends passes here before anyone reads it.

Two parsers that disagree about one body (which duplicate wins, how a huge integer
rounds) would let a person approve one thing and an executor run another. So whatever
parsers are known to disagree about is refused, with a pointer to the place.
"""

import json
import re
from array import array
from collections import Counter
from itertools import accumulate
from typing import Any, NoReturn

from approvals.rules.limits import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_ITEMS,
    MAX_KEY_LENGTH,
    MAX_KEYS,
    LongInteger,
    Malformed,
    NotANumber,
    Repeating,
    check,
    too_deep,
)

__all__ = ["Malformed", "check", "parse"]

LONGEST_INTEGER = len(str(-MAX_INTEGER))

# A string, closed or not: brackets inside open nothing. Possessive, hence linear.
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+', re.DOTALL)
NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
STEP_OF_BRACKET = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # 0xff is -1 in a signed byte
SUSPICIOUS_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def parse(body: bytes, *, limit_bytes: int = 262_144) -> Any:
    """
    The JSON value in `body`, which keeps to every limit of `rules.limits`.

    The usual body is read once, in C. Only when a cheap sign says that something may
    be wrong is it read again, tolerantly, and walked to find out what and where.

    :raises Malformed: with the first fault found
    """
    text = _decoded(body, limit_bytes)
    openings = body.count(b"{") + body.count(b"[")
    if openings > MAX_DEPTH:
        _refuse_deep_nesting(body)
    try:
        if not _needs_a_walk(body, openings):
            try:
                return STRICT.decode(text)
            except _Suspicious:
                pass
        value = TOLERANT.decode(text)
    except json.JSONDecodeError as error:
        raise _not_json(error) from None
    return check(value)


def _decoded(body: bytes, limit_bytes: int) -> str:
    if len(body) > limit_bytes:
        size = f"{limit_bytes // 1024} KB" if limit_bytes % 1024 == 0 else f"{limit_bytes:,} bytes"
        raise Malformed("too_large", f"The body is larger than {size}.")
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("invalid_encoding", "The body starts with a byte order mark; send none.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("invalid_encoding", "The body is not valid UTF-8.") from None
    if not text or text.isspace():
        raise Malformed("malformed_json", "The request body is empty; send a JSON object.")
    return text


def _refuse_deep_nesting(body: bytes) -> None:
    """
    Count the nesting before a parser can recurse into it.

    Past a closing bracket too many, or of the wrong kind, the count means nothing; but
    there the parser stops as well.
    """
    steps = STRING.sub(b"", body).translate(STEP_OF_BRACKET, NO_BRACKETS)
    if max(accumulate(array("b", steps)), default=0) > MAX_DEPTH:
        raise too_deep()


def _needs_a_walk(body: bytes, openings: int) -> bool:
    """
    Whether `body` may break a limit that the strict decoder does not see.

    Valid UTF-8 holds no surrogate, and a JSON string no bare NUL, so both can only come
    from an escape. And n commas part at most n + 1 values, next to the containers.
    """
    if body.count(b",") + openings >= MAX_ITEMS:
        return True
    return b"\\u" in body and SUSPICIOUS_ESCAPE.search(body) is not None


def _not_json(error: json.JSONDecodeError) -> Malformed:
    what = error.msg.removesuffix(" at")
    if what == "Extra data":
        what += " after the JSON document"
    return Malformed("malformed_json", f"{what} at character {error.pos}.")


class _Suspicious(Exception):
    """The strict decoder met something that has to be looked at in its place."""


def _strict_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs) or len(members) > MAX_KEYS:
        raise _Suspicious
    if members and len(max(members, key=len)) > MAX_KEY_LENGTH:
        raise _Suspicious
    return members


def _strict_integer(literal: str) -> int:
    if len(literal) <= LONGEST_INTEGER and -MAX_INTEGER <= (number := int(literal)) <= MAX_INTEGER:
        return number
    raise _Suspicious


def _strict_double(literal: str) -> float:
    # Beyond, a double's canonical text is an integer that this gate would not take back.
    if -MAX_INTEGER <= (number := float(literal)) <= MAX_INTEGER:
        return number
    raise _Suspicious


def _strict_constant(_literal: str) -> NoReturn:
    raise _Suspicious


def _tolerant_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeating = Repeating(members)
    times = Counter(key for key, _ in pairs)
    repeating.repeated = next(key for key in members if times[key] > 1)
    return repeating


def _tolerant_integer(literal: str) -> int | LongInteger:
    # Python refuses to read thousands of digits, in words that are not for our callers.
    return int(literal) if len(literal) <= LONGEST_INTEGER else LongInteger()


STRICT = json.JSONDecoder(
    object_pairs_hook=_strict_object,
    parse_int=_strict_integer,
    parse_float=_strict_double,
    parse_constant=_strict_constant,
)
TOLERANT = json.JSONDecoder(
    object_pairs_hook=_tolerant_object,
    parse_int=_tolerant_integer,
    parse_constant=lambda _literal: NotANumber(),
)
