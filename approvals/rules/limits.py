"""What a JSON value may be: the limits of the gate, and the words for breaking one."""

import json
from collections.abc import Iterator
from math import isfinite
from typing import Any

MAX_DEPTH = 32
MAX_KEYS = 1_000  # in one object
MAX_ITEMS = 10_000  # in one array
MAX_VALUES = 100_000  # in the whole document, containers included
MAX_KEY_LENGTH = 256  # code points
MAX_INTEGER = 2**53 - 1  # the largest that every JSON parser keeps exact

STATUS_OF = {
    "malformed_json": 400,
    "invalid_encoding": 400,
    "duplicate_key": 400,
    "too_large": 413,
    "too_deep": 422,
    "too_many_items": 422,
    "key_too_long": 422,
    "number_out_of_range": 422,
    "forbidden_character": 422,
}

Path = tuple[str | int, ...]


class Malformed(Exception):
    """
    A body, or a value, that does not pass the gate.

    `code` is stable, `detail` a sentence for a screen, `pointer` the JSON Pointer of
    the place ("" for the document), `status` the HTTP status that fits: 400 for what
    cannot be read as one JSON document, 413 for its size, 422 for any other limit.
    """

    def __init__(self, code: str, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.status = STATUS_OF[code]


class NotANumber:
    """In a tolerant reading, stands for NaN, Infinity or -Infinity."""


class LongInteger:
    """In a tolerant reading, stands for an integer with more digits than any allowed one."""


class Repeating(dict[str, Any]):
    """In a tolerant reading, an object in which the key `repeated` appeared again."""

    repeated: str


def check(value: Any) -> Any:
    """
    `value` itself, if it keeps to the limits.

    :raises Malformed: with the first fault, in document order
    :raises TypeError: for what no JSON text can say, such as a date or an integer key
    """
    _visit(value, (), iter(range(MAX_VALUES)))
    return value


def too_deep(pointer: str = "") -> Malformed:
    return Malformed("too_deep", f"The JSON is nested deeper than {MAX_DEPTH} levels.", pointer)


def _visit(value: Any, path: Path, places_left: Iterator[int]) -> None:
    if next(places_left, None) is None:
        raise Malformed("too_many_items", f"A body may have at most {MAX_VALUES:,} values.")
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        if fault := _fault_in(value):
            where = pointer_to(path)
            raise Malformed(
                "forbidden_character", f"{where or 'The text'} contains {fault}.", where
            )
    elif isinstance(value, int | float | LongInteger):
        _check_number(value, path)
    elif isinstance(value, dict):
        _check_keys(value, path)
        for key, item in value.items():
            _visit(item, (*path, key), places_left)
    elif isinstance(value, list):
        _check_array(value, path)
        for index, item in enumerate(value):
            _visit(item, (*path, index), places_left)
    elif isinstance(value, NotANumber):
        raise Malformed("malformed_json", "NaN and Infinity are not JSON.", pointer_to(path))
    else:
        raise TypeError(f"{pointer_to(path)} is a {type(value).__name__}, which JSON does not have")


def _check_number(value: float | LongInteger, path: Path) -> None:
    if isinstance(value, LongInteger):
        fault = "has too many digits; send it as a string"
    elif isinstance(value, float):
        fault = "" if isfinite(value) else "does not fit a double"
        if not fault and abs(value) > MAX_INTEGER:
            fault = "is beyond 2^53 - 1; send it as a string"
    else:
        fault = "" if abs(value) <= MAX_INTEGER else "is beyond 2^53 - 1; send it as a string"
    if fault:
        where = pointer_to(path)
        raise Malformed("number_out_of_range", f"{where or 'The number'} {fault}.", where)


def _check_array(value: list[Any], path: Path) -> None:
    if len(path) >= MAX_DEPTH:
        raise too_deep(pointer_to(path))
    if len(value) > MAX_ITEMS:
        detail = f"An array may have at most {MAX_ITEMS:,} items."
        raise Malformed("too_many_items", detail, pointer_to(path))


def _check_keys(value: dict[str, Any], path: Path) -> None:
    if len(path) >= MAX_DEPTH:
        raise too_deep(pointer_to(path))
    if len(value) > MAX_KEYS:
        detail = f"An object may have at most {MAX_KEYS:,} keys."
        raise Malformed("too_many_items", detail, pointer_to(path))
    for key in value:
        _check_key(key, path)
    if isinstance(value, Repeating):
        where = pointer_to(path)
        place = f" at {where}" if where else "; duplicate keys are refused"
        name = json.dumps(value.repeated, ensure_ascii=False)
        raise Malformed("duplicate_key", f"The key {name} appears twice{place}.", where)


def _check_key(key: Any, path: Path) -> None:
    if not isinstance(key, str):
        raise TypeError(f"{pointer_to(path)} has the key {key!r}, which is not a string")
    if len(key) > MAX_KEY_LENGTH:
        detail = f"A key may have at most {MAX_KEY_LENGTH} characters."
        raise Malformed("key_too_long", detail, pointer_to(path))
    if fault := _fault_in(key):
        where = pointer_to(path)
        place = f" at {where}" if where else ""
        raise Malformed("forbidden_character", f"A key{place} contains {fault}.", where)


def _fault_in(text: str) -> str:
    """What no stored text may contain: one database refuses it, or no page can show it."""
    if "\0" in text:
        return "NUL (U+0000)"
    if text.isascii():
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "an unpaired surrogate"
    return ""


def pointer_to(path: Path) -> str:
    """The JSON Pointer (RFC 6901) of a path of keys and indexes."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
