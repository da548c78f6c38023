"""Plans: each step decided by itself, and the agent gets exactly the approved ones."""

from datetime import timedelta

import pytest

from approvals import events
from approvals.models import ApprovalRequest, PlanStep
from approvals.operations import escalation, grants
from approvals.operations._editing import InvalidEdit
from approvals.operations._voting import DecisionNotAllowed
from approvals.rules.canonical import digest
from approvals.rules.lifecycle import Status, Via

INVOICES = {"inv-1": 3200, "inv-2": 2800, "inv-3": 2500, "inv-4": 2100, "inv-5": 1900}


@pytest.fixture
def submit_plan(submit):
    """`submit_plan(b="a")`: steps a, b, c, d, of which b depends on a."""

    def act(**depends_on):
        steps = [
            {
                "id": name,
                "action": "pay",
                "arguments": {"amount": place},
                "depends_on": depends_on.get(name, "").split(),
            }
            for place, name in enumerate("abcd", start=1)
        ]
        return submit(arguments={}, steps=steps)

    return act


@pytest.fixture
def two_needed(publish):
    publish(quorum={"team_member": 2, "team_lead": 2, "director": 2})


def steps_of(decided):
    return {step["id"]: step["status"] for step in decided["steps"]}


def verdicts(**said):
    return {name: {"verdict": verdict} for name, verdict in said.items()}


class TestPayingInvoices:
    """Five invoices, of which the third is in dispute."""

    @pytest.fixture
    def plan(self, submit):
        steps = [
            {"id": name, "action": "pay_invoice", "arguments": {"amount": amount}}
            for name, amount in INVOICES.items()
        ]
        return submit(
            action="process_payments",
            arguments={"batch": "november"},
            steps=steps,
            context={"amount": 12_500},
            run="invoices",
        )

    def test_four_run_and_the_third_waits_in_a_request_of_its_own(
        self, plan, decide, dora, now_stands, events_of
    ):
        assert (plan.amount, plan.required_tier) == (12_500, "director")

        said = {"inv-3": {"verdict": "defer", "feedback": "In dispute."}}
        decide(plan, dora, "approve", steps=said)

        stands = now_stands(plan)
        assert (stands.status, stands.decided["verdict"]) == (Status.MODIFIED, "modify")
        assert steps_of(stands.decided) == dict.fromkeys(INVOICES, "approved") | {
            "inv-3": "deferred"
        }
        runs = stands.revisions.get(number=2).steps
        assert sum(step["arguments"]["amount"] for step in runs) == 10_000
        assert stands.grant.digest == digest(
            {"action": "process_payments", "arguments": {"batch": "november"}, "steps": runs}
        )
        follow_up = now_stands(ApprovalRequest.objects.get(follows=plan))
        assert stands.decided["follow_up"] == [str(follow_up.pk)]
        assert (follow_up.status, follow_up.run) == (Status.PENDING, "invoices")
        assert [step["id"] for step in follow_up.revisions.get().steps] == ["inv-3"]
        assert events_of(plan)[-2:] == [events.FOLLOW_UP_CREATED, events.SETTLED]
        assert [message.type for message in follow_up.messages.all()] == [
            "approval.follow_up_created"
        ]

    def test_the_rows_of_the_steps_say_the_same(self, plan, decide, dora):
        decide(plan, dora, "approve", steps={"inv-3": {"verdict": "defer", "feedback": "Why?"}})

        rows = {step.step_id: step for step in PlanStep.objects.filter(approval=plan)}
        assert (rows["inv-3"].status, rows["inv-3"].feedback) == ("deferred", "Why?")
        assert rows["inv-1"].status == "approved"

    def test_the_follow_up_can_be_decided_like_any_other(self, plan, decide, dora, now_stands, at):
        decide(plan, dora, "approve", steps=verdicts(**{"inv-3": "defer"}))
        follow_up = ApprovalRequest.objects.get(follows=plan)

        decide(follow_up, dora, "approve")

        stands = now_stands(follow_up)
        assert stands.status == Status.APPROVED
        grants.consume(follow_up.pk, digest=stands.digest, at=at)


