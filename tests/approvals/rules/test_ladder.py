from datetime import UTC, datetime, timedelta

import pytest

from approvals.rules import ladder, terms
from approvals.rules.ladder import Window
from approvals.rules.policy import Policy, Rung
from approvals.rules.tiers import Tier

SUBMITTED = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
RUNGS = (Rung(600, "team_lead"), Rung(1800, "director"))


def after(**duration):
    return SUBMITTED + timedelta(**duration)


class TestDeadline:
    @pytest.mark.parametrize(
        ("asked", "seconds"), [(None, 3600), (600, 600), (3600, 3600), (7200, 3600), (1, 1)]
    )
    def test_the_agent_may_only_shorten_it(self, asked, seconds):
        found = ladder.deadline(at=SUBMITTED, timeout_seconds=3600, expires_in_seconds=asked)

        assert found == after(seconds=seconds)

    def test_counts_time_and_not_wall_clocks(self):
        # The night in which Berlin's clocks go back has 25 hours.
        before = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)

        assert ladder.deadline(at=before, timeout_seconds=86_400) - before == timedelta(hours=24)


class TestRungsReached:
    @pytest.mark.parametrize(
        ("at", "reached"),
        [
            (after(seconds=0), []),
            (after(seconds=599.999), []),
            (after(seconds=600), ["team_lead"]),
            (after(seconds=1799), ["team_lead"]),
            (after(seconds=1800), ["team_lead", "director"]),
            (after(days=9), ["team_lead", "director"]),
        ],
    )
    def test_counts_from_submission(self, at, reached):
        found = ladder.rungs_reached(RUNGS, submitted_at=SUBMITTED, at=at)

        assert [rung.to for rung in found] == reached

    def test_there_are_none_without_a_ladder(self):
        assert ladder.rungs_reached((), submitted_at=SUBMITTED, at=after(days=9)) == []


class TestHighest:
    @pytest.mark.parametrize(
        ("tier", "rungs", "needed"),
        [
            ("team_member", (), "team_member"),
            ("team_member", RUNGS[:1], "team_lead"),
            ("team_member", RUNGS, "director"),
            ("team_member", tuple(reversed(RUNGS)), "director"),
            ("executive", RUNGS, "executive"),
            ("director", RUNGS[:1], "director"),
        ],
    )
    def test_a_rung_never_lowers_the_tier(self, tier, rungs, needed):
        assert ladder.highest(Tier(tier), rungs) == needed


class TestRungsBySchedule:
    LADDER = (Rung(600, schedule="day"), Rung(1800, "director", "night"))

    def test_need_no_other_tier_unless_they_name_one(self):
        assert ladder.highest(Tier.TEAM_LEAD, self.LADDER[:1]) == "team_lead"
        assert ladder.highest(Tier.TEAM_LEAD, self.LADDER) == "director"

    def test_are_new_until_a_worker_has_come_by(self):
        new = ladder.rungs_reached(
            self.LADDER, submitted_at=SUBMITTED, at=after(hours=1), since=after(seconds=1800)
        )

        assert new == [self.LADDER[1]]

    def test_are_ahead_until_their_instant(self):
        ahead = [
            ladder.rungs_ahead(self.LADDER, submitted_at=SUBMITTED, at=after(seconds=seconds))
            for seconds in (0, 600, 1800)
        ]

        assert ahead == [list(self.LADDER), [self.LADDER[1]], []]


def terms_of(**policy):
    policy = {"reminders": (), "urgent_below_seconds": 0} | policy
    return terms.freeze(Policy("payments", 1, **policy), response=None, allowed_decisions=None)


def window(starts_at=SUBMITTED, **more):
    return Window(SUBMITTED, starts_at, **({"expires_at": after(hours=1)} | more))


def next_due(terms, *, at, **more):
    return ladder.next_due(terms, window(**more), after=at)


class TestReminders:
    @pytest.mark.parametrize(
        ("at", "passed"),
        [
            (after(minutes=29), 0),
            (after(minutes=30), 1),
            (after(minutes=53), 1),
            (after(minutes=54), 2),
            (after(hours=3), 2),
        ],
    )
    def test_come_at_shares_of_the_window(self, at, passed):
        assert ladder.reminders_passed((0.5, 0.9), window(), at=at) == passed

    def test_begin_again_with_a_new_window(self):
        second = window(starts_at=after(hours=1), expires_at=after(hours=2))

        assert ladder.reminders_passed((0.5, 0.9), second, at=after(minutes=89)) == 0
        assert ladder.reminders_passed((0.5, 0.9), second, at=after(minutes=90)) == 1


class TestUrgency:
    CALLED = terms_of(on_call="night", urgent_below_seconds=900)

    def test_begins_when_less_than_that_is_left(self):
        assert ladder.urgent_from(self.CALLED, window()) == after(minutes=45)
        assert next_due(self.CALLED, at=SUBMITTED) == after(minutes=45)

    def test_begins_at_once_where_the_whole_window_is_shorter(self):
        short = {"expires_at": after(minutes=5)}

        assert ladder.urgent_from(self.CALLED, window(**short)) == SUBMITTED
        assert next_due(self.CALLED, at=SUBMITTED, **short) == after(minutes=1)

    def test_is_looked_at_again_every_minute_until_somebody_could_be_told(self):
        assert next_due(self.CALLED, at=after(minutes=50)) == after(minutes=51)
        assert next_due(self.CALLED, at=after(minutes=50), is_told=True) == after(hours=1)

    def test_is_nothing_to_wait_for_where_nobody_would_be_called(self):
        nobody = terms_of(urgent_below_seconds=900)
        a_rung = terms_of(urgent_below_seconds=900, ladder=(Rung(3000, "director"),))

        assert next_due(nobody, at=SUBMITTED) == after(hours=1)
        assert next_due(a_rung, at=SUBMITTED) == after(minutes=45)


class TestNextDue:
    @pytest.mark.parametrize(
        ("at", "due"),
        [
            (after(seconds=0), after(seconds=600)),
            (after(seconds=600), after(seconds=1800)),
            (after(seconds=1799), after(seconds=1800)),
            (after(seconds=1800), after(hours=1)),
            (after(hours=9), after(hours=1)),
        ],
    )
    def test_is_the_next_rung_and_at_the_latest_the_deadline(self, at, due):
        assert next_due(terms_of(ladder=RUNGS), at=at) == due

    def test_is_a_reminder_if_that_comes_first(self):
        reminded = terms_of(ladder=RUNGS, reminders=(0.1, 0.9))

        assert next_due(reminded, at=SUBMITTED) == after(minutes=6)
        assert next_due(reminded, at=after(minutes=30)) == after(minutes=54)

    def test_a_rung_at_or_past_the_deadline_is_never_waited_for(self):
        for deadline in (after(seconds=600), after(seconds=300)):
            found = next_due(terms_of(ladder=RUNGS), at=SUBMITTED, expires_at=deadline)

            assert found == deadline
