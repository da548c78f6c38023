"""
How much money is in sight, read so that a mistake asks for more authority and never for less.

Ceilings are held against it. An amount counts by any of its usual names and at any depth,
as a number or as text; one that stands there and cannot be read counts as the largest.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

# What is larger, or cannot be read, counts as this, so that no sum runs off to infinity.
LARGEST_AMOUNT = 1e15

# As a word of a key: `amount`, `total_amount`, `unitPrice`.
_NAMES = frozenset({"amount", "amounts", "price", "sum", "total"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
# A figure with at most a currency before or behind it: "1,240.00", "EUR 5'000", "5000 $".
_CURRENCY = r"(?:[A-Z]{3}|[^\w\s.,'+-])?"
_FIGURE = re.compile(rf"{_CURRENCY}\s*[+-]?\s*(\d[\d.,'_\s]*)\s*{_CURRENCY}")


def figure_in(value: Any) -> float | None:
    """
    The largest amount under a name of one, or None where there is none.

    The items of a list are added up. The sign does not count: one negative item must not
    hide a large one.
    """
    if isinstance(value, list):
        return sum(figure_in(item) or 0.0 for item in value) or None
    if not isinstance(value, Mapping):
        return None
    figures = [
        figure_of(inner) if _is_named_so(key) else figure_in(inner) for key, inner in value.items()
    ]
    return max((figure for figure in figures if figure is not None), default=None)


def figure_of(value: Any) -> float | None:
    """What stands under the name of an amount, as a figure; None of what is empty."""
    if value is None or value == "" or value == [] or value == {}:
        return None
    if isinstance(value, list):
        return sum(figure_of(item) or 0.0 for item in value)
    if isinstance(value, Mapping):
        # {"value": 5000, "currency": "EUR"}: the figure is whatever can be read as one.
        figures = [figure_of(inner) for inner in value.values() if not _is_word(inner)]
        return max((each for each in figures if each is not None), default=LARGEST_AMOUNT)
    figure = math.inf if isinstance(value, bool) else _read(value)
    return min(abs(figure), LARGEST_AMOUNT) if math.isfinite(figure) else LARGEST_AMOUNT


def _is_named_so(key: str) -> bool:
    return not _NAMES.isdisjoint(word.lower() for word in _WORD.findall(key))


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not any(char.isdigit() for char in value)


def _read(value: float | str) -> float:
    if isinstance(value, str) and (found := _FIGURE.fullmatch(value.strip())):
        return _largest_reading(found[1])
    try:
        return float(value)
    except ValueError:
        return math.inf


def _largest_reading(text: str) -> float:
    """ "5,000" may be five or five thousand, depending on where one lives: it is the larger."""
    whole, point, cents = re.sub(r"['_\s]", "", text).rpartition(max(".,", key=text.rfind))
    is_decimal = bool(point) and len(cents) != 3 and point not in whole
    digits = re.sub(r"\D", "", whole)
    return float(f"{digits}.{cents}0" if is_decimal else f"{digits}{cents}" or "inf")
