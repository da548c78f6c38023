from datetime import UTC, datetime, timedelta

import pytest

from approvals.rules import breaker
from approvals.rules.breaker import Tick

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def after(**duration):
    return NOON + timedelta(**duration)


class TestJump:
    @pytest.mark.parametrize(
        ("now", "words"),
        [
            (Tick(after(seconds=5), 105.0), None),
            (Tick(after(seconds=125), 105.0), None),
            (Tick(after(seconds=126), 105.0), "moved on 2 minutes"),
            (Tick(after(days=1, seconds=5), 105.0), "moved on 1440 minutes"),
            (Tick(after(seconds=-116), 105.0), "moved back 2 minutes"),
            (Tick(after(seconds=-115), 105.0), None),
            # A worker that had nothing to do for an hour.
            (Tick(after(hours=1), 3700.0), None),
        ],
    )
    def test_is_the_wall_against_a_clock_that_nobody_sets(self, now, words):
        found = breaker.jump(Tick(NOON, 100.0), now, known_at=None)

        assert (found is None) if words is None else (words in found)

    @pytest.mark.parametrize(
        ("known_at", "is_news"),
        [
            # Held, or released, since our last look: others have seen the same jump.
            (after(hours=1, minutes=1), False),
            (after(hours=1, minutes=2), False),
            # Before our last look: this one is another.
            (after(minutes=-1), True),
            # A release by a clock that went back since.
            (after(hours=9), True),
        ],
    )
    def test_is_no_news_where_others_acted_upon_it(self, known_at, is_news):
        now = Tick(after(hours=1, minutes=2), 220.0)

        assert bool(breaker.jump(Tick(NOON, 100.0), now, known_at=known_at)) == is_news


class TestStorm:
    @pytest.mark.parametrize(
        ("expiring", "waiting", "is_one"),
        [
            (50, 50, False),
            (51, 51, True),
            (51, 170, False),
            (52, 170, True),
            (300, 1000, False),
            (301, 1000, True),
        ],
    )
    def test_is_more_than_fifty_and_than_three_in_ten(self, expiring, waiting, is_one):
        assert bool(breaker.storm(expiring, waiting=waiting)) == is_one
