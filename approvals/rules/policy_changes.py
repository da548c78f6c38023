"""One change of a policy: what it says, which way it leans, and the usual kinds of change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices

from approvals.rules.policy_words import Fields
from approvals.rules.tiers import Tier


class Bearing(TextChoices):
    """Which way a change leans."""

    LOOSENS = "loosens", "looser"
    UNCLEAR = "unclear", "looser or stricter"
    TIGHTENS = "tightens", "stricter"
    NEITHER = "neither", "other"


@dataclass(frozen=True)
class Change:
    """`text` is the field's text before and after, where the words are worth comparing."""

    field: str
    sentence: str
    bearing: Bearing = Bearing.NEITHER
    text: tuple[str, str] | None = None


Comparer = Callable[[str, Fields, Fields], Iterator[Change]]


def leaning(looser: bool, stricter: bool) -> Bearing:
    if looser:
        return Bearing.LOOSENS
    return Bearing.TIGHTENS if stricter else Bearing.NEITHER


def prose(noun: str) -> Comparer:
    """Of words for people."""

    def compare(field: str, before: Fields, after: Fields) -> Iterator[Change]:
        was, now = str(before[field] or ""), str(after[field] or "")
        says = (
            f"{noun} says something else."
            if was and now
            else (f"{noun} is new." if now else f"{noun} is gone.")
        )
        yield Change(field, says, text=(was, now))

    return compare


def condition(noun: str, *, empty: str, empty_is_looser: bool) -> Comparer:
    """Of CEL, whose being there at all is the one thing that can be weighed."""

    def compare(field: str, before: Fields, after: Fields) -> Iterator[Change]:
        was, now = before[field], after[field]
        if was and now:
            yield Change(field, f"{noun} is another one.", Bearing.UNCLEAR, (was, now))
        elif now:
            leans = leaning(not empty_is_looser, empty_is_looser)
            yield Change(field, f"{noun} is new: `{now}`.", leans)
        else:
            leans = leaning(empty_is_looser, not empty_is_looser)
            yield Change(field, f"{noun} is gone: {empty}.", leans, (was, ""))

    return compare


def scale(
    sentence: str, words: Callable[[Any], str], *, more_is: Bearing, less_is: Bearing
) -> Comparer:
    """Of a number: the sentence takes the new one and the old one."""

    def compare(field: str, before: Fields, after: Fields) -> Iterator[Change]:
        was, now = before[field], after[field]
        yield Change(
            field, sentence.format(words(now), words(was)), more_is if now > was else less_is
        )

    return compare


def per_tier(sentence: str, words: Callable[[Any], str], *, less_is: Bearing) -> Comparer:
    def compare(field: str, before: Fields, after: Fields) -> Iterator[Change]:
        for tier in Tier:
            was, now = before[field].get(tier, 0), after[field].get(tier, 0)
            if was != now:
                said = sentence.format(tier.one, words(now), words(was))
                yield Change(field, said, less_is if now < was else _opposite(less_is))

    return compare


def _opposite(bearing: Bearing) -> Bearing:
    return {Bearing.LOOSENS: Bearing.TIGHTENS, Bearing.TIGHTENS: Bearing.LOOSENS}.get(
        bearing, bearing
    )
