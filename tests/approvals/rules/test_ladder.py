from datetime import UTC, datetime, timedelta

import pytest

from approvals.rules import ladder
from approvals.rules.policy import Rung
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
        found = ladder.next_due(RUNGS, submitted_at=SUBMITTED, expires_at=after(hours=1), after=at)

        assert found == due

    def test_a_rung_at_or_past_the_deadline_is_never_waited_for(self):
        for deadline in (after(seconds=600), after(seconds=300)):
            found = ladder.next_due(
                RUNGS, submitted_at=SUBMITTED, expires_at=deadline, after=SUBMITTED
            )

            assert found == deadline
