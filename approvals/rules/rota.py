"""
Who is on duty, by the clock on the wall of a time zone.

A time of day stands for the first instant at which the clock there has reached it. Of an
hour that comes twice the first counts, so a shift that ends in it ends once; a time that
a change of clocks leaves out is the instant of the change. So what follows one another on
paper follows one another in fact: no gap, no overlap, and a shift from 00:00 to 00:00 on
every day covers every instant.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Shift:
    """
    Recurring duty. One that ends at or before its start ends on the next day.

    :param every_weeks: comes round every so many weeks, counted from the week of `starts_on`
    """

    person: str
    weekdays: frozenset[str]
    starts_at: time
    ends_at: time
    layer: int = 1
    every_weeks: int = 1
    starts_on: date = date.min

    def falls_on(self, day: date) -> bool:
        weeks = (_monday(day) - _monday(self.starts_on)).days // 7
        return (
            day >= self.starts_on
            and WEEKDAYS[day.weekday()] in self.weekdays
            and weeks % self.every_weeks == 0
        )


@dataclass(frozen=True)
class Absence:
    """Away, and who is asked instead. A delegate who is away too has no delegate here."""

    person: str
    starts_at: datetime
    ends_at: datetime
    delegate: str | None = None


@dataclass(frozen=True)
class Duty:
    """One person's, from one instant to another. Layer 0 is an override."""

    person: str
    layer: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Rota:
    zone: tzinfo
    shifts: tuple[Shift, ...] = ()
    overrides: tuple[Duty, ...] = ()
    absences: tuple[Absence, ...] = ()


@dataclass(frozen=True)
class Span:
    """A stretch in which the same people are there; `layers` has those of each, first first."""

    starts_at: datetime
    ends_at: datetime
    layers: tuple[tuple[str, ...], ...]

    @property
    def on_call(self) -> tuple[str, ...]:
        return self.layers[0] if self.layers else ()

    @property
    def is_gap(self) -> bool:
        return not self.layers

    @property
    def is_single(self) -> bool:
        """Whether everything hangs on one person: nobody beside them, nobody behind."""
        return sum(map(len, self.layers)) == 1


def on_call(rota: Rota, at: datetime) -> tuple[str, ...]:
    """
    Who is asked at this instant: the first layer in which anybody is there, or nobody.

    An absence routes around a person at once: to the delegate if they are there, else to
    whoever else is in the layer, else to the next layer.
    """
    layers = _layers(rota, duties(rota, at, at), at)
    return layers[0] if layers else ()


def coverage(rota: Rota, start: datetime, end: datetime) -> list[Span]:
    """The whole of `start` to `end` in stretches, one after the other, none like its neighbour."""
    known = duties(rota, start, end)
    edges = {start, end}
    for stretches in (known, rota.absences):
        for stretch in stretches:
            edges |= {at for at in (stretch.starts_at, stretch.ends_at) if start < at < end}
    spans: list[Span] = []
    for begins, ends in pairwise(sorted(edges)):
        layers = _layers(rota, known, begins)
        if spans and spans[-1].layers == layers:
            begins = spans.pop().starts_at
        spans.append(Span(begins, ends, layers))
    return spans


def duties(rota: Rota, start: datetime, end: datetime) -> list[Duty]:
    """Whatever may be on between two instants, and a little around them."""
    first, last = _wall(start, rota.zone).date(), _wall(end, rota.zone).date()
    found = list(rota.overrides)
    # A shift may have begun the day before, and a clock set back at midnight the day after.
    for offset in range(-1, (last - first).days + 2):
        day = first + offset * DAY
        for shift in rota.shifts:
            if shift.falls_on(day):
                found.append(_duty(shift, day, rota.zone))
    return found


def works_at(hours: Mapping[str, Sequence[str]], zone: tzinfo, at: datetime) -> bool:
    """
    Whether `at` lies in these working hours: {"mon": ["09:00", "17:00"], …}, none means always.

    Hours that end at or before their start end on the next day, as a shift does.
    """
    return not hours or bool(on_call(Rota(zone, working(hours)), at))


def working(hours: Mapping[str, Sequence[str]]) -> tuple[Shift, ...]:
    """Working hours as the shifts of one person."""
    return tuple(
        Shift("", frozenset({day}), time.fromisoformat(starts), time.fromisoformat(ends))
        for day, (starts, ends) in hours.items()
    )


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant, in UTC, at which the clock there has reached this naive time."""
    found, other = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if other >= found:
        return found
    # The clock jumped over it, between the two readings that the offsets around allow.
    seconds = range(int((found - other).total_seconds()) + 1)
    jump = bisect_left(
        seconds, wall, key=lambda second: _wall(other + timedelta(seconds=second), zone)
    )
    return other + timedelta(seconds=jump)


def _duty(shift: Shift, day: date, zone: tzinfo) -> Duty:
    ends_on = day if shift.ends_at > shift.starts_at else day + DAY
    return Duty(
        shift.person,
        shift.layer,
        instant_of(datetime.combine(day, shift.starts_at), zone),
        instant_of(datetime.combine(ends_on, shift.ends_at), zone),
    )


def _layers(rota: Rota, duties: Sequence[Duty], at: datetime) -> tuple[tuple[str, ...], ...]:
    there: dict[int, set[str]] = {}
    for duty in duties:
        if duty.starts_at <= at < duty.ends_at:
            for person in _in_place_of(duty.person, rota.absences, at):
                there.setdefault(duty.layer, set()).add(person)
    # Who is asked already is not asked again, and stands behind nobody.
    layers: list[tuple[str, ...]] = []
    for layer in sorted(there):
        if new := there[layer].difference(*layers):
            layers.append(tuple(sorted(new)))
    return tuple(layers)


def _in_place_of(person: str, absences: Sequence[Absence], at: datetime) -> Iterator[str]:
    away = [absence for absence in absences if absence.starts_at <= at < absence.ends_at]
    if person not in {absence.person for absence in away}:
        yield person
        return
    for absence in away:
        is_there = absence.delegate not in {other.person for other in away}
        if absence.person == person and absence.delegate and is_there:
            yield absence.delegate


def _wall(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
