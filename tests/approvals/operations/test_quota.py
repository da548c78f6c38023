"""How much one agent may have waiting for people."""

import pytest

from approvals.models import ApprovalRequest
from approvals.operations import submission
from approvals.operations._quota import TooManyPending
from tests import factories

BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}


@pytest.fixture
def two_at_most(robin):
    robin.max_pending = 2
    robin.save()
    return robin


def submit_turn(agent, size, *, at):
    return submission.submit_group(agent, "turn", [BODY] * size, at=at)


class TestAFullAgent:
    def test_is_told_to_wait_in_a_sentence(self, two_at_most, submit):
        submit()
        submit()

        with pytest.raises(TooManyPending, match="robin may have 2 waiting for people"):
            submit()

        assert ApprovalRequest.objects.count() == 2

    def test_may_go_on_once_one_is_decided(self, two_at_most, submit, decide, ada):
        first = submit()
        submit()
        decide(first, ada, "reject")

        assert submit().is_pending

    def test_does_not_stand_in_the_way_of_another(self, two_at_most, submit):
        submit()
        submit()

        assert submit(agent=factories.AgentFactory()).is_pending

    def test_may_still_do_what_nobody_is_asked_for(self, two_at_most, publish, submit):
        submit()
        submit()
        publish(auto_approve_below=0.2)

        assert submit().status == "approved"

    def test_is_answered_again_what_it_asked_before(self, two_at_most, payments, at):
        first = submission.submit(two_at_most, BODY, at=at, idempotency_key="one")
        submission.submit(two_at_most, BODY, at=at)

        again = submission.submit(two_at_most, BODY, at=at, idempotency_key="one")

        assert (again.approvals, again.replayed) == (first.approvals, True)


class TestATurn:
    def test_counts_whole(self, two_at_most, payments, at):
        with pytest.raises(TooManyPending):
            submit_turn(two_at_most, 3, at=at)

        assert ApprovalRequest.objects.count() == 0

    def test_of_as_many_as_may_is_taken(self, two_at_most, payments, at):
        assert len(submit_turn(two_at_most, 2, at=at).approvals) == 2

    def test_counts_only_what_waits(self, two_at_most, publish, at):
        publish(auto_approve_below=0.2)

        assert len(submit_turn(two_at_most, 3, at=at).approvals) == 3


@pytest.mark.parametrize(("most", "taken"), [(None, True), (0, False)])
def test_none_is_no_limit_and_nought_is_nothing(robin, submit, most, taken):
    robin.max_pending = most
    robin.save()

    if taken:
        assert submit().is_pending
    else:
        with pytest.raises(TooManyPending):
            submit()
