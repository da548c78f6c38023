"""
What a policy would have let through, held against what came of it.

A label is a person's word on one request: approved, modified or rejected. What timed out,
passed by a policy, or was approved in a batch without being opened is no label; it is
counted apart. Bad is what a person rejected or changed, and what was approved and then
reported as failed or harmful.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import TextChoices

from approvals.rules.bounds import upper_bound
from approvals.rules.lifecycle import Status, Via

# What an agent names (itself, its actions) is told apart up to so many names of a kind.
MOST_NAMES, OTHERS = 300, "(others)"
# Longer than this nobody looked at one request: the page stood open.
LONGEST_LOOK_SECONDS = 1800
_BANDS = ((100, "below 100"), (1_000, "100 to 1,000"), (10_000, "1,000 to 10,000"))


class Outcome(TextChoices):
    APPROVED = "approved", "approved by a person"
    MODIFIED = "modified", "changed by a person"
    REJECTED = "rejected", "rejected by a person"
    UNOPENED = "unopened", "approved in a batch, unopened"
    POLICY = "policy", "passed by a policy"
    BYPASS = "bypass", "passed by a bypass"
    TIMEOUT = "timeout", "ended by its deadline"
    CANCELLED = "cancelled", "withdrawn by its agent"


LABELS = (Outcome.APPROVED, Outcome.MODIFIED, Outcome.REJECTED)
OVERRULED = (Outcome.MODIFIED, Outcome.REJECTED)
_OF_NO_PERSON = {
    Via.TEMPLATE: Outcome.POLICY,
    Via.THRESHOLD: Outcome.POLICY,
    Via.NOT_TRIGGERED: Outcome.POLICY,
    Via.BYPASS: Outcome.BYPASS,
    Via.TIMEOUT: Outcome.TIMEOUT,
    Via.AGENT: Outcome.CANCELLED,
}
_OF_A_PERSON = {
    Status.APPROVED: Outcome.APPROVED,
    Status.MODIFIED: Outcome.MODIFIED,
    Status.REJECTED: Outcome.REJECTED,
    Status.CANCELLED: Outcome.CANCELLED,
}


def outcome_of(*, status: str, via: str, unopened: bool) -> Outcome:
    """:param unopened: whether all who approved it did so in a batch, without opening it"""
    if via != Via.HUMAN:
        return _OF_NO_PERSON[Via(via)]
    outcome = _OF_A_PERSON[Status(status)]
    return Outcome.UNOPENED if unopened and outcome == Outcome.APPROVED else outcome


@dataclass(frozen=True)
class Past:
    """What became of one request. `seconds` is how long people looked at it, if measured."""

    outcome: Outcome
    agent: str
    action: str
    amount: float | None = None
    seconds: float | None = None
    went_wrong: bool = False

    @property
    def is_bad(self) -> bool:
        return self.outcome in OVERRULED or (self.outcome == Outcome.APPROVED and self.went_wrong)


@dataclass
class Tally:
    """
    The count so far: plain counters, so that it can be put away and taken up again.

    `looked` counts whole seconds; `slices` are `{kind: {name: [matched, labelled, bad]}}`.
    """

    seen: int = 0
    refused: int = 0
    all_outcomes: Counter[str] = field(default_factory=Counter)
    passed_by: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    went_wrong: int = 0
    bad: int = 0
    looked: Counter[str] = field(default_factory=Counter)
    slices: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def add(self, past: Past, *, passes: str, refused: bool = False) -> None:
        """
        :param passes: what would have let it pass; "" where a person would have been asked
        :param refused: whether it would have lacked context that the policy asks for
        """
        self.seen += 1
        self.refused += refused
        self.all_outcomes[past.outcome] += 1
        if not passes:
            return
        self.passed_by[passes] += 1
        self.outcomes[past.outcome] += 1
        self.went_wrong += past.went_wrong
        self.bad += past.is_bad
        if past.seconds is not None:
            self.looked[str(min(round(past.seconds), LONGEST_LOOK_SECONDS))] += 1
        band = band_of(past.amount)
        for kind, name in (("agent", past.agent), ("action", past.action), ("amount", band)):
            self._slice(kind, name, past)

    def _slice(self, kind: str, name: str, past: Past) -> None:
        names = self.slices.setdefault(kind, {})
        if name not in names and len(names) >= MOST_NAMES:
            name = OTHERS
        counts = names.setdefault(name, [0, 0, 0])
        counts[0] += 1
        counts[1] += past.outcome in LABELS
        counts[2] += past.is_bad

    def as_json(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Tally":
        counters = ("all_outcomes", "passed_by", "outcomes", "looked")
        counted: dict[str, Any] = {name: Counter(stored[name]) for name in counters}
        return cls(**{**stored, **counted})


@dataclass(frozen=True)
class Slice:
    name: str
    matched: int
    labelled: int
    bad: int

    @property
    def bound(self) -> float:
        return upper_bound(self.bad, self.labelled)


@dataclass(frozen=True)
class Report:
    """
    A tally as it is shown. Of `matched` requests that would have passed, `labelled` have a
    person's word, and `bad` of these should not have passed; `bound` is the exact one-sided
    95 % upper bound of that share. `minutes` is None where no look was measured.
    """

    seen: int
    refused: int
    matched: int
    passed_by: list[tuple[str, int]]
    outcomes: list[tuple[Outcome, int]]
    labelled: int
    bad: int
    bound: float
    went_wrong: int
    decided: int
    measured: int
    minutes: float | None
    slices: list[tuple[str, list[Slice]]]

    @property
    def unlabelled(self) -> int:
        return self.matched - self.labelled


def report_of(tally: Tally) -> Report:
    labelled = sum(tally.outcomes[label] for label in LABELS)
    decided = labelled + tally.outcomes[Outcome.UNOPENED]
    look = _median(tally.looked)
    return Report(
        seen=tally.seen,
        refused=tally.refused,
        matched=sum(tally.outcomes.values()),
        passed_by=sorted(tally.passed_by.items(), key=lambda item: (-item[1], item[0])),
        outcomes=[(each, tally.outcomes[each]) for each in Outcome if tally.outcomes[each]],
        labelled=labelled,
        bad=tally.bad,
        bound=upper_bound(tally.bad, labelled),
        went_wrong=tally.went_wrong,
        decided=decided,
        measured=sum(tally.looked.values()),
        minutes=None if look is None else look * decided / 60,
        slices=[(kind, _sorted(names)) for kind, names in sorted(tally.slices.items())],
    )


def band_of(amount: float | None) -> str:
    if amount is None:
        return "no amount"
    return next((name for limit, name in _BANDS if amount < limit), "10,000 and more")


def _sorted(names: Mapping[str, list[int]]) -> list[Slice]:
    slices = [Slice(name, *counts) for name, counts in names.items()]
    return sorted(slices, key=lambda each: (-each.bad, -each.matched, each.name))


def _median(looked: Mapping[str, int]) -> float | None:
    seconds = sorted((int(second), count) for second, count in looked.items())
    total = sum(count for _, count in seconds)
    if not total:
        return None
    return (_nth(seconds, (total - 1) // 2) + _nth(seconds, total // 2)) / 2


def _nth(seconds: list[tuple[int, int]], place: int) -> int:
    for second, count in seconds:
        if place < count:
            return second
        place -= count
    raise IndexError(place)


def _plain(value: Any) -> Any:
    return {str(key): item for key, item in value.items()} if isinstance(value, Counter) else value
