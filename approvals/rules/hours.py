"""When somebody may be spoken to, by the clock on their wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Somebody who works on no day of a fortnight is spoken to on none.
LOOKS_AHEAD = timedelta(days=15)
# A digest that no worker got to for so long is tomorrow's.
DIGEST_LATE = timedelta(hours=2)
# Past a gap or a fold of the clock, where a wall time may lead back to where one was.
A_LITTLE = timedelta(minutes=15)


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
        return not self.working or WEEKDAYS[day.weekday()] in self.working


def next_hearing(hours: Hours, *, at: datetime) -> datetime | None:
    """The first instant from `at` on that is working time and not quiet; None if none is near."""
    instant, last = at, at + LOOKS_AHEAD
    while instant <= last:
        local = instant.astimezone(hours.zone)
        wall = _end_of_quiet(hours, local) or _next_start_of_work(hours, local)
        if wall is None:
            return instant
        # Two wall times of one zone compare as if no clock were ever put back.
        then = wall.astimezone(UTC)
        instant = then if then > instant else instant + A_LITTLE
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


def _end_of_quiet(hours: Hours, local: datetime) -> datetime | None:
    """When the quiet hours that hold at this instant end, or None if none do."""
    if hours.quiet is None:
        return None
    start, end = hours.quiet
    now = local.time()
    if start < end:
        return _wall(local.date(), end, hours.zone) if start <= now < end else None
    if now < end:
        return _wall(local.date(), end, hours.zone)
    return _wall(local.date() + timedelta(days=1), end, hours.zone) if now >= start else None


def _next_start_of_work(hours: Hours, local: datetime) -> datetime | None:
    """When work begins again, or None at work."""
    if not hours.working:
        return None
    for days in range(LOOKS_AHEAD.days):
        day = local.date() + timedelta(days=days)
        span = hours.working.get(WEEKDAYS[day.weekday()])
        if span is None:
            continue
        start, end = (time.fromisoformat(clock) for clock in span)
        if days or local.time() < start:
            return _wall(day, start, hours.zone)
        if local.time() < end:
            return None
    return local + LOOKS_AHEAD


def _wall(day: date, clock: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)
