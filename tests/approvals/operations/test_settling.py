"""Votes, edits, answers, and the one place where an approval stops being pending."""

import json

import pytest

from approvals import events
from approvals.models import ApprovalRequest, Decision, Reviewer
from approvals.operations import _settling, decisions
from approvals.operations._editing import InvalidEdit
from approvals.operations._voting import DecisionNotAllowed, InvalidDecision
from approvals.operations.decisions import AlreadyVoted, NotAuthorized
from approvals.queries import inbox
from approvals.rules.lifecycle import IllegalMove, Status, Via
from audit import trail
from tests import factories

OPTIONS = [{"id": "a", "label": "A"}, {"id": "b", "label": "B"}, {"id": "c", "label": "C"}]
CHOICE = {"type": "multiselect", "options": OPTIONS, "max": 2}


class TestTheQuorum:
    def test_waits_for_the_second_person(self, publish, submit, decide, ada, dora, now_stands):
        publish(quorum={"team_member": 2})
        approval = submit()

        decide(approval, ada, "approve")
        assert now_stands(approval).status == Status.PENDING
        assert approval.messages.count() == 0
        decide(approval, dora, "approve")

        assert now_stands(approval).status == Status.APPROVED

    def test_is_not_one_person_twice(self, publish, submit, decide, ada, now_stands):
        publish(quorum={"team_member": 2})
        approval = submit()
        decide(approval, ada, "approve")

        for verdict in ("approve", "reject"):
            with pytest.raises(AlreadyVoted) as refused:
                decide(approval, ada, verdict)

        assert refused.value.current["status"] == "pending"
        assert now_stands(approval).decisions.count() == 1

    def test_one_no_is_enough_unless_the_policy_wants_more(
        self, publish, submit, decide, ada, ben, dora, now_stands
    ):
        one = submit()
        decide(one, ada, "reject")
        publish(quorum={"team_member": 2}, deny_threshold=2)
        two = submit()
        decide(two, ada, "reject")
        assert (now_stands(one).status, now_stands(two).status) == ("rejected", "pending")

        decide(two, ben, "approve")
        decide(two, dora, "reject", feedback="No.", reason_code="suspicious")

        stands = now_stands(two)
        assert stands.status == Status.REJECTED
        assert [vote["name"] for vote in stands.decided["by"]] == ["ada", "dora"]
        assert stands.decided["reason_code"] == "suspicious"


class TestAnswers:
    def test_reach_the_agent(self, submit, decide, ada, now_stands):
        choice, text = submit(response=CHOICE), submit(response={"type": "freeform"})

        decide(choice, ada, "approve", selected=["b", "a"])
        decide(text, ada, "approve", answer={"text": "Zürich"})

        assert now_stands(choice).decided["selected"] == ["b", "a"]
        assert now_stands(text).decided["answer"] == {"text": "Zürich"}

    @pytest.mark.parametrize("edit", [{}, {"merge_patch": {"amount": 11}}])
    @pytest.mark.parametrize("selected", [None, [], ["x"], ["a", "a"], ["a", "b", "c"]])
    def test_that_do_not_fit_are_refused_with_and_without_an_edit(
        self, submit, decide, ada, now_stands, edit, selected
    ):
        approval = submit(response=CHOICE)

        with pytest.raises(InvalidDecision):
            decide(approval, ada, "approve", selected=selected, **edit)

        assert now_stands(approval).revision == 1

    def test_are_not_taken_where_none_was_asked_for(self, submit, decide, ada):
        for extra in ({"selected": ["a"]}, {"answer": "yes"}):
            with pytest.raises(InvalidDecision):
                decide(submit(), ada, "approve", **extra)
            with pytest.raises(InvalidDecision):
                decide(submit(), ada, "modify", merge_patch={"amount": 1}, **extra)

    def test_a_no_needs_no_answer(self, submit, decide, ada, now_stands):
        approval = submit(response=CHOICE)

        decide(approval, ada, "reject")

        assert now_stands(approval).status == Status.REJECTED

    def test_two_who_chose_differently_have_not_agreed(
        self, publish, submit, decide, ada, ben, dora, now_stands
    ):
        publish(quorum={"team_member": 2})
        approval = submit(response=CHOICE)
        decide(approval, ada, "approve", selected=["a", "b"])

        decide(approval, ben, "approve", selected=["c"])
        assert now_stands(approval).status == Status.PENDING
        decide(approval, dora, "approve", selected=["b", "a"])

        stands = now_stands(approval)
        assert stands.status == Status.APPROVED
        assert stands.decided["selected"] == ["b", "a"]
        assert [vote["name"] for vote in stands.decided["by"]] == ["ada", "dora"]

    def test_a_no_never_completes_what_two_said_differently(
        self, publish, submit, decide, ada, ben, dora, now_stands
    ):
        publish(quorum={"team_member": 2}, deny_threshold=2)
        approval = submit(response=CHOICE)
        decide(approval, ada, "approve", selected=["a"])
        decide(approval, ben, "approve", selected=["b"])

        decide(approval, dora, "reject")

        assert now_stands(approval).status == Status.PENDING

    @pytest.mark.parametrize("answer", [1e-300, 0.1, {"a": [1.5, None]}, "é\U0001f600", True])
    def test_two_who_wrote_the_same_have_agreed(
        self, publish, submit, decide, ada, dora, now_stands, answer
    ):
        publish(quorum={"team_member": 2})
        approval = submit(response={"type": "freeform"})

        decide(approval, ada, "approve", answer=answer)
        decide(approval, dora, "approve", answer=answer)

        stands = now_stands(approval)
        assert stands.status == Status.APPROVED
        assert stands.decided["answer"] == answer


