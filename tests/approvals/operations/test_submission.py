import json
from datetime import timedelta

import pytest
from django.db import connection

from approvals import events
from approvals.models import ApprovalRequest, Grant, Message
from approvals.operations import submission
from approvals.operations._passing import WayThrough
from approvals.operations._preparing import (
    InvalidPlan,
    InvalidResponse,
    InvalidSchema,
    MissingContext,
    SchemaViolation,
    UnknownCheckpoint,
    UrlNotAllowed,
)
from approvals.operations.submission import IdempotencyKeyReused
from approvals.refusals import Paused
from approvals.rules.canonical import digest
from approvals.rules.lifecycle import Status, Via
from audit import trail
from audit.models import Event
from tests import factories

BODY = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}


class TestSubmit:
    def test_waits_for_a_person_with_the_tier_that_the_risk_needs(self, submit, now_stands, at):
        approval = now_stands(submit(amount=12_500, run="november"))

        assert (approval.status, approval.via, approval.decision) == (Status.PENDING, "", "")
        assert (approval.risk_score, approval.required_tier) == (0.6, "director")
        assert (approval.submitted_at, approval.expires_at) == (at, at + timedelta(hours=1))
        # The first reminder.
        assert approval.next_due_at == at + timedelta(minutes=30)
        assert approval.run == "november"
        assert not hasattr(approval, "grant")

    def test_binds_exactly_what_would_run(self, submit):
        approval = submit(arguments={"b": 1.0, "a": "é"}, context={"rationale": "due"})

        revision = approval.revisions.get()
        assert revision.body == '{"action":"pay","arguments":{"a":"é","b":1}}'
        assert approval.digest == revision.digest == digest(revision.proposed)
        assert revision.about == {"rationale": "due"}

    def test_records_what_the_policy_said(self, submit, robin):
        approval = submit(amount=2000)

        event = trail.history_of(approval.ref)[0]
        said = json.loads(event.body)["data"]
        assert (event.type, event.actor) == (events.SUBMITTED, robin.ref)
        assert said["rules"] == ["amount_over_1000"]
        assert (said["risk"], said["required_tier"], said["version"]) == ("0.3", "team_lead", 1)

    def test_owes_the_agent_nothing_while_it_waits(self, submit):
        submit()

        assert Message.objects.count() == 0

    @pytest.mark.parametrize("action", ["x" * 200, "ä" * 200, "🚆" * 200])
    def test_takes_names_as_long_as_the_contract_says(self, submit, action):
        text = "n" * 200
        steps = [{"id": text, "action": text}, {"id": "b", "action": "c", "depends_on": [text]}]

        approval = submit(
            action=action,
            run=text,
            steps=steps,
            on_behalf_of="o" * 254,
            group={"id": text, "index": 99, "size": 100},
        )

        assert ApprovalRequest.objects.get(pk=approval.pk).action == action

    @pytest.mark.parametrize(
        "arguments",
        [
            {"amount": 1e308},
            {"amount": 5e-324},
            {"amount": -0.0},
            {"amount": 2**53 - 1},
            {"amount": "1e308"},
            {"amount": "９９"},
            {"amount": {"deep": [[[1e300]]]}},
        ],
    )
    def test_takes_numbers_of_any_size(self, submit, arguments, now_stands):
        steps = [{"id": str(place), "action": "pay", "arguments": arguments} for place in range(3)]

        now_stands(
            submit(
                arguments=arguments,
                steps=steps,
                response={"type": "freeform", "schema": {"maximum": 1e300}},
            )
        )

    @pytest.mark.parametrize(
        ("asked", "seconds"),
        [({}, 3600), ({"expires_in_seconds": 60}, 60), ({"expires_in_seconds": 31_536_000}, 3600)],
    )
    def test_lets_the_agent_only_shorten_the_time(self, submit, at, asked, seconds):
        assert submit(**asked).expires_at == at + timedelta(seconds=seconds)

    def test_gives_the_reported_risk_of_a_step_its_weight(self, submit):
        steps = [{"id": "a", "action": "pay", "risk_score": 0.95}, {"id": "b", "action": "pay"}]

        approval = submit(steps=steps, risk_score=0.1)

        assert (approval.risk["reported"], approval.required_tier) == (0.95, "executive")

    def test_takes_few_queries(self, submit, robin, at, django_assert_max_num_queries):
        submit()

        # Among them the savepoint and its release, which stand for BEGIN and COMMIT.
        with django_assert_max_num_queries(13):
            submission.submit(robin, BODY, at=at, idempotency_key="k")
        with django_assert_max_num_queries(1):
            submission.submit(robin, BODY, at=at, idempotency_key="k")

    def test_takes_as_few_for_a_plan_of_many_steps(
        self, submit, robin, at, django_assert_max_num_queries
    ):
        submit()
        steps = [{"id": str(place), "action": "pay"} for place in range(200)]

        with django_assert_max_num_queries(13):
            submission.submit(robin, BODY | {"steps": steps}, at=at)


