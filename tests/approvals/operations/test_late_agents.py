"""The agent's own acts against the clock: what counts is when the row was held."""

from datetime import timedelta

import pytest
import time_machine

from approvals.models import ApprovalRequest
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.operations import revising
from approvals.operations._deadlines import Expired
from approvals.rules.lifecycle import Status, Via

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting_for_the_row_past_the_deadline(monkeypatch, submit, at):
    """An approval whose row comes free a moment after its deadline; asked for just before."""
    approval = submit()
    hold = ApprovalRequestQuerySet.locked

    with time_machine.travel(approval.expires_at - timedelta(milliseconds=1), tick=False) as clock:

        def wait_and_hold(self, approval_id):
            clock.shift(timedelta(milliseconds=2))
            return hold(self, approval_id)

        monkeypatch.setattr(ApprovalRequestQuerySet, "locked", wait_and_hold)
        yield approval


class TestAnActThatWaitedForTheRowPastTheDeadline:
    def test_is_too_late_to_withdraw(self, waiting_for_the_row_past_the_deadline):
        approval = waiting_for_the_row_past_the_deadline

        with pytest.raises(Expired):
            revising.cancel(approval.pk, reason="")

        stands = ApprovalRequest.objects.get(pk=approval.pk)
        assert (stands.status, stands.via) == (Status.REJECTED, Via.TIMEOUT)

    def test_is_too_late_to_revise(self, waiting_for_the_row_past_the_deadline):
        approval = waiting_for_the_row_past_the_deadline

        with pytest.raises(Expired):
            revising.revise(approval.pk, {"arguments": {"amount": 1}})

        assert ApprovalRequest.objects.get(pk=approval.pk).revision == 1
