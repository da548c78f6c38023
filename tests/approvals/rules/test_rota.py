"""Who is on duty, wherever and whenever clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.rules import rota
from approvals.rules.rota import WEEKDAYS, Absence, Duty, Rota, Shift

BERLIN = ZoneInfo("Europe/Berlin")
EVERY_DAY = frozenset(WEEKDAYS)
WORKDAYS = frozenset(WEEKDAYS[:5])
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Half an hour of summer time; a skipped day; an offset of 45 minutes; changes at midnight,
# both ways; a zone that left its offset for good; none at all.
ODD = (
    ("Europe/Berlin", datetime(2026, 3, 29, 1)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10)),
    ("Asia/Kathmandu", datetime(2026, 6, 1)),
    ("America/Sao_Paulo", datetime(2018, 2, 18, 2)),
    ("America/Sao_Paulo", datetime(2018, 11, 4, 3)),
    ("America/Havana", datetime(2026, 11, 1, 5)),
    ("Asia/Pyongyang", datetime(2018, 5, 4, 15)),
    ("UTC", datetime(2026, 1, 1)),
)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def shift(person="ada", start="00:00", end="00:00", days=EVERY_DAY, **more):
    return Shift(person, days, time.fromisoformat(start), time.fromisoformat(end), **more)


def on_call(*shifts, at, zone=BERLIN, **more):
    return rota.on_call(Rota(zone, shifts, **more), at)


class TestAShift:
    @pytest.mark.parametrize(
        ("at", "is_on"),
        [
            (utc(2026, 1, 5, 7, 59, 59), False),
            (utc(2026, 1, 5, 8), True),
            (utc(2026, 1, 5, 15, 59, 59), True),
            (utc(2026, 1, 5, 16), False),
            (utc(2026, 7, 6, 7), True),
            (utc(2026, 7, 6, 15), False),
            (utc(2026, 1, 10, 12), False),
        ],
    )
    def test_follows_the_clock_on_the_wall(self, at, is_on):
        assert bool(on_call(shift(start="09:00", end="17:00", days=WORKDAYS), at=at)) == is_on

    @pytest.mark.parametrize(
        ("at", "is_on"),
        [
            (utc(2026, 1, 9, 20, 59), False),
            (utc(2026, 1, 9, 21), True),
            (utc(2026, 1, 10, 4, 59), True),
            (utc(2026, 1, 10, 5), False),
            (utc(2026, 1, 10, 22), False),
        ],
    )
    def test_over_midnight_belongs_to_the_day_on_which_it_begins(self, at, is_on):
        night = shift(start="22:00", end="06:00", days=frozenset({"fri"}))

        assert bool(on_call(night, at=at)) == is_on

    def test_comes_round_every_so_many_weeks_from_the_week_of_its_start(self):
        # Begins on a Wednesday; the weeks are those of the calendar there.
        odd = shift(every_weeks=3, starts_on=date(2026, 1, 7))
        days = [
            day for day in range(1, 60) if on_call(odd, at=utc(2026, 1, 1, 12) + (day - 1) * DAY)
        ]

        assert days == [*range(7, 12), *range(26, 33), *range(47, 54)]

    def test_counts_weeks_by_the_local_day(self):
        # Sunday 23:30 in UTC is Monday in Auckland.
        weekly = shift(every_weeks=2, starts_on=date(2026, 6, 1), days=frozenset({"mon"}))

        assert on_call(weekly, at=utc(2026, 5, 31, 23, 30), zone=ZoneInfo("Pacific/Auckland"))
        assert not on_call(weekly, at=utc(2026, 6, 7, 23, 30), zone=ZoneInfo("Pacific/Auckland"))


class TestLayers:
    def test_the_next_is_asked_when_nobody_of_the_one_before_is_there(self):
        shifts = shift("ada", "09:00", "17:00"), shift("ben", layer=2)

        assert on_call(*shifts, at=utc(2026, 1, 5, 12)) == ("ada",)
        assert on_call(*shifts, at=utc(2026, 1, 5, 20)) == ("ben",)

    def test_all_of_a_layer_are_asked(self):
        assert on_call(shift("ben"), shift("ada"), at=utc(2026, 1, 5)) == ("ada", "ben")

    def test_nobody_is_on_call_without_shifts(self):
        assert on_call(at=utc(2026, 1, 5)) == ()


class TestOverrides:
    EVENING = Duty("cleo", 0, utc(2026, 1, 5, 17), utc(2026, 1, 5, 23))

    def test_come_instead_of_whoever_the_shifts_name(self):
        found = [
            on_call(shift("ada"), at=utc(2026, 1, 5, hour), overrides=(self.EVENING,))
            for hour in (16, 17, 22, 23)
        ]

        assert found == [("ada",), ("cleo",), ("cleo",), ("ada",)]

    def test_fall_back_to_the_shifts_if_that_person_is_away(self):
        away = Absence("cleo", utc(2026, 1, 1), utc(2026, 2, 1))

        assert on_call(
            shift("ada"), at=utc(2026, 1, 5, 20), overrides=(self.EVENING,), absences=(away,)
        ) == ("ada",)


class TestAbsences:
    def away(self, person, delegate=None):
        return Absence(person, utc(2026, 1, 5), utc(2026, 1, 6), delegate)

    @pytest.mark.parametrize(
        ("absences", "found"),
        [
            ([("ada", "dora")], ("dora",)),
            ([("ada", None)], ("ben",)),
            ([("ada", "dora"), ("dora", None)], ("ben",)),
            # Delegation does not chain.
            ([("ada", "dora"), ("dora", "cleo")], ("ben",)),
            ([("ada", "dora"), ("ada", "cleo")], ("cleo", "dora")),
            ([("ada", None), ("ben", None)], ()),
            ([("ada", "ben"), ("ben", "ada")], ()),
        ],
    )
    def test_route_around_a_person_at_once(self, absences, found):
        shifts = shift("ada"), shift("ben", layer=2)
        absences = tuple(self.away(*each) for each in absences)

        assert on_call(*shifts, at=utc(2026, 1, 5, 12), absences=absences) == found

    def test_begin_and_end_to_the_instant(self):
        instants = utc(2026, 1, 4, 23, 59, 59), utc(2026, 1, 5), utc(2026, 1, 6)

        found = [on_call(shift(), at=at, absences=(self.away("ada"),)) for at in instants]

        assert found == [("ada",), (), ("ada",)]


class TestWhenClocksChange:
    def test_a_time_that_is_left_out_is_the_instant_of_the_change(self):
        jump = utc(2026, 3, 29, 1)

        assert rota.instant_of(datetime(2026, 3, 29, 1, 59), BERLIN) == jump - MINUTE
        for left_out in (datetime(2026, 3, 29, 2), datetime(2026, 3, 29, 2, 59, 59)):
            assert rota.instant_of(left_out, BERLIN) == jump
        assert rota.instant_of(datetime(2026, 3, 29, 3), BERLIN) == jump

    def test_of_a_time_that_comes_twice_the_first_counts(self):
        assert rota.instant_of(datetime(2026, 10, 25, 2, 30), BERLIN) == utc(2026, 10, 25, 0, 30)

    def test_a_shift_that_ends_in_the_doubled_hour_ends_once(self):
        shifts = shift("ada", "22:00", "02:30"), shift("ben", "02:30", "22:00")
        end = rota.coverage(Rota(BERLIN, shifts), utc(2026, 10, 24, 22), utc(2026, 10, 25, 12))

        assert [(span.on_call, span.starts_at) for span in end] == [
            (("ada",), utc(2026, 10, 24, 22)),
            (("ben",), utc(2026, 10, 25, 0, 30)),
        ]

    def test_a_shift_wholly_within_what_is_left_out_does_not_take_place(self):
        lost = shift(start="02:10", end="02:50")

        assert not any(
            on_call(lost, at=utc(2026, 3, 29) + minutes * MINUTE) for minutes in range(240)
        )

    def test_a_day_that_does_not_exist_has_no_duty(self):
        apia = ZoneInfo("Pacific/Apia")
        # There was no 30 December 2011, a Friday.
        friday = shift("ada", days=frozenset({"fri"}))
        others = shift("ben", days=EVERY_DAY - {"fri"})
        around = utc(2011, 12, 29), utc(2012, 1, 2)

        (span,) = rota.coverage(Rota(apia, (friday, others)), *around)

        assert span.on_call == ("ben",)


times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
places = st.sampled_from(ODD).map(lambda odd: (ZoneInfo(odd[0]), odd[1].replace(tzinfo=UTC)))
anywhere = st.tuples(
    st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1)).map(
        lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
)


class TestAlways:
    @given(st.one_of(places, anywhere), st.integers(-3000, 3000))
    def test_round_the_clock_covers_every_instant(self, place, minutes):
        zone, near = place

        assert on_call(shift(), at=near + minutes * MINUTE, zone=zone) == ("ada",)

    @given(st.one_of(places, anywhere), st.lists(times, min_size=1, max_size=5, unique=True))
    def test_shifts_that_follow_each_other_neither_leave_gaps_nor_overlap(self, place, cuts):
        zone, near = place
        cuts = sorted(cuts)
        shifts = tuple(
            Shift(str(number), EVERY_DAY, start, end)
            for number, (start, end) in enumerate(pairwise([*cuts, cuts[0]]))
        )

        spans = rota.coverage(Rota(zone, shifts), near - 2 * DAY, near + 2 * DAY)

        assert [len(span.on_call) for span in spans] == [1] * len(spans)

    @given(st.one_of(places, anywhere), st.lists(st.datetimes(), min_size=2, max_size=2))
    def test_what_is_later_on_the_wall_is_never_earlier_in_fact(self, place, walls):
        zone, near = place
        naive = near.replace(tzinfo=None)
        earlier, later = sorted(
            naive + timedelta(seconds=wall.hour * 3600 + wall.minute * 60) for wall in walls
        )

        assert rota.instant_of(earlier, zone) <= rota.instant_of(later, zone)

    @given(st.one_of(places, anywhere), times, times)
    def test_one_instant_has_one_answer_in_whatever_zone_it_is_written(self, place, start, end):
        zone, near = place
        duty = Shift("ada", EVERY_DAY, start, end)
        tokyo = near.astimezone(ZoneInfo("Asia/Tokyo"))

        assert on_call(duty, at=near, zone=zone) == on_call(duty, at=tokyo, zone=zone)


def slowly(of, start, end):
    """
    Who is on call in each minute from `start` to `end`, found by walking.

    The walker looks at the clock on the wall, remembers the latest time it has ever shown,
    and goes by that: in an hour that comes twice nothing begins or ends again.
    """
    at = start - 6 * HOUR
    shown, found = at.astimezone(of.zone).replace(tzinfo=None), {}
    while at < end:
        shown = max(shown, at.astimezone(of.zone).replace(tzinfo=None))
        if at >= start:
            found[at] = _by_hand(of, shown, at)
        at += MINUTE
    return found


def _by_hand(of, shown, at):
    away = {a.person: a.delegate for a in of.absences if a.starts_at <= at < a.ends_at}
    people = {}
    for override in of.overrides:
        if override.starts_at <= at < override.ends_at:
            people.setdefault(0, []).append(override.person)
    for each in of.shifts:
        length = datetime.combine(date.min, each.ends_at) - datetime.combine(
            date.min, each.starts_at
        )
        length += DAY if length <= timedelta(0) else timedelta(0)
        for back in (0, 1):
            begins = datetime.combine(shown.date() - back * DAY, each.starts_at)
            week = ((begins.date() - each.starts_on).days + each.starts_on.weekday()) // 7
            if (
                begins <= shown < begins + length
                and begins.strftime("%a").lower() in each.weekdays
                and begins.date() >= each.starts_on
                and week % each.every_weeks == 0
            ):
                people.setdefault(each.layer, []).append(each.person)
    for layer in sorted(people):
        there = {
            away[person] if person in away else person
            for person in people[layer]
            if person not in away or (away[person] and away[person] not in away)
        }
        if there:
            return tuple(sorted(there))
    return ()


names = st.sampled_from(["ada", "ben", "cleo", "dora"])


@st.composite
def rotas(draw):
    zone, near = draw(places)
    offsets = st.integers(-2000, 2000).map(lambda minutes: near + minutes * MINUTE)
    shifts = draw(
        st.lists(
            st.builds(
                Shift,
                names,
                st.frozensets(st.sampled_from(WEEKDAYS), min_size=3),
                times,
                times,
                layer=st.integers(1, 3),
                every_weeks=st.integers(1, 3),
                starts_on=st.integers(0, 40).map(lambda days: near.date() - days * DAY),
            ),
            min_size=1,
            max_size=4,
        )
    )
    stretches = st.tuples(offsets, st.integers(1, 1000)).map(
        lambda pair: (pair[0], pair[0] + pair[1] * MINUTE)
    )
    overrides = draw(st.lists(st.tuples(names, stretches), max_size=1))
    absences = draw(
        st.lists(
            st.tuples(names, stretches, st.one_of(st.none(), names)),
            max_size=2,
            unique_by=lambda a: a[0],
        )
    )
    return near, Rota(
        zone,
        tuple(shifts),
        tuple(Duty(person, 0, *stretch) for person, stretch in overrides),
        tuple(
            Absence(person, *stretch, delegate)
            for person, stretch, delegate in absences
            if delegate != person
        ),
    )


class TestAgainstASlowWalk:
    @settings(max_examples=50, deadline=None)
    @given(rotas())
    def test_every_minute_around_a_change_of_clocks_agrees(self, drawn):
        near, of = drawn
        start, end = near - 6 * HOUR, near + 6 * HOUR

        walked = slowly(of, start, end)

        for minute in (start + 7 * n * MINUTE for n in range(100)):
            assert rota.on_call(of, minute) == walked[minute], minute
        covered = {
            at: span.on_call
            for span in rota.coverage(of, start, end)
            for at in walked
            if span.starts_at <= at < span.ends_at
        }
        assert covered == walked


class TestCoverage:
    def spans(self, *shifts, days=1, **more):
        return rota.coverage(
            Rota(UTC, shifts, **more), utc(2026, 1, 5), utc(2026, 1, 5) + days * DAY
        )

    def test_names_gaps_and_those_on_whom_everything_hangs(self):
        spans = self.spans(shift("ada", "06:00", "18:00"), shift("ben", "12:00", "22:00", layer=2))

        assert [(s.starts_at.hour, s.layers, s.is_gap, s.is_single) for s in spans] == [
            (0, (), True, False),
            (6, (("ada",),), False, True),
            (12, (("ada",), ("ben",)), False, False),
            (18, (("ben",),), False, True),
            (22, (), True, False),
        ]

    def test_one_person_in_two_layers_is_still_one(self):
        (span,) = self.spans(shift("ada"), shift("ada", layer=2))

        assert span.is_single

    def test_of_nothing_is_one_gap(self):
        (gap,) = self.spans(days=56)

        assert (gap.is_gap, gap.starts_at, gap.ends_at) == (True, utc(2026, 1, 5), utc(2026, 3, 2))


class TestWorkingHours:
    HOURS = {"mon": ["09:00", "17:00"], "fri": ["22:00", "06:00"]}

    @pytest.mark.parametrize(
        ("at", "works"),
        [
            (utc(2026, 1, 5, 7, 59), False),
            (utc(2026, 1, 5, 8), True),
            (utc(2026, 1, 5, 16), False),
            (utc(2026, 7, 6, 7), True),
            (utc(2026, 1, 6, 12), False),
            (utc(2026, 1, 9, 22), True),
            (utc(2026, 1, 10, 4), True),
            (utc(2026, 1, 10, 6), False),
        ],
    )
    def test_are_by_the_clock_on_the_wall(self, at, works):
        assert rota.works_at(self.HOURS, BERLIN, at) == works

    def test_are_always_where_none_are_set(self):
        assert rota.works_at({}, BERLIN, utc(2026, 1, 4, 3))


def test_a_shift_that_has_not_begun_yet_is_nobody_s():
    later = replace(shift(), starts_on=date(2026, 2, 1))

    assert not on_call(later, at=utc(2026, 1, 31, 22, 59))
    assert on_call(later, at=utc(2026, 1, 31, 23))
