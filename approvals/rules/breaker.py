"""
When time is not to be trusted: signs that it is our clock or our workers that are at fault,
and not that many people were silent.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

MOST_DRIFT = timedelta(minutes=2)
# More at once than this many and than this share of all that waits is a storm.
MANY, SHARE = 50, 0.3
# So long deadlines are held back, unless somebody confirms that all is well.
HOLD = timedelta(minutes=10)


class Tick(NamedTuple):
    """One look at both clocks: the one on the wall, and one that nobody sets, in seconds."""

    at: datetime
    monotonic: float


def jump(before: Tick, now: Tick, *, known_at: datetime | None) -> str | None:
    """
    How the wall clock moved against the other since `before`, in words; None if it did not.

    :param known_at: when deadlines were last held back or released. A jump that others
        acted upon since `before` is no news: the last to wake would hold them back again.
    """
    elapsed = timedelta(seconds=now.monotonic - before.monotonic)
    moved = now.at - before.at - elapsed
    if abs(moved) <= MOST_DRIFT:
        return None
    if known_at and timedelta(0) <= now.at - known_at <= elapsed:
        return None
    minutes = abs(moved) // timedelta(minutes=1)
    return f"The server's clock moved {'on' if moved > timedelta(0) else 'back'} {minutes} minutes."


def storm(expiring: int, *, waiting: int) -> str | None:
    """That so many deadlines at once are too many, in words; None if they are not."""
    if expiring <= max(MANY, SHARE * waiting):
        return None
    return f"{expiring} of {waiting} requests that wait would run out at once."