class TestAnEdit:
    @pytest.mark.parametrize(
        ("edit", "arguments"),
        [
            ({"arguments": {}}, {}),
            ({"arguments": {"amount": 5}}, {"amount": 5}),
            ({"merge_patch": {"amount": None, "note": "x"}}, {"note": "x"}),
        ],
    )
    def test_is_the_whole_or_a_patch(self, submit, decide, ada, now_stands, edit, arguments):
        approval = submit(amount=10)

        decide(approval, ada, "modify", **edit)

        assert now_stands(approval).decided["arguments"] == arguments

    @pytest.mark.parametrize("edit", [{"merge_patch": {}}, {"arguments": {"amount": 10.0}}])
    def test_that_changes_nothing_is_an_approval(self, submit, decide, ada, now_stands, edit):
        approval = submit(amount=10)

        decide(approval, ada, "modify", **edit)

        stands = now_stands(approval)
        assert (stands.status, stands.revision) == (Status.APPROVED, 1)
        assert Decision.objects.get().verdict == "approve"

    @pytest.mark.parametrize(
        "edit",
        [
            {"arguments": {}, "merge_patch": {}},
            {"merge_patch": {"amount": "many"}},
            {"merge_patch": {"amount": 10**20}},
            {"merge_patch": {"amount": float("nan")}},
            {"merge_patch": {"text": "\0"}},
            {"merge_patch": {"te\0xt": 1}},
            {"merge_patch": {"text": "\udc00"}},
            {"arguments": {"amount": 1, "deep": json.loads("[" * 40 + "]" * 40)}},
            {"arguments": {"amount": 1, "wide": [0] * 10_001}},
        ],
    )
    def test_that_does_not_fit_is_refused(self, submit, decide, ada, now_stands, edit):
        approval = submit(arguments_schema={"properties": {"amount": {"type": "number"}}})

        with pytest.raises(InvalidEdit):
            decide(approval, ada, "modify", **edit)

        assert now_stands(approval).revision == 1

    def test_adopted_by_a_second_person_counts_both(
        self, publish, submit, decide, ada, dora, now_stands
    ):
        publish(quorum={"team_member": 2})
        approval = submit(amount=10)
        decide(approval, ada, "modify", merge_patch={"amount": 5})

        decide(approval, dora, "approve")

        stands = now_stands(approval)
        assert stands.status == Status.MODIFIED
        assert len(stands.decided["by"]) == 2
        assert stands.decided["modifications"] == [{"op": "replace", "path": "/amount", "value": 5}]

    def test_makes_earlier_votes_void(self, publish, submit, decide, ada, ben, dora, now_stands):
        publish(quorum={"team_member": 2})
        approval = submit(amount=10)
        decide(approval, ada, "approve")
        decide(approval, dora, "modify", merge_patch={"amount": 5})
        assert now_stands(approval).status == Status.PENDING

        decide(approval, ada, "approve")

        assert now_stands(approval).status == Status.MODIFIED

    def test_above_the_editor_s_tier_goes_up_with_both_tiers_on_record(
        self, submit, decide, ben, dora, now_stands
    ):
        approval = submit(amount=10)

        decide(approval, ben, "modify", merge_patch={"amount": 50_000}, feedback="All of it.")

        stands = now_stands(approval)
        said = json.loads(trail.history_of(stands.ref)[-1].body)["data"]
        assert (said["from"], said["to"]) == ("team_member", "director")
        told = json.loads(stands.messages.get().body)["data"]["escalation"]
        assert (told["from"], told["to"], told["reason"]) == (
            "team_member",
            "director",
            "All of it.",
        )
        decide(approval, dora, "approve")
        assert [vote["name"] for vote in now_stands(approval).decided["by"]] == ["dora"]

    def test_above_the_editor_s_ceiling_is_never_theirs_to_settle(
        self, publish, submit, decide, now_stands, ada
    ):
        publish(risk_rules=[])
        limited = factories.ReviewerFactory(tier="director", amount_ceiling=1000)
        approval = submit(amount=10)

        decide(approval, limited, "modify", merge_patch={"amount": 50_000})

        stands = now_stands(approval)
        assert (stands.status, stands.required_tier) == (Status.PENDING, "executive")
        assert trail.history_of(stands.ref)[-1].type == events.ESCALATED_BY_EDIT
        decide(approval, ada, "approve")
        assert [vote["name"] for vote in now_stands(approval).decided["by"]] == ["ada"]

    def test_above_the_ceiling_of_the_highest_is_refused_on_record(
        self, publish, submit, decide, now_stands, events_of
    ):
        publish(risk_rules=[])
        limited = factories.ReviewerFactory(tier="executive", amount_ceiling=1000)
        approval = submit(amount=10)

        with pytest.raises(NotAuthorized, match=r"may decide up to 1,000\.00"):
            decide(approval, limited, "modify", merge_patch={"amount": 50_000})

        assert now_stands(approval).revision == 1
        assert events_of(approval) == [events.SUBMITTED, events.DENIED]

    def test_below_the_ceiling_stays_theirs(self, submit, decide, now_stands):
        limited = factories.ReviewerFactory(tier="director", amount_ceiling=1000)
        approval = submit(amount=10)

        decide(approval, limited, "modify", merge_patch={"amount": 1000})

        assert now_stands(approval).status == Status.MODIFIED


