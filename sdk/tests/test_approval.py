from datetime import datetime, timezone

import pytest
from fakes import ID

from placet import NotApproved
from placet._canonical import action_digest

INVOICES = [
    {"id": f"inv-{n}", "action": "pay_invoice", "arguments": {"vendor": v, "amount": a}}
    for n, v, a in [(1, "A", 3200), (2, "B", 2800), (3, "C", 2500)]
]


@pytest.fixture
def shown(client, server):
    """The approval a given answer is shown as."""

    def get(answer):
        server.then(answer)
        return client.get(ID)

    return get


class TestAPendingApproval:
    def test_shows_what_was_asked_and_permits_nothing(self, shown, body):
        approval = shown(body(steps=INVOICES))

        assert (approval.id, approval.status, approval.revision) == (ID, "pending", 1)
        assert approval.arguments == {"order": "4711", "amount": 90}
        assert approval.steps == []
        assert approval.follow_up == ()
        assert approval.decision is None
        assert not approval.may_proceed

    def test_has_no_final_digest(self, shown, body):
        with pytest.raises(NotApproved, match="is pending: nothing may run"):
            shown(body()).final_digest()


class TestPermission:
    @pytest.mark.parametrize("said", [None, "true", 1, {}])
    def test_is_true_and_nothing_like_it(self, shown, approved, said):
        assert shown(approved(may_proceed=said)).may_proceed is False

    def test_of_a_status_alone_is_none(self, shown, approved):
        steps = [{"id": step["id"], "status": "approved"} for step in INVOICES]
        approval = shown(approved(may_proceed=False, steps=INVOICES, decision={"steps": steps}))

        assert approval.status == "approved"
        assert approval.steps == []
        with pytest.raises(NotApproved):
            approval.final_digest()


class TestAModifiedApproval:
    def test_runs_with_the_arguments_as_amended(self, shown, approved):
        approval = shown(approved(status="modified", decision={"arguments": {"amount": 50}}))

        assert approval.arguments == {"amount": 50}
        assert approval.final_digest() == action_digest(action="refund", arguments={"amount": 50})

    def test_may_be_amended_to_no_arguments_at_all(self, shown, approved):
        assert shown(approved(status="modified", decision={"arguments": {}})).arguments == {}

    def test_tells_the_decision(self, shown, approved):
        approval = shown(
            approved(
                status="modified",
                decision={
                    "verdict": "modify",
                    "feedback": "VIP: 30%.",
                    "modifications": [{"op": "replace", "path": "/amount", "value": 50}],
                    "policy": {"checkpoint": "refunds", "version": 4, "template": None},
                },
            )
        )

        decision = approval.decision
        assert (decision.via, decision.verdict, decision.feedback) == (
            "human",
            "modify",
            "VIP: 30%.",
        )
        assert decision.decided_at == datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
        assert [person["name"] for person in decision.by] == ["Ada"]
        assert decision.modifications[0]["value"] == 50
        assert decision.raw["policy"]["version"] == 4

    def test_no_longer_matches_its_digest_once_its_arguments_are_changed(self, shown, approved):
        approval = shown(approved())
        before = approval.final_digest()

        approval.arguments["amount"] = 9000

        assert approval.final_digest() != before


class TestAPlan:
    def decided(self, approved, **statuses):
        steps = [
            {"id": id.replace("_", "-"), "status": status, "arguments": None}
            for id, status in statuses.items()
        ]
        return approved(
            status="modified",
            action="process_payments",
            arguments={},
            steps=INVOICES,
            decision={"arguments": {}, "steps": steps, "follow_up": ["later"]},
        )

    @pytest.mark.parametrize("status", ["rejected", "skipped", "deferred", "blocked", "new-word"])
    def test_runs_the_approved_steps_in_the_submitted_order(self, shown, approved, status):
        approval = shown(self.decided(approved, inv_3="approved", inv_2=status, inv_1="approved"))

        assert approval.steps == [INVOICES[0], INVOICES[2]]
        assert approval.follow_up == ("later",)
        assert approval.final_digest() == action_digest(
            action="process_payments", arguments={}, steps=[INVOICES[0], INVOICES[2]]
        )

    def test_runs_modified_steps_with_their_arguments_as_amended(self, shown, approved):
        answer = self.decided(approved, inv_1="approved", inv_2="modified", inv_3="rejected")
        answer["decision"]["steps"][1]["arguments"] = {"vendor": "B", "amount": 1}

        approval = shown(answer)

        assert [step["arguments"]["amount"] for step in approval.steps] == [3200, 1]
        assert approval.steps[1]["action"] == "pay_invoice"
        assert INVOICES[1]["arguments"]["amount"] == 2800

    def test_keeps_what_else_a_step_was_submitted_with(self, shown, approved):
        step = {**INVOICES[0], "risk_score": 0.1, "impact": "small", "depends_on": []}
        answer = self.decided(approved, inv_1="approved") | {"steps": [step]}

        assert shown(answer).steps == [step]

    def test_does_not_run_a_step_that_the_decision_leaves_out(self, shown, approved):
        assert shown(self.decided(approved, inv_2="approved")).steps == [INVOICES[1]]

    def test_with_no_step_left_is_digested_without_steps(self, shown, approved):
        approval = shown(self.decided(approved, inv_1="deferred"))

        assert approval.final_digest() == action_digest(action="process_payments", arguments={})


def test_an_approval_cannot_be_changed(shown, body):
    approval = shown(body())

    with pytest.raises(AttributeError):
        approval.raw = {}
    with pytest.raises(AttributeError):
        approval.may_proceed = True


def test_an_approval_is_printed_without_its_arguments(shown, body):
    assert repr(shown(body())).endswith(f"Approval {ID} refund pending>")
