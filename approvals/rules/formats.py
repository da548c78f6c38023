"""
How a value reads inside a sentence: exact, whole, and in English.

A formatter that cannot do its work on a value says so instead of guessing; nothing is
rounded, shortened or rescaled.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from math import isfinite
from typing import Any

from approvals.rules.canonical import canonical

# Agents that are careful with money send it as text.
NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d(?P<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
EXACT = Context(prec=2000)  # the largest and the smallest double, added up, need about 700


class Unformattable(Exception):
    """The value is not of the kind that the formatter is for."""


def as_text(value: Any) -> str:
    """Any value as it is: strings bare, unless they would not be seen; the rest as JSON."""
    if isinstance(value, str):
        return value if value.strip() else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Decimal):
        return f"{value:f}"
    try:
        return canonical(value)
    except (TypeError, ValueError):
        return str(value)


def count(value: Any, **_: Any) -> int:
    """How many items a list or members an object has."""
    if isinstance(value, list | Mapping):
        return len(value)
    raise Unformattable


def total(value: Any, **_: Any) -> Decimal:
    """The exact sum of a list of numbers."""
    if not isinstance(value, list):
        return _decimal(value)
    result = Decimal(0)
    for item in value:
        result = EXACT.add(result, _decimal(item))
    return result


def money(value: Any, *, currencies: Collection[str] = ()) -> str:
    """
    An amount with all its decimals, at least two: `$12,500.00`, `EUR 1,240.00`.

    :param currencies: the code, if one is known; several are named, but none is chosen
    """
    amount = _decimal(value)
    places = max(2, -int(amount.as_tuple().exponent))
    sign, figure = "-" if amount < 0 else "", f"{amount.copy_abs():,.{places}f}"
    if len(currencies) == 1:
        (code,) = currencies
        return f"{sign}${figure}" if code == "USD" else f"{code} {sign}{figure}"
    return f"{sign}{figure} ({', '.join(sorted(currencies))})" if currencies else sign + figure


def percent(value: Any, **_: Any) -> str:
    """The number as it stands, with a sign: 20 is `20%`. A fraction is not multiplied."""
    return f"{_decimal(value):,f}%"


def day(value: Any, **_: Any) -> str:
    """An ISO 8601 date or instant: `22 Nov 2026`, `22 Nov 2026, 14:30 UTC`."""
    found = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise Unformattable
    try:
        at = datetime.fromisoformat(value) if found["time"] else date.fromisoformat(value)
    except ValueError:
        raise Unformattable from None
    text = f"{at.day} {MONTHS[at.month - 1]} {at.year}"
    return f"{text}, {_clock(at)}" if isinstance(at, datetime) else text


def listing(value: Any, **_: Any) -> str:
    """The items of a list, or the members of an object, as `a, b and c`."""
    if isinstance(value, Mapping):
        return _and([f"{_item(key)}: {_item(item)}" for key, item in value.items()])
    if isinstance(value, list):
        return _and([_item(item) for item in value])
    raise Unformattable


def text(value: Any, **_: Any) -> str:
    return as_text(value)


FORMATTERS: dict[str, Callable[..., Any]] = {
    "count": count,
    "sum": total,
    "money": money,
    "date": day,
    "percent": percent,
    "list": listing,
    "text": text,
}
GIVES_A_NUMBER = ("count", "sum")
OF_ONE_VALUE = ("money", "date", "percent")


def formatted(value: Any, names: Collection[str], *, currencies: Collection[str]) -> str:
    """`value` through the named formatters in turn, or as it is if one of them cannot."""
    result = value
    try:
        for name in names:
            if name in OF_ONE_VALUE and isinstance(result, list):
                result = _and([FORMATTERS[name](item, currencies=currencies) for item in result])
            else:
                result = FORMATTERS[name](result, currencies=currencies)
    except Unformattable:
        result = value
    return as_text(result)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, float) and isfinite(value):
        # The text, not the float: 0.1 is meant, not the binary fraction next to it.
        return Decimal(canonical(value))
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return Decimal(value)
    raise Unformattable


def _clock(at: datetime) -> str:
    clock = f"{at:%H:%M}"
    if at.second or at.microsecond:
        clock += f"{at:%S}".join((":", f".{at:%f}".rstrip("0").rstrip(".")))
    if at.tzinfo is None:
        return f"{clock} (no time zone)"
    return f"{clock} UTC" if at.utcoffset() == timedelta(0) else f"{clock} {at.isoformat()[-6:]}"


def _item(value: Any) -> str:
    """A value among others: quoted where it would read as two of them."""
    alone = as_text(value)
    if isinstance(value, str) and re.search(r",|:| and ", alone):
        return json.dumps(alone, ensure_ascii=False)
    return alone


def _and(items: list[str]) -> str:
    if len(items) < 2:
        return "".join(items) or "none"
    return f"{', '.join(items[:-1])} and {items[-1]}"