class TestWhoMayNot:
    @pytest.mark.parametrize("name", ["dora", "DORA", "dora@example.com", " Dora@Example.com "])
    def test_the_person_it_is_done_for(self, submit, decide, dora, now_stands, name):
        approval = submit(on_behalf_of=name)

        for verdict in ("approve", "reject", "guide", "escalate"):
            with pytest.raises(NotAuthorized):
                decide(approval, dora, verdict, feedback="x")

        assert now_stands(approval).decisions.count() == 0

    @pytest.mark.parametrize("name", ["dora", "Dora@example.com"])
    def test_the_person_it_is_done_for_and_their_queue_does_not_offer_it(
        self, submit, dora, at, name
    ):
        theirs, other = submit(on_behalf_of=name), submit()
        dora = Reviewer.objects.with_standing().get(pk=dora.pk)

        offered = set(inbox.pending_for(dora, "yours", at=at))

        assert theirs not in offered
        assert other in offered

    def test_the_owner_of_the_agent(self, submit, decide, dora, robin, now_stands):
        robin.owner = dora.user
        robin.save()

        with pytest.raises(NotAuthorized):
            decide(submit(), dora, "approve")

    @pytest.mark.parametrize(("excludes", "refused"), [(True, True), (False, False)])
    def test_the_publisher_of_the_policy_where_it_says_so(
        self, publish, submit, decide, dora, now_stands, excludes, refused
    ):
        publish(excludes_publisher=excludes, published_by=dora.user)
        approval = submit()

        if refused:
            with pytest.raises(NotAuthorized):
                decide(approval, dora, "approve")
        else:
            decide(approval, dora, "approve")
            assert now_stands(approval).status == Status.APPROVED

    def test_a_superuser_by_being_one(self, submit, decide, now_stands):
        root = factories.UserFactory(is_superuser=True, is_staff=True)
        root_reviewing = factories.ReviewerFactory(user=root, tier="team_member")

        with pytest.raises(NotAuthorized):
            decide(submit(amount=20_000), root_reviewing, "approve")

    def test_somebody_whose_authority_was_taken_since_the_door_looked(self, submit, dora, at):
        approval = submit(amount=20_000)
        as_the_door_knows_her = Reviewer.objects.with_standing().get(pk=dora.pk)
        Reviewer.objects.update(tier="team_member")
        said = decisions.Ruling(decisions.Verdict.APPROVE, 1, approval.digest)

        with pytest.raises(NotAuthorized, match="dora is a team member"):
            decisions.decide(approval.pk, said, reviewer=as_the_door_knows_her, at=at)

    def test_somebody_whose_account_was_closed(self, submit, decide, dora):
        dora.user.is_active = False
        dora.user.save()

        with pytest.raises(NotAuthorized):
            decide(submit(), dora, "approve")

    def test_a_token_for_what_is_high(self, submit, ada, at):
        approval = submit(amount=20_000)
        said = decisions.Ruling(decisions.Verdict.APPROVE, 1, approval.digest)

        with pytest.raises(NotAuthorized, match="in the browser"):
            decisions.decide(approval.pk, said, reviewer=ada, at=at, door="api")

        decisions.decide(approval.pk, said, reviewer=ada, at=at)

    def test_what_they_said_changes_nothing_but_is_on_record(
        self, submit, decide, ben, now_stands, events_of
    ):
        approval = submit(amount=20_000)

        with pytest.raises(NotAuthorized) as refused:
            decide(approval, ben, "reject")

        assert refused.value.can_escalate
        assert events_of(approval) == [events.SUBMITTED, events.DENIED]
        assert now_stands(approval).status == Status.PENDING