class TestThePlan:
    def test_approved_as_it_is_runs_as_it_is(self, submit_plan, decide, ada, now_stands):
        approval = submit_plan(b="a")

        decide(approval, ada, "approve")

        stands = now_stands(approval)
        assert (stands.status, stands.revision) == (Status.APPROVED, 1)
        assert steps_of(stands.decided) == dict.fromkeys("abcd", "approved")
        assert stands.grant.digest == approval.digest

    def test_saying_yes_to_each_step_changes_nothing(self, submit_plan, decide, ada, now_stands):
        approval = submit_plan()

        decide(approval, ada, "approve", steps=verdicts(**dict.fromkeys("abcd", "approve")))

        stands = now_stands(approval)
        assert (stands.status, stands.revision) == (Status.APPROVED, 1)

    def test_rejecting_a_step_blocks_what_depends_on_it(self, submit_plan, decide, ada, now_stands):
        approval = submit_plan(b="a", c="b")

        decide(approval, ada, "approve", steps=verdicts(a="reject"))

        stands = now_stands(approval)
        assert steps_of(stands.decided) == {
            "a": "rejected",
            "b": "blocked",
            "c": "blocked",
            "d": "approved",
        }
        assert [step["id"] for step in stands.revisions.get(number=2).steps] == ["d"]

    def test_deferring_carries_what_depends_on_it_into_the_follow_up(
        self, submit_plan, decide, ada, now_stands
    ):
        approval = submit_plan(b="a", c="a b")

        decide(approval, ada, "approve", steps=verdicts(b="defer"))

        assert steps_of(now_stands(approval).decided) == {
            "a": "approved",
            "b": "deferred",
            "c": "deferred",
            "d": "approved",
        }
        carried = ApprovalRequest.objects.get(follows=approval).revisions.get().steps
        # What has been approved runs before; only its deferred company is left to wait for.
        assert [(step["id"], step["depends_on"]) for step in carried] == [("b", []), ("c", ["b"])]

    def test_editing_a_step_runs_it_as_edited(self, submit_plan, decide, ada, now_stands):
        approval = submit_plan()

        said = {"b": {"verdict": "modify", "merge_patch": {"amount": 50}}}
        decide(approval, ada, "modify", steps=said)

        stands = now_stands(approval)
        (b,) = [step for step in stands.decided["steps"] if step["id"] == "b"]
        assert (b["status"], b["arguments"]) == ("modified", {"amount": 50})
        assert stands.revisions.get(number=2).steps[1]["arguments"] == {"amount": 50}

    @pytest.mark.parametrize("verdict", ["reject", "skip"])
    def test_of_which_nothing_may_run_is_rejected(
        self, submit_plan, decide, ada, now_stands, verdict
    ):
        approval = submit_plan()

        decide(approval, ada, "approve", steps=verdicts(**dict.fromkeys("abcd", verdict)))

        stands = now_stands(approval)
        assert (stands.status, stands.may_proceed) == (Status.REJECTED, False)
        assert not hasattr(stands, "grant")

    def test_of_which_everything_waits_runs_nothing_now(self, submit_plan, decide, ada, now_stands):
        approval = submit_plan()

        decide(approval, ada, "approve", steps=verdicts(**dict.fromkeys("abcd", "defer")))

        stands = now_stands(approval)
        assert (stands.status, stands.may_proceed) == (Status.REJECTED, False)
        assert set(steps_of(stands.decided).values()) == {"deferred"}
        follow_up = ApprovalRequest.objects.get(follows=approval)
        assert len(follow_up.revisions.get().steps) == 4

    @pytest.mark.parametrize(
        "steps",
        [
            verdicts(nothing="skip"),
            {"a": {"verdict": "modify", "arguments": {}, "merge_patch": {}}},
            {"a": {"verdict": "modify", "arguments": {"amount": float("inf")}}},
            {"a": {"verdict": "modify", "arguments": {"text": "\0"}}},
            {"a": {"verdict": "modify", "arguments": {"text": "\ud800"}}},
            {"a": {"verdict": "modify", "merge_patch": {"n": 2**60}}},
        ],
    )
    def test_refuses_an_edit_that_does_not_fit(self, submit_plan, decide, ada, now_stands, steps):
        approval = submit_plan()

        with pytest.raises(InvalidEdit):
            decide(approval, ada, "modify", steps=steps)

        assert now_stands(approval).revision == 1

    def test_needs_a_client_that_can_take_an_exception(self, submit, decide, ada, now_stands):
        approval = submit(
            steps=[{"id": "a", "action": "x"}, {"id": "b", "action": "y"}],
            allowed_decisions=["approve", "reject"],
        )

        with pytest.raises(DecisionNotAllowed):
            decide(approval, ada, "approve", steps=verdicts(a="skip"))

        assert now_stands(approval).revision == 1
        decide(approval, ada, "approve", steps=verdicts(a="approve", b="approve"))


