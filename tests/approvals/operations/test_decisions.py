import pytest

from approvals import events
from approvals.operations import _settling, decisions
from approvals.refusals import Paused
from approvals.rules.lifecycle import Status
from audit import trail


def names(approval):
    return [event.type for event in trail.history_of(approval.ref)]


class TestDecide:
    def test_settles_when_the_quorum_is_complete(self, submit, decide, ada):
        approval = submit(amount=500)

        decide(approval, ada, "approve", feedback="Fine.")

        approval.refresh_from_db()
        assert approval.status == Status.APPROVED
        assert names(approval)[-2:] == [events.DECIDED, events.SETTLED]
        assert trail.first_break(trail.history_of(approval.ref)) is None
        assert approval.grant.digest == approval.digest
        assert approval.messages.get().type == "approval.settled"
        assert approval.decided["by"][0]["name"] == "ada"

    def test_refuses_who_has_too_little_authority_and_keeps_the_refusal(self, submit, decide, ben):
        approval = submit(amount=5000)

        with pytest.raises(decisions.NotAuthorized) as refused:
            decide(approval, ben, "approve")

        assert refused.value.code == "insufficient_authority"
        assert names(approval) == [events.SUBMITTED, events.DENIED]

    def test_refuses_a_second_decision_with_the_first_one_s_name(self, submit, decide, ada, dora):
        approval = submit(amount=5000)
        decide(approval, ada, "reject", feedback="No.")

        with pytest.raises(_settling.AlreadySettled) as refused:
            decide(approval, dora, "approve")

        assert "rejected by ada" in refused.value.detail
        assert refused.value.current["status"] == "rejected"

    def test_an_edit_makes_a_revision_and_settles_as_modified(self, submit, decide, ada):
        approval = submit(amount=900)

        decide(approval, ada, "modify", merge_patch={"amount": 500})

        approval.refresh_from_db()
        assert approval.status == Status.MODIFIED
        assert approval.decided["arguments"] == {"amount": 500}
        assert approval.decided["modifications"] == [
            {"op": "replace", "path": "/amount", "value": 500}
        ]
        assert approval.grant.digest == approval.digest

    def test_an_edit_that_raises_the_risk_is_routed_on_rather_than_executed(
        self, submit, decide, ben
    ):
        approval = submit(amount=900)

        decide(approval, ben, "modify", merge_patch={"amount": 50000}, feedback="More.")

        approval.refresh_from_db()
        assert approval.status == Status.PENDING
        assert approval.required_tier == "director"
        assert events.ESCALATED_BY_EDIT in names(approval)

    def test_lets_nobody_decide_after_the_deadline_even_if_no_worker_noticed(
        self, submit, decide, ada, at
    ):
        approval = submit(amount=900)
        approval.refresh_from_db()

        with pytest.raises(Exception, match="deadline passed") as refused:
            decide(approval, ada, "approve", when=approval.expires_at)

        approval.refresh_from_db()
        assert refused.value.code == "expired"
        assert (approval.status, approval.via) == ("rejected", "timeout")

    def test_approves_nothing_while_the_agent_is_paused(self, submit, decide, ada, robin, at):
        approval = submit(amount=900)
        robin.paused_at = at
        robin.save()

        with pytest.raises(Paused):
            decide(approval, ada, "approve")
