from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from approvals.rules.hours import Hours, digest_day, next_hearing

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {day: ["09:00", "17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
NIGHT = (time(22), time(7))
TO_HALF_PAST_TWO = (time(22), time(2, 30))


def utc(day, clock):
    return datetime.fromisoformat(f"2026-{day}T{clock}+00:00")


@pytest.mark.parametrize(
    ("hours", "at", "heard"),
    [
        # No hours at all, and inside of them.
        (Hours(), utc("11-01", "03:00"), utc("11-01", "03:00")),
        (Hours(BERLIN, OFFICE), utc("11-02", "08:00"), utc("11-02", "08:00")),
        # Before work, after it, over a weekend; 17:00 is not work any more.
        (Hours(BERLIN, OFFICE), utc("11-02", "07:59"), utc("11-02", "08:00")),
        (Hours(BERLIN, OFFICE), utc("11-02", "16:00"), utc("11-03", "08:00")),
        (Hours(BERLIN, OFFICE), utc("11-06", "16:00"), utc("11-09", "08:00")),
        # Quiet over midnight, from both sides, and by day.
        (Hours(quiet=NIGHT), utc("11-02", "22:00"), utc("11-03", "07:00")),
        (Hours(quiet=NIGHT), utc("11-02", "06:59"), utc("11-02", "07:00")),
        (Hours(quiet=NIGHT), utc("11-02", "07:00"), utc("11-02", "07:00")),
        (Hours(quiet=(time(12), time(13))), utc("11-02", "12:30"), utc("11-02", "13:00")),
        # Quiet until after work has begun.
        (Hours(UTC, OFFICE, (time(8), time(10))), utc("11-02", "01:00"), utc("11-02", "10:00")),
        # Quiet until what no clock shows: 02:30 on the night the clocks go forward.
        (
            Hours(BERLIN, quiet=TO_HALF_PAST_TWO),
            utc("03-29", "00:00"),
            utc("03-29", "01:00"),
        ),
        # Quiet until what clocks show twice: the first time will do.
        (
            Hours(BERLIN, quiet=TO_HALF_PAST_TWO),
            utc("10-25", "00:00"),
            utc("10-25", "00:30"),
        ),
        # Works never, or is quiet whenever there is work.
        (Hours(UTC, {"tue": ["09:00", "10:00"]}, (time(8), time(11))), utc("11-02", "09:00"), None),
    ],
)
def test_the_next_hour_in_which_somebody_may_be_spoken_to(hours, at, heard):
    assert next_hearing(hours, at=at) == heard


@pytest.mark.parametrize(
    ("at", "sent_on", "day"),
    [
        (utc("11-02", "07:59"), None, None),
        (utc("11-02", "08:00"), None, date(2026, 11, 2)),
        (utc("11-02", "09:59"), date(2026, 11, 1), date(2026, 11, 2)),
        (utc("11-02", "08:01"), date(2026, 11, 2), None),
        # Too late for today's.
        (utc("11-02", "10:00"), None, None),
        # 09:00 in summer is an hour earlier.
        (utc("10-23", "07:00"), None, date(2026, 10, 23)),
        # A day without work.
        (utc("11-01", "08:30"), None, None),
        # Somebody who has flown west since: today's was sent in yesterday's zone.
        (utc("11-02", "08:30"), date(2026, 11, 3), None),
    ],
)
def test_the_day_whose_digest_is_due(at, sent_on, day):
    assert digest_day(Hours(BERLIN, OFFICE), due=time(9), sent_on=sent_on, at=at) == day


def test_an_hour_that_strikes_twice_makes_one_digest():
    hours = Hours(BERLIN)
    first = digest_day(hours, due=time(2, 30), sent_on=None, at=utc("10-25", "00:30"))

    assert first == date(2026, 10, 25)
    assert digest_day(hours, due=time(2, 30), sent_on=first, at=utc("10-25", "01:30")) is None
