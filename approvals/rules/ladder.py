"""Deadlines and rungs: the instants at which an approval wants attention."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from approvals.rules.policy import Rung
from approvals.rules.tiers import Tier


def deadline(
    *, at: datetime, timeout_seconds: int, expires_in_seconds: int | None = None
) -> datetime:
    """When silence decides. The agent may only shorten the checkpoint's time."""
    return at + timedelta(seconds=min(timeout_seconds, expires_in_seconds or timeout_seconds))


def rungs_reached(rungs: Sequence[Rung], *, submitted_at: datetime, at: datetime) -> list[Rung]:
    """
    The rungs whose instant has come, lowest first.

    Rungs are measured from submission, not from each other, so a late worker does not
    push the whole ladder back.
    """
    return [rung for rung in rungs if submitted_at + timedelta(seconds=rung.after_seconds) <= at]


def highest(tier: Tier, rungs: Iterable[Rung]) -> Tier:
    """The tier needed once these rungs are climbed. A rung never lowers it."""
    return max([tier, *(Tier(rung.to) for rung in rungs)], key=lambda reached: reached.rank)


def next_due(
    rungs: Sequence[Rung], *, submitted_at: datetime, expires_at: datetime, after: datetime
) -> datetime:
    """The first instant after `after` when something is to be done; at the latest, the deadline."""
    instants = [submitted_at + timedelta(seconds=rung.after_seconds) for rung in rungs]
    return min(
        (instant for instant in instants if after < instant < expires_at), default=expires_at
    )
