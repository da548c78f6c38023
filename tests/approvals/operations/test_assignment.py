from datetime import timedelta

import pytest

from approvals import events
from approvals.operations import assignment
from approvals.operations._settling import AlreadySettled
from approvals.operations.decisions import NotAuthorized
from approvals.rules.lifecycle import Status


class TestClaim:
    def test_holds_for_ten_minutes(self, submit, ada, at, events_of):
        approval = submit()

        assignment.claim(approval.pk, reviewer=ada, at=at)

        approval.refresh_from_db()
        almost = at + timedelta(minutes=10) - timedelta(microseconds=1)
        assert assignment.held_by(approval, at=almost) == ada.pk
        assert assignment.held_by(approval, at=at + timedelta(minutes=10)) is None
        assert events_of(approval)[-1] == events.CLAIMED

    def test_again_prolongs_it_without_another_line(self, submit, ada, at, events_of):
        approval = submit()
        for minutes in (0, 5):
            assignment.claim(approval.pk, reviewer=ada, at=at + timedelta(minutes=minutes))

        approval.refresh_from_db()
        assert approval.claimed_until == at + timedelta(minutes=15)
        assert events_of(approval).count(events.CLAIMED) == 1

    def test_can_be_taken_over_on_record(self, submit, ada, dora, at, events_of, now_stands):
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at)

        assignment.claim(approval.pk, reviewer=dora, at=at)

        assert assignment.held_by(now_stands(approval), at=at) == dora.pk
        assert events_of(approval).count(events.CLAIMED) == 2

    def test_holds_nobody_back(self, submit, decide, ada, dora, at, now_stands):
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at)

        decide(approval, dora, "approve")

        assert now_stands(approval).status == Status.APPROVED

    def test_is_not_for_whoever_could_not_decide(self, submit, ben, at, now_stands):
        approval = submit(amount=20_000)

        with pytest.raises(NotAuthorized):
            assignment.claim(approval.pk, reviewer=ben, at=at)

        assert now_stands(approval).claimed_by is None

    def test_comes_too_late_after_a_decision(self, submit, decide, ada, at):
        approval = submit()
        decide(approval, ada, "approve")

        with pytest.raises(AlreadySettled):
            assignment.claim(approval.pk, reviewer=ada, at=at)


class TestRelease:
    def test_gives_up_one_s_own(self, submit, ada, at, now_stands):
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at)

        assignment.release(approval.pk, reviewer=ada)

        assert assignment.held_by(now_stands(approval), at=at) is None

    def test_leaves_another_s(self, submit, ada, dora, at, now_stands):
        approval = submit()
        assignment.claim(approval.pk, reviewer=ada, at=at)

        assignment.release(approval.pk, reviewer=dora)

        assert assignment.held_by(now_stands(approval), at=at) == ada.pk
