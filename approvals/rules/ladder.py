"""Deadlines, rungs and reminders: the instants at which an approval wants attention."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from approvals.rules.policy import Rung
from approvals.rules.terms import Terms
from approvals.rules.tiers import Tier

# What was urgent and could not be told, because somebody looks at it, is looked at again.
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Window:
    """The time an approval has, from `starts_at` to `expires_at`; escalation opens another."""

    submitted_at: datetime
    starts_at: datetime
    expires_at: datetime
    # Whether whoever is on call has been told that it is urgent.
    is_told: bool = False


def deadline(
    *, at: datetime, timeout_seconds: int, expires_in_seconds: int | None = None
) -> datetime:
    """When silence decides. The agent may only shorten the checkpoint's time."""
    return at + timedelta(seconds=min(timeout_seconds, expires_in_seconds or timeout_seconds))


def rungs_reached(
    rungs: Sequence[Rung], *, submitted_at: datetime, at: datetime, since: datetime | None = None
) -> list[Rung]:
    """
    The rungs whose instant has come, lowest first; with `since`, not before that.

    Rungs are measured from submission, not from each other, so a late worker does not
    push the whole ladder back.
    """
    first = since or submitted_at
    return [rung for rung in rungs if first <= _instant_of(rung, submitted_at) <= at]


def rungs_ahead(rungs: Sequence[Rung], *, submitted_at: datetime, at: datetime) -> list[Rung]:
    """The rungs still to come, lowest first."""
    return [rung for rung in rungs if _instant_of(rung, submitted_at) > at]


def highest(tier: Tier, rungs: Iterable[Rung]) -> Tier:
    """The tier needed once these rungs are climbed. A rung never lowers it."""
    named = [Tier(rung.to) for rung in rungs if rung.to]
    return max([tier, *named], key=lambda reached: reached.rank)


def reminders_passed(fractions: Sequence[float], window: Window, *, at: datetime) -> int:
    """How many of the reminders of this window have had their instant."""
    return sum(instant <= at for instant in _reminders(fractions, window))


def urgent_from(terms: Terms, window: Window) -> datetime:
    """From when on too little of the window is left to wait for somebody to come by."""
    left = timedelta(seconds=terms.urgent_below_seconds)
    return max(window.starts_at, window.expires_at - left)


def next_due(terms: Terms, window: Window, *, after: datetime) -> datetime:
    """The first instant after `after` when something is to be done; at the latest, the deadline."""
    ahead = rungs_ahead(terms.ladder, submitted_at=window.submitted_at, at=after)
    instants = [
        *_reminders(terms.reminders, window),
        *(_instant_of(rung, window.submitted_at) for rung in ahead),
    ]
    if (terms.on_call or ahead) and not window.is_told:
        urgent = urgent_from(terms, window)
        instants.append(urgent if urgent > after else after + LOOK_AGAIN)
    return min(
        (instant for instant in instants if after < instant < window.expires_at),
        default=window.expires_at,
    )


def _instant_of(rung: Rung, submitted_at: datetime) -> datetime:
    return submitted_at + timedelta(seconds=rung.after_seconds)


def _reminders(fractions: Sequence[float], window: Window) -> Iterator[datetime]:
    whole = window.expires_at - window.starts_at
    return (window.starts_at + whole * fraction for fraction in fractions)