class TestARefusedSubmission:
    @pytest.mark.parametrize(
        ("body", "refusal"),
        [
            ({"checkpoint": "paymnets"}, UnknownCheckpoint),
            ({"steps": [{"id": "a", "action": "x"}, {"id": "a", "action": "y"}]}, InvalidPlan),
            ({"steps": [{"id": "a", "action": "x", "depends_on": ["a"]}]}, InvalidPlan),
            ({"steps": [{"id": "a", "action": "x", "depends_on": ["b"]}]}, InvalidPlan),
            ({"arguments_schema": {"type": "nonsense"}}, InvalidSchema),
            ({"arguments_schema": {"$ref": "http://127.0.0.1:1/"}}, InvalidSchema),
            ({"arguments_schema": {"properties": {"amount": {"maximum": 5}}}}, SchemaViolation),
            ({"response": {"type": "multiselect"}}, InvalidResponse),
            ({"response": {"type": "freeform", "schema": {"type": 1}}}, InvalidResponse),
            ({"callback_url": "https://example.com/hook"}, UrlNotAllowed),
        ],
    )
    def test_leaves_nothing_behind(self, robin, payments, at, body, refusal):
        with pytest.raises(refusal) as refused:
            submission.submit(robin, BODY | body, at=at)

        assert refused.value.errors[0]["pointer"].startswith("/")
        assert ApprovalRequest.objects.count() == Event.objects.count() == 0

    def test_names_close_checkpoints(self, robin, payments, at):
        with pytest.raises(UnknownCheckpoint, match="Did you mean payments"):
            submission.submit(robin, BODY | {"checkpoint": "payment"}, at=at)

    def test_may_go_to_the_default_checkpoint_where_the_server_says_so(self, submit, settings):
        settings.UNKNOWN_CHECKPOINT = "default"
        factories.VersionFactory(checkpoint__name="default")

        assert submit(checkpoint="never_heard_of").checkpoint == "default"

    def test_says_everything_that_its_context_lacks(self, publish, robin, at):
        publish(required_context=["/rationale", "/impact/scope"])

        with pytest.raises(MissingContext) as refused:
            submission.submit(robin, BODY | {"context": {"rationale": " "}}, at=at)

        assert [error["pointer"] for error in refused.value.errors] == [
            "/context/rationale",
            "/context/impact/scope",
        ]
        assert ApprovalRequest.objects.count() == 0

    def test_wants_its_context_even_where_a_template_would_pass_it(self, publish, robin, at):
        live = publish(required_context=["/rationale"])
        factories.TemplateFactory(checkpoint=live.checkpoint)

        with pytest.raises(MissingContext):
            submission.submit(robin, BODY, at=at)

    def test_a_context_that_says_nothing_is_flagged_or_refused_by_setting(self, submit, settings):
        approval = submit(context={"data": {"x": 1}})
        assert "context.vague" in [flag["code"] for flag in approval.flags]

        settings.VAGUE_CONTEXT = "reject"
        with pytest.raises(MissingContext):
            submit(context={"data": {"x": 1}})

    def test_hidden_characters_are_flagged_even_in_the_action(self, submit):
        flagged = {flag["pointer"] for flag in submit(action="dele\u200bte").flags}

        assert flagged == {"/action"}


