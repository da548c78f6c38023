"""When somebody may be spoken to, by the clock on their wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from approvals.rules import rota

# Somebody who works on no day of a fortnight is spoken to on none.
LOOKS_AHEAD = timedelta(days=15)
# A digest that no worker got to for so long is tomorrow's.
DIGEST_LATE = timedelta(hours=2)


@dataclass(frozen=True)
class Hours:
    """
    One person's day: working hours by weekday, and quiet ones, which may pass midnight.

    :ivar working: `{"mon": ["09:00", "17:00"], …}`; empty means always
    :ivar quiet: from, until; None means never
    """

    zone: tzinfo = UTC
    working: Mapping[str, Sequence[str]] = field(default_factory=dict)
    quiet: tuple[time, time] | None = None

    def works_on(self, day: date) -> bool:
        return not self.working or rota.WEEKDAYS[day.weekday()] in self.working


def next_hearing(hours: Hours, *, at: datetime) -> datetime | None:
    """The first instant from `at` on that is working time and not quiet; None if none is near."""
    last = at + LOOKS_AHEAD
    quiet = rota.duties(rota.Rota(hours.zone, _quiet(hours)), at, last)
    work = rota.duties(rota.Rota(hours.zone, rota.working(hours.working)), at, last)
    instant = at
    while instant <= last:
        if until := _end_of_one(quiet, instant):
            instant = until
        elif not hours.working or _end_of_one(work, instant):
            return instant
        elif begins := [duty.starts_at for duty in work if duty.starts_at > instant]:
            instant = min(begins)
        else:
            return None
    return None


def digest_day(hours: Hours, *, due: time, sent_on: date | None, at: datetime) -> date | None:
    """
    The local day whose digest is to be sent now, or None.

    Once a day: a clock that is put back strikes the hour again, on a day that had its digest.
    """
    local = at.astimezone(hours.zone)
    today = local.date()
    if (sent_on is not None and sent_on >= today) or not hours.works_on(today):
        return None
    late = datetime.combine(today, local.time()) - datetime.combine(today, due)
    return today if timedelta() <= late < DIGEST_LATE else None


def _quiet(hours: Hours) -> tuple[rota.Shift, ...]:
    if hours.quiet is None or hours.quiet[0] == hours.quiet[1]:
        return ()
    return (rota.Shift("", frozenset(rota.WEEKDAYS), *hours.quiet),)


def _end_of_one(duties: Sequence[rota.Duty], at: datetime) -> datetime | None:
    """When the last of those that are on at this instant ends, or None if none is."""
    return max(
        (duty.ends_at for duty in duties if duty.starts_at <= at < duty.ends_at), default=None
    )
