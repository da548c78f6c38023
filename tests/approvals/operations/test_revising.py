from datetime import timedelta
from decimal import Decimal

import pytest

from approvals import events
from approvals.models import Decision, PlanStep
from approvals.operations import decisions, revising
from approvals.operations._deadlines import Expired
from approvals.operations._preparing import InvalidPlan, SchemaViolation
from approvals.operations._settling import AlreadySettled
from approvals.operations.decisions import StaleRevision
from approvals.operations.revising import NothingRan
from approvals.refusals import Paused
from approvals.rules.lifecycle import Status, Via
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict


@pytest.fixture
def two_needed(publish):
    publish(quorum={"team_member": 2})


class TestRevise:
    def test_replaces_what_is_asked_by_a_new_revision(self, submit, at, now_stands, events_of):
        approval = submit(amount=10, context={"rationale": "due"})

        revising.revise(approval.pk, {"arguments": {"amount": 20}}, at=at)

        stands = now_stands(approval)
        assert (stands.revision, stands.status) == (2, Status.PENDING)
        latest = stands.revisions.get(number=2)
        assert (latest.arguments, latest.about) == ({"amount": 20}, {"rationale": "due"})
        assert stands.digest == latest.digest != approval.digest
        assert events_of(approval) == [events.SUBMITTED, events.REVISED]

    def test_what_was_read_before_can_no_longer_be_decided(self, submit, at, ada):
        approval = submit()
        seen = Ruling(Verdict.APPROVE, approval.revision, approval.digest)
        revising.revise(approval.pk, {"arguments": {"amount": 11}}, at=at)

        with pytest.raises(StaleRevision) as refused:
            decisions.decide(approval.pk, seen, reviewer=ada, at=at)

        assert refused.value.current["revision"] == 2

    def test_votes_on_the_old_revision_no_longer_count(
        self, two_needed, submit, decide, ada, ben, dora, at, now_stands
    ):
        approval = submit()
        decide(approval, ada, "approve")
        revising.revise(approval.pk, {"arguments": {"amount": 11}}, at=at)

        decide(approval, ben, "approve")
        assert now_stands(approval).status == Status.PENDING
        decide(approval, ada, "approve")

        stands = now_stands(approval)
        assert stands.status == Status.APPROVED
        assert {vote["name"] for vote in stands.decided["by"]} == {"ada", "ben"}

    def test_a_higher_risk_needs_a_higher_tier_and_a_lower_one_gives_nothing_back(
        self, submit, at, now_stands
    ):
        approval = submit(amount=10)

        revising.revise(approval.pk, {"arguments": {"amount": 20_000}}, at=at)
        assert now_stands(approval).required_tier == "director"
        revising.revise(approval.pk, {"arguments": {"amount": 1}}, at=at)

        stands = now_stands(approval)
        assert (stands.risk_score, stands.required_tier) == (0.0, "director")

    def test_passes_nothing_by_itself(self, publish, submit, at, now_stands):
        publish(auto_approve_below=0.3, trigger="args.amount > 5")
        approval = submit(amount=2000)

        revising.revise(approval.pk, {"arguments": {"amount": 1}}, at=at)

        assert now_stands(approval).status == Status.PENDING

    def test_does_not_push_the_deadline_back(self, submit, at, now_stands):
        approval = submit()

        revising.revise(approval.pk, {"arguments": {}}, at=at + timedelta(minutes=59))

        assert now_stands(approval).expires_at == at + timedelta(hours=1)

    def test_answers_a_reviewer_who_asked_for_changes(
        self, submit, decide, ada, at, now_stands, events_of
    ):
        approval = submit()
        decide(approval, ada, "request_changes", feedback="Half of it.")
        assert now_stands(approval).status == Status.CHANGES_REQUESTED
        with pytest.raises(AlreadySettled, match="waits for its agent"):
            decide(approval, ada, "approve")

        revising.revise(approval.pk, {"arguments": {"amount": 5}}, at=at)
        decide(approval, ada, "approve")

        assert now_stands(approval).decided["arguments"] == {"amount": 5}
        assert events_of(approval) == [
            events.SUBMITTED,
            events.CHANGES_REQUESTED,
            events.REVISED,
            events.DECIDED,
            events.SETTLED,
        ]

    def test_replaces_the_steps_of_a_plan(self, submit, at, now_stands):
        approval = submit(steps=[{"id": "a", "action": "x"}, {"id": "b", "action": "y"}])

        revising.revise(
            approval.pk,
            {"arguments": {}, "steps": [{"id": "b", "action": "z"}, {"id": "c", "action": "w"}]},
            at=at,
        )

        steps = PlanStep.objects.filter(approval=approval)
        assert [(step.step_id, step.action) for step in steps] == [("b", "z"), ("c", "w")]
        assert [step["id"] for step in now_stands(approval).revisions.get(number=2).steps] == [
            "b",
            "c",
        ]

    @pytest.mark.parametrize(
        ("revised", "refusal"),
        [
            ({"arguments": {"amount": "x"}}, SchemaViolation),
            (
                {"arguments": {}, "steps": [{"id": "a", "action": "x", "depends_on": ["b"]}]},
                InvalidPlan,
            ),
        ],
    )
    def test_is_refused_for_what_a_submission_would_be(
        self, submit, at, now_stands, revised, refusal
    ):
        schema = {"properties": {"amount": {"type": "number"}}}
        approval = submit(arguments_schema=schema)

        with pytest.raises(refusal):
            revising.revise(approval.pk, revised, at=at)

        assert now_stands(approval).revision == 1

    def test_drops_what_a_reviewer_s_edit_had_made_of_it(
        self, two_needed, submit, decide, ada, ben, at, now_stands
    ):
        approval = submit(steps=[{"id": "a", "action": "x"}, {"id": "b", "action": "y"}])
        decide(approval, ada, "approve", steps={"b": {"verdict": "defer"}})

        revising.revise(approval.pk, {"arguments": {"amount": 10}}, at=at)
        decide(approval, ada, "approve")
        decide(approval, ben, "approve")

        stands = now_stands(approval)
        assert stands.status == Status.APPROVED
        assert [step["status"] for step in stands.decided["steps"]] == ["approved", "approved"]
        assert stands.decided["follow_up"] == []

    def test_is_refused_while_paused(self, submit, robin, at, now_stands):
        approval = submit()
        robin.paused_at = at
        robin.save()

        with pytest.raises(Paused):
            revising.revise(approval.pk, {"arguments": {}}, at=at)

        assert now_stands(approval).revision == 1

    def test_comes_too_late_after_a_decision_or_the_deadline(self, submit, decide, ada, at):
        decided, overdue = submit(), submit()
        decide(decided, ada, "approve")

        with pytest.raises(AlreadySettled):
            revising.revise(decided.pk, {"arguments": {}}, at=at)
        with pytest.raises(Expired):
            revising.revise(overdue.pk, {"arguments": {}}, at=overdue.expires_at)