class TestIdempotency:
    def test_the_same_key_and_body_answer_the_first_result(self, robin, payments, at):
        first = submission.submit(robin, BODY, at=at, idempotency_key="k")
        again = submission.submit(robin, BODY, at=at + timedelta(days=1), idempotency_key="k")

        assert (first.replayed, again.replayed) == (False, True)
        assert first.approvals == again.approvals
        assert ApprovalRequest.objects.count() == 1

    def test_the_order_of_members_and_the_spelling_of_numbers_do_not_matter(
        self, robin, payments, at
    ):
        submission.submit(robin, BODY, at=at, idempotency_key="k")
        same = {"arguments": {"amount": 10.0}, "action": "pay", "checkpoint": "payments"}

        assert submission.submit(robin, same, at=at, idempotency_key="k").replayed

    def test_another_body_is_refused(self, robin, payments, at):
        submission.submit(robin, BODY, at=at, idempotency_key="k")

        with pytest.raises(IdempotencyKeyReused):
            submission.submit(robin, BODY | {"action": "other"}, at=at, idempotency_key="k")

        assert ApprovalRequest.objects.count() == 1

    def test_another_agent_s_key_is_another_key(self, robin, payments, at):
        other = factories.AgentFactory()
        submission.submit(robin, BODY, at=at, idempotency_key="k")

        assert not submission.submit(other, BODY, at=at, idempotency_key="k").replayed

    def test_a_retry_is_answered_although_the_world_has_changed(self, robin, publish, at):
        first = submission.submit(robin, BODY, at=at, idempotency_key="k")
        publish(required_context=["/rationale"])
        robin.paused_at = at
        robin.save()

        assert (
            submission.submit(robin, BODY, at=at, idempotency_key="k").approvals == first.approvals
        )

    def test_a_refused_submission_uses_up_no_key(self, robin, payments, at):
        with pytest.raises(InvalidPlan):
            submission.submit(
                robin,
                BODY | {"steps": [{"id": "a", "action": "x", "depends_on": ["a"]}]},
                at=at,
                idempotency_key="k",
            )

        assert not submission.submit(robin, BODY, at=at, idempotency_key="k").replayed


def ways(approval):
    return approval.status, approval.via


class TestWhatPassesAtOnce:
    def test_a_trigger_that_does_not_apply(self, publish, submit, now_stands, events_of):
        publish(trigger='action.startsWith("process_")')

        approval = now_stands(submit())

        assert ways(approval) == (Status.APPROVED, Via.NOT_TRIGGERED)
        assert events_of(approval) == [events.SUBMITTED, events.SETTLED]
        assert approval.grant.digest == approval.digest
        assert approval.decided["by"] == []
        assert approval.messages.get().type == "approval.settled"

    def test_a_risk_below_the_threshold(self, publish, submit):
        publish(auto_approve_below=0.3)

        assert ways(submit(amount=1000)) == (Status.APPROVED, Via.THRESHOLD)
        assert ways(submit(amount=1001)) == (Status.PENDING, "")

    def test_a_template_and_its_name_is_on_record(self, submit, payments):
        template = factories.TemplateFactory(checkpoint=payments.checkpoint)

        approval = submit(amount=50)

        assert ways(approval) == (Status.APPROVED, Via.TEMPLATE)
        assert approval.template == template
        assert approval.decided["policy"]["template"] == "small_payments"
        assert ways(submit(amount=50.01)) == (Status.PENDING, "")

    @pytest.mark.parametrize("state", ["off", "suspended"])
    def test_not_a_template_that_is_off(self, submit, payments, state):
        factories.TemplateFactory(checkpoint=payments.checkpoint, state=state)

        assert submit().status == Status.PENDING

    def test_not_a_template_of_another_checkpoint(self, submit):
        factories.TemplateFactory(checkpoint__name="refunds")

        assert submit().status == Status.PENDING

    @pytest.mark.parametrize(("left", "status"), [(1, Status.APPROVED), (0, Status.PENDING)])
    def test_not_a_template_whose_time_has_run_out(self, submit, payments, at, left, status):
        factories.TemplateFactory(
            checkpoint=payments.checkpoint, expires_at=at + timedelta(seconds=left)
        )

        assert submit().status == status

    def test_nothing_irreversible(self, publish, submit):
        live = publish(auto_approve_below=1.0)
        factories.TemplateFactory(checkpoint=live.checkpoint, max_risk=1.0)

        assert submit(context={"impact": {"reversibility": "irreversible"}}).via == ""
        assert submit(context={"irreversible": "yes"}).via == ""

    @pytest.mark.parametrize("policy", [{"auto_approve_below": 1.0}, {"trigger": "false"}])
    def test_no_question_for_a_policy_cannot_answer_it(self, publish, submit, policy):
        publish(**policy)

        assert submit(response={"type": "freeform"}).status == Status.PENDING

    def test_nothing_while_paused(self, publish, submit, robin, at):
        publish(trigger="false")
        robin.paused_at = at
        robin.save()

        with pytest.raises(Paused):
            submit()

        assert Grant.objects.count() == ApprovalRequest.objects.count() == 0

    def test_evaluate_says_the_same_and_creates_nothing(self, submit, robin, payments, at):
        template = factories.TemplateFactory(checkpoint=payments.checkpoint)

        prepared = submission.evaluate(robin, BODY, at=at)

        assert submission.way_through(prepared, at=at) == WayThrough(Via.TEMPLATE, template)
        assert ApprovalRequest.objects.count() == Event.objects.count() == 0


