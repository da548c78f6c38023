"""Alike proposals side by side: what they share, where they differ, and which stand out."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, sqrt
from statistics import median
from typing import Any

from approvals.rules.formats import NUMBER
from approvals.rules.limits import pointer_to

# Beside these many columns, or with texts longer than this, a table is not read any more.
MOST_COLUMNS, LONGEST_CELL = 6, 80
# From so many robust deviations on a value stands out; of fewer items nobody can say.
STANDS_OUT, FEWEST_TO_STAND_OUT = 3.5, 4
# A value that most share makes another one strange, if it has few companions.
MOST_SHARE, FEW_SHARE = 0.75, 0.2
MOST_INSPECTED, FEWEST_INSPECTED = 5, 2


class _Absent:
    """Stands where one of the proposals has no such field."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


@dataclass(frozen=True)
class Spread:
    """Where the numbers of a column lie; exact, for they may be money."""

    least: Decimal
    middle: Decimal
    most: Decimal
    total: Decimal


@dataclass(frozen=True)
class Column:
    """A field in which the proposals differ: a value (or ABSENT) for each, in their order."""

    pointer: str
    values: tuple[Any, ...]
    spread: Spread | None
    strange: tuple[bool, ...]


@dataclass(frozen=True)
class Comparison:
    """
    `same` are fields with their one value; `elsewhere` names fields that differ and are too
    long, or too many, for a table. `strangeness` is by how much each proposal stands out, 0
    if it does not.
    """

    same: dict[str, Any]
    columns: list[Column]
    elsewhere: list[str]
    strangeness: list[float]


def compare(proposals: Sequence[Mapping[str, Any]]) -> Comparison:
    """Compare JSON objects field by field. Lists are taken as one value."""
    flat = [dict(_leaves(proposal, ())) for proposal in proposals]
    same: dict[str, Any] = {}
    columns: list[tuple[Column, list[float]]] = []
    elsewhere: list[str] = []
    for pointer in dict.fromkeys(pointer for leaves in flat for pointer in leaves):
        values = tuple(leaves.get(pointer, ABSENT) for leaves in flat)
        if all(_alike(value, values[0]) for value in values[1:]):
            same[pointer] = values[0]
        elif any(len(str(value)) > LONGEST_CELL for value in values):
            elsewhere.append(pointer)
        else:
            columns.append(_column(pointer, values))
    columns.sort(key=lambda pair: pair[0].spread is None)
    elsewhere += [column.pointer for column, _ in columns[MOST_COLUMNS:]]
    return Comparison(
        same=same,
        columns=[column for column, _ in columns[:MOST_COLUMNS]],
        elsewhere=elsewhere,
        strangeness=[
            max((scores[place] for _, scores in columns), default=0.0)
            for place in range(len(proposals))
        ],
    )


def inspections_needed(count: int) -> int:
    """How many of so many must be opened before all may be approved."""
    return min(count, MOST_INSPECTED, max(FEWEST_INSPECTED, ceil(sqrt(count))))


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, key))
    else:
        yield pointer_to(path), value


def _alike(one: Any, other: Any) -> bool:
    # To Python, 1 is True; to whoever runs the action it may not be.
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _column(pointer: str, values: tuple[Any, ...]) -> tuple[Column, list[float]]:
    numbers = _numbers(values)
    scores = _far_off(numbers) if numbers else _uncommon(values)
    scores = [score if score > STANDS_OUT else 0.0 for score in scores]
    spread = (
        Spread(min(numbers), Decimal(median(numbers)), max(numbers), sum(numbers, Decimal(0)))
        if numbers
        else None
    )
    return Column(pointer, values, spread, tuple(score > 0 for score in scores)), scores


def _numbers(values: Sequence[Any]) -> list[Decimal] | None:
    """The values as numbers if they all are; text counts if it has a decimal point."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return [Decimal(str(value)) for value in values]
    texts = [value for value in values if isinstance(value, str)]
    is_money = len(texts) == len(values) and all(NUMBER.fullmatch(text) for text in texts)
    return [Decimal(text) for text in texts] if is_money and any("." in t for t in texts) else None


def _far_off(numbers: Sequence[Decimal]) -> list[float]:
    """How many robust standard deviations each lies from the median."""
    if len(numbers) < FEWEST_TO_STAND_OUT:
        return [0.0] * len(numbers)
    middle = Decimal(median(numbers))
    distances = [abs(number - middle) for number in numbers]
    deviation = Decimal(median(distances)) * Decimal("1.4826")
    if deviation:
        return [float(distance / deviation) for distance in distances]
    return _uncommon(numbers)


def _uncommon(values: Sequence[Any]) -> list[float]:
    """Above what stands out for a value that few share, where most share another."""
    texts = [repr(value) for value in values]
    shares = {text: count / len(texts) for text, count in Counter(texts).items()}
    if len(texts) < FEWEST_TO_STAND_OUT or max(shares.values()) < MOST_SHARE:
        return [0.0] * len(texts)
    return [STANDS_OUT + 1 if shares[text] <= FEW_SHARE else 0.0 for text in texts]