class TestAnAgentThatLetsItsTurnPass:
    @pytest.mark.parametrize("on_timeout", ["reject", "escalate", "approve"])
    def test_is_rejected_whatever_silence_means_otherwise(
        self, publish, submit, decide, ada, now_stands, on_timeout
    ):
        publish(on_timeout=on_timeout)
        approval = submit()
        decide(approval, ada, "request_changes", feedback="Half of it.")

        with pytest.raises(Expired) as refused:
            revising.revise(approval.pk, {"arguments": {}}, at=approval.expires_at)

        stands = now_stands(approval)
        assert (stands.status, stands.via) == (Status.REJECTED, Via.TIMEOUT)
        assert refused.value.current["status"] == "rejected"


class TestCancel:
    def test_withdraws_and_keeps_the_reason(self, submit, at, now_stands, robin):
        approval = submit()

        revising.cancel(approval.pk, reason="No longer needed.", at=at)

        stands = now_stands(approval)
        assert (stands.status, stands.via, stands.may_proceed) == ("cancelled", "agent", False)
        assert stands.decided["feedback"] == "No longer needed."
        assert not hasattr(stands, "grant")

    def test_works_on_the_agent_s_own_turn(self, submit, decide, ada, at, now_stands):
        approval = submit()
        decide(approval, ada, "request_changes", feedback="Half of it.")

        revising.cancel(approval.pk, reason="", at=at)

        assert now_stands(approval).status == Status.CANCELLED

    def test_does_not_undo_a_decision(self, submit, decide, ada, at, now_stands):
        approval = submit()
        decide(approval, ada, "approve")

        with pytest.raises(AlreadySettled) as refused:
            revising.cancel(approval.pk, reason="", at=at)

        assert refused.value.current["status"] == "approved"
        assert now_stands(approval).status == Status.APPROVED

    def test_a_plan_s_steps_will_not_run(self, submit, at, now_stands):
        approval = submit(steps=[{"id": "a", "action": "x"}])

        revising.cancel(approval.pk, reason="", at=at)

        assert [step["status"] for step in now_stands(approval).decided["steps"]] == ["rejected"]


class TestReportOutcome:
    def report(self, approval, at, **report):
        return revising.report_outcome(
            approval.pk, report={"status": "succeeded"} | report, reporter="agent:1", at=at
        )

    def test_keeps_several_and_late_ones(self, submit, decide, ada, at, now_stands, events_of):
        approval = submit()
        decide(approval, ada, "approve")

        self.report(approval, at)
        self.report(approval, at + timedelta(days=400), status="harmful", severity=3, loss=12.5)

        kept = approval.outcome_reports.order_by("reported_at")
        assert [report.status for report in kept] == ["succeeded", "harmful"]
        assert kept[1].loss == Decimal("12.50")
        assert events_of(now_stands(approval))[-2:] == [events.OUTCOME_REPORTED] * 2

    @pytest.mark.parametrize(
        ("loss", "kept"),
        [(0, "0"), (0.01, "0.01"), (1e15, "1000000000000000"), (0.1 + 0.2, "0.30"), (None, None)],
    )
    def test_keeps_losses_of_any_size(self, submit, decide, ada, at, loss, kept):
        approval = submit()
        decide(approval, ada, "approve")

        self.report(approval, at, loss=loss)

        found = approval.outcome_reports.get().loss
        assert found == (None if kept is None else Decimal(kept))

    def test_is_refused_where_nothing_was_to_run(self, submit, decide, ada, at):
        waiting, rejected = submit(), submit()
        decide(rejected, ada, "reject")

        for approval in (waiting, rejected):
            with pytest.raises(NothingRan):
                self.report(approval, at)

    def test_words_are_kept_out_of_the_chain(self, submit, decide, ada, at):
        approval = submit()
        decide(approval, ada, "approve")

        self.report(approval, at, detail="Paid to Jane Doe.")

        assert approval.outcome_reports.get().detail == "Paid to Jane Doe."


def test_a_decision_in_a_race_with_a_revision_is_never_about_other_bytes(
    submit, decide, ada, at, now_stands
):
    approval = submit()
    revising.revise(approval.pk, {"arguments": {"amount": 10}}, at=at)
    same_bytes_other_revision = Ruling(Verdict.APPROVE, 1, now_stands(approval).digest)

    with pytest.raises(StaleRevision):
        decisions.decide(approval.pk, same_bytes_other_revision, reviewer=ada, at=at)

    assert Decision.objects.count() == 0