class TestAnEditThatASecondPersonAdopts:
    @pytest.fixture
    def edited(self, two_needed, submit_plan, decide, ada):
        approval = submit_plan(b="a", d="c")
        decide(approval, ada, "approve", steps=verdicts(a="defer"))
        return approval

    def test_is_what_runs(self, edited, decide, dora, now_stands):
        assert now_stands(edited).status == Status.PENDING

        decide(edited, dora, "approve")

        stands = now_stands(edited)
        assert stands.status == Status.MODIFIED
        assert [(vote["name"], vote["verdict"]) for vote in stands.decided["by"]] == [
            ("ada", "modify"),
            ("dora", "approve"),
        ]
        assert steps_of(stands.decided) == {
            "a": "deferred",
            "b": "deferred",
            "c": "approved",
            "d": "approved",
        }
        assert ApprovalRequest.objects.filter(follows=edited).count() == 1

    def test_rejected_by_the_second_runs_nothing_and_carries_nothing_on(
        self, edited, decide, dora, now_stands
    ):
        decide(edited, dora, "reject", feedback="None of it.")

        stands = now_stands(edited)
        assert stands.status == Status.REJECTED
        assert set(steps_of(stands.decided).values()) == {"rejected"}
        assert set(PlanStep.objects.values_list("status", flat=True)) == {"rejected"}
        assert ApprovalRequest.objects.filter(follows=edited).count() == 0

    def test_left_to_time_runs_nothing_and_carries_nothing_on(self, edited, at, now_stands):
        escalation.escalate_due(at=at + timedelta(hours=1))

        stands = now_stands(edited)
        assert stands.via == Via.TIMEOUT
        assert set(steps_of(stands.decided).values()) == {"rejected"}
        assert ApprovalRequest.objects.filter(follows=edited).count() == 0

    def test_edited_further_needs_the_first_again(self, edited, decide, ada, dora, now_stands):
        decide(edited, dora, "approve", steps=verdicts(c="skip"))
        assert now_stands(edited).status == Status.PENDING

        decide(edited, ada, "approve")

        stands = now_stands(edited)
        assert stands.status == Status.MODIFIED
        assert steps_of(stands.decided) == {
            "a": "deferred",
            "b": "deferred",
            "c": "skipped",
            "d": "approved",
        }

    def test_a_step_that_was_put_off_is_no_longer_open(self, edited, decide, dora):
        with pytest.raises(InvalidEdit, match="no open step 'a'"):
            decide(edited, dora, "approve", steps=verdicts(a="approve"))

    def test_an_edited_step_stays_marked_when_another_edit_leaves_it_alone(
        self, two_needed, submit_plan, decide, ada, dora, now_stands
    ):
        approval = submit_plan()
        changed = {"b": {"verdict": "modify", "arguments": {"amount": 9}, "feedback": "Nine."}}
        decide(approval, ada, "modify", steps=changed)
        decide(approval, dora, "modify", steps=verdicts(c="skip"))
        decide(approval, ada, "approve")

        (b,) = [step for step in now_stands(approval).decided["steps"] if step["id"] == "b"]
        assert (b["status"], b["arguments"], b["feedback"]) == ("modified", {"amount": 9}, "Nine.")

    def test_a_second_edit_may_touch_what_depends_on_a_skipped_step(
        self, two_needed, submit_plan, decide, ada, dora, now_stands
    ):
        approval = submit_plan(b="a")
        decide(approval, ada, "approve", steps=verdicts(a="skip"))

        decide(approval, dora, "approve", steps=verdicts(d="skip"))
        decide(approval, ada, "approve")

        assert steps_of(now_stands(approval).decided) == {
            "a": "skipped",
            "b": "approved",
            "c": "approved",
            "d": "skipped",
        }

    def test_rejecting_a_step_blocks_also_what_was_put_off_before(
        self, two_needed, submit_plan, decide, ada, dora, now_stands
    ):
        approval = submit_plan(b="a")
        decide(approval, ada, "approve", steps=verdicts(b="defer"))

        decide(approval, dora, "approve", steps=verdicts(a="reject"))
        decide(approval, ada, "approve")

        stands = now_stands(approval)
        assert steps_of(stands.decided)["b"] == "blocked"
        assert stands.decided["follow_up"] == []

    def test_the_same_edit_said_again_is_a_yes(
        self, two_needed, submit_plan, decide, ada, dora, now_stands
    ):
        approval = submit_plan()
        decide(approval, ada, "approve", steps=verdicts(a="skip"))
        said_again = verdicts(b="approve", c="approve", d="approve")

        decide(approval, dora, "approve", steps=said_again)

        stands = now_stands(approval)
        assert (stands.status, stands.revision) == (Status.MODIFIED, 2)
        assert [vote["verdict"] for vote in stands.decided["by"]] == ["modify", "approve"]