class TestTheLimitsOfATemplate:
    @pytest.mark.parametrize(
        ("limits", "amounts", "passed"),
        [
            ({"max_per_day": 2}, [1, 1, 1], [True, True, False]),
            ({"max_per_hour": 1}, [1, 1], [True, False]),
            ({"max_amount_per_day": "100.00"}, [50, 50, 0.01], [True, True, False]),
            ({"max_amount_per_day": "100.00"}, [50, 49.99, 0.01, 0.01], [True, True, True, False]),
            # What does not fit now may fit later in smaller parts.
            ({"max_amount_per_day": "60.00"}, [50, 50, 10], [True, False, True]),
            ({"max_amount_per_day": "0.00"}, [0.01, 0], [False, True]),
            # A negative amount gives nothing back.
            ({"max_amount_per_day": "50.00"}, [-50, 50, 1], [True, False, False]),
        ],
    )
    def test_hold_at_the_edge(self, submit, payments, limits, amounts, passed):
        factories.TemplateFactory(checkpoint=payments.checkpoint, **limits)

        assert [submit(amount=amount).via == Via.TEMPLATE for amount in amounts] == passed

    @pytest.mark.parametrize(
        ("limits", "window"),
        [({"max_per_hour": 1}, timedelta(hours=1)), ({"max_per_day": 1}, timedelta(days=1))],
    )
    def test_look_back_exactly_so_far(self, submit, payments, at, limits, window):
        factories.TemplateFactory(checkpoint=payments.checkpoint, **limits)
        submit()

        just_inside = submit(when=at + window - timedelta(microseconds=1))
        just_outside = submit(when=at + window)

        assert (just_inside.via, just_outside.via) == ("", Via.TEMPLATE)

    def test_an_amount_that_nobody_can_see_is_not_within_a_limit(self, submit, payments):
        factories.TemplateFactory(
            checkpoint=payments.checkpoint,
            conditions=[{"pointer": "/action", "operator": "eq", "value": "pay"}],
            max_amount_per_day=100,
        )

        assert submit(arguments={}).via == ""

    def test_past_its_limit_the_next_template_may_fit(self, submit, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint, name="a_first", max_per_day=1)
        factories.TemplateFactory(checkpoint=payments.checkpoint, name="b_second")

        assert [submit().template.name for _ in range(2)] == ["a_first", "b_second"]

    def test_count_the_members_of_one_turn(self, robin, payments, at):
        factories.TemplateFactory(checkpoint=payments.checkpoint, max_per_day=2)

        made = submission.submit_group(robin, "turn", [BODY] * 3, at=at)

        found = [ApprovalRequest.objects.get(pk=pk).via for pk in made.approvals]
        assert found == [Via.TEMPLATE, Via.TEMPLATE, ""]


class TestAnEditedPolicy:
    def test_never_changes_what_was_submitted_under_the_old_one(
        self, publish, submit, decide, dora, ada, now_stands, at
    ):
        before = submit(amount=5000)
        publish(tiers={"executive": 0.9}, on_timeout="approve", timeout_seconds=60)
        after = submit(amount=5000)

        assert (before.version.number, before.required_tier) == (1, "team_lead")
        assert (after.version.number, after.required_tier) == (2, "team_member")
        decide(before, dora, "modify", merge_patch={"amount": 20_000})
        stands = now_stands(before)
        assert (stands.status, stands.required_tier) == (Status.MODIFIED, "director")
        assert stands.decided["policy"]["version"] == 1
        assert stands.expires_at == at + timedelta(hours=1)


def test_the_same_bytes_on_both_databases(submit):
    approval = submit(
        arguments={"amount": 1e21, "small": 1e-7, "text": "\u2028é\U0001f600", "n": [None, True]}
    )

    assert approval.revisions.get().body == (
        '{"action":"pay","arguments":{"amount":1e+21,"n":[null,true],"small":1e-7,'
        '"text":"\u2028é\U0001f600"}}'
    ), connection.vendor