class TestWhatTheClientCanTake:
    @pytest.mark.parametrize(
        ("allowed", "verdict", "words"),
        [
            (["approve"], "reject", {}),
            (["reject"], "approve", {}),
            (["approve", "reject"], "modify", {"merge_patch": {"amount": 1}}),
            (["approve", "reject"], "approve", {"merge_patch": {"amount": 1}}),
            (["approve", "reject"], "request_changes", {"feedback": "Half."}),
            (["modify"], "modify", {"merge_patch": {}}),
        ],
    )
    def test_nothing_else_is_said(self, submit, decide, ada, now_stands, allowed, verdict, words):
        approval = submit(allowed_decisions=allowed)

        with pytest.raises(DecisionNotAllowed):
            decide(approval, ada, verdict, **words)

        stands = now_stands(approval)
        assert (stands.status, stands.revision, stands.decisions.count()) == ("pending", 1, 0)

    @pytest.mark.parametrize("verdict", ["guide", "escalate"])
    def test_words_it_always_can(self, submit, decide, ada, now_stands, verdict):
        approval = submit(allowed_decisions=["approve"])

        decide(approval, ada, verdict, feedback="Mind the date.")

        assert now_stands(approval).decisions.count() == 1


class TestGuidance:
    def test_reaches_the_agent_and_leaves_everything_open(self, submit, decide, ben, now_stands):
        approval = submit(amount=20_000)

        decide(approval, ben, "guide", feedback="Use the new account.")

        stands = now_stands(approval)
        assert stands.status == Status.PENDING
        told = json.loads(stands.messages.get().body)
        assert told["type"] == "approval.guided"
        assert told["data"]["feedback"][0]["feedback"] == "Use the new account."

    def test_can_be_given_more_than_once(self, submit, decide, ada, now_stands):
        approval = submit()

        for words in ("One.", "Two."):
            decide(approval, ada, "guide", feedback=words)
        decide(approval, ada, "approve")

        assert now_stands(approval).status == Status.APPROVED


class TestSettle:
    def test_refuses_to_settle_twice(self, submit, decide, ada, at):
        approval = submit()
        decide(approval, ada, "reject")
        settled = ApprovalRequest.objects.get(pk=approval.pk)

        with pytest.raises(IllegalMove):
            _settling.settle(
                settled, Status.APPROVED, via=Via.HUMAN, actor="x", at=at, verdict="approve"
            )

    def test_lets_the_database_decide_should_a_caller_come_without_the_lock(
        self, submit, decide, ada, at, now_stands
    ):
        approval = submit()
        stale = ApprovalRequest.objects.get(pk=approval.pk)
        decide(approval, ada, "reject")
        stale.trail_seq, stale.trail_hash = now_stands(approval).trail_seq, "ab"

        with pytest.raises(_settling.AlreadySettled, match="rejected by ada"):
            _settling.settle(
                stale, Status.APPROVED, via=Via.HUMAN, actor="x", at=at, verdict="approve"
            )

        assert ApprovalRequest.objects.get(pk=approval.pk).status == Status.REJECTED

    def test_numbers_what_it_tells_per_agent_and_per_approval(self, submit, decide, ada, robin):
        one, other = submit(), submit()
        decide(one, ada, "guide", feedback="Mind the date.")
        decide(other, ada, "reject")
        decide(one, ada, "approve")

        robin.refresh_from_db()
        assert [message.seq for message in robin.messages.all()] == [1, 2, 3]
        assert [message.approval_seq for message in one.messages.all()] == [1, 2]
        assert robin.feed_seq == 3

    def test_says_to_the_loser_how_it_ended(self, submit, decide, ada, dora):
        approval = submit()
        decide(approval, ada, "approve", feedback="Fine.")

        with pytest.raises(_settling.AlreadySettled) as refused:
            decide(approval, dora, "reject")

        assert refused.value.detail == ("Already approved by ada at 2026-11-02T09:30:00.000000Z.")
        assert refused.value.current["decision"]["feedback"] == "Fine."