class TestTheFollowUp:
    def follow_up_of(self, approval, decide, reviewer):
        decide(approval, reviewer, "approve", steps=verdicts(a="defer"))
        return ApprovalRequest.objects.get(follows=approval)

    def test_waits_for_a_person_whatever_its_risk(self, publish, submit, decide, ada):
        publish(auto_approve_below=0.5)
        steps = [{"id": "a", "action": "x"}, {"id": "b", "action": "y"}]

        follow_up = self.follow_up_of(submit(steps=steps, risk_score=0.6), decide, ada)

        assert follow_up.status == Status.PENDING

    def test_stands_under_the_version_of_the_first_although_it_is_retired(
        self, publish, submit_plan, decide, ada
    ):
        first = submit_plan()
        publish(timeout_seconds=60)

        assert self.follow_up_of(first, decide, ada).version == first.version

    def test_has_a_deadline_of_its_own_and_no_place_in_the_turn(self, submit, decide, ada, at):
        steps = [{"id": "a", "action": "x"}, {"id": "b", "action": "y"}]
        first = submit(
            steps=steps,
            expires_in_seconds=900,
            group={"id": "turn", "index": 0, "size": 1},
            on_behalf_of="cleo@example.com",
        )

        decide(first, ada, "approve", steps=verdicts(a="defer"), when=at + timedelta(minutes=5))

        follow_up = ApprovalRequest.objects.get(follows=first)
        assert follow_up.expires_at == at + timedelta(minutes=65)
        assert follow_up.group is None
        assert follow_up.on_behalf_of == "cleo@example.com"

    def test_is_created_although_the_agent_s_callback_is_no_longer_allowed(
        self, submit, decide, ada, robin, now_stands
    ):
        robin.callback_prefixes = ["https://agents.example.com/"]
        robin.save()
        steps = [{"id": "a", "action": "x"}, {"id": "b", "action": "y"}]
        first = submit(steps=steps, callback_url="https://agents.example.com/hook")
        robin.callback_prefixes = []
        robin.save()

        follow_up = self.follow_up_of(first, decide, ada)

        assert follow_up.callback_url == ""
        assert now_stands(first).status == Status.MODIFIED

    def test_can_be_deferred_in_its_turn(self, submit_plan, decide, ada, now_stands):
        first = submit_plan()
        decide(first, ada, "approve", steps=verdicts(a="defer", b="defer"))
        second = ApprovalRequest.objects.get(follows=first)
        decide(second, ada, "approve", steps=verdicts(b="defer"))

        third = now_stands(ApprovalRequest.objects.get(follows=second))

        assert [step["id"] for step in third.revisions.get().steps] == ["b"]
