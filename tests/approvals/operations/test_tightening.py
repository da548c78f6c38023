"""A policy that changes while a request waits: stricter counts, looser does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import events
from approvals.models import CheckpointVersion, Decision, Message, Reviewer
from approvals.operations import batches, decisions, escalation
from approvals.operations._escalating import NoLivePolicy
from approvals.operations._settling import AlreadySettled
from approvals.operations.batches import Item
from approvals.operations.decisions import NotAuthorized
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from audit import trail
from tests import factories

# Under these, an amount of 10 needs a director, or an executive.
DIRECTOR = [{"name": "all", "condition": "true", "weight": 0.7}]
EXECUTIVE = [{"name": "all", "condition": "true", "weight": 0.95}]


class TestAStricterPolicy:
    def test_stops_who_was_enough_and_asks_the_next(
        self, publish, submit, decide, ben, dora, now_stands, events_of
    ):
        approval = submit()
        publish(risk_rules=DIRECTOR)

        with pytest.raises(NotAuthorized, match="This needs a director; ben is a team member"):
            decide(approval, ben, "approve")

        stands = now_stands(approval)
        assert (stands.required_tier, stands.status) == ("director", "pending")
        assert events_of(approval)[1:] == [events.ESCALATED_BY_POLICY, events.DENIED]
        assert decide(approval, dora, "approve").status == "approved"

    def test_tells_the_agent(self, publish, submit, decide, dora):
        approval = submit()
        publish(risk_rules=DIRECTOR)

        decide(approval, dora, "approve")

        told = Message.objects.filter(approval=approval).order_by("seq")
        assert [message.type for message in told] == ["approval.escalated", "approval.settled"]

    def test_keeps_the_vote_of_who_is_enough_still(
        self, publish, submit, decide, ada, now_stands, events_of
    ):
        approval = submit()
        publish(risk_rules=EXECUTIVE, quorum={"executive": 2})

        decide(approval, ada, "approve")

        stands = now_stands(approval)
        assert (stands.status, stands.quorum_needed) == ("pending", 2)
        assert events_of(approval)[1:] == [events.ESCALATED_BY_POLICY, events.DECIDED]
        other = factories.ReviewerFactory(tier="executive")
        assert decide(approval, other, "approve").status == "approved"

    def test_may_ask_for_more_people_of_the_same_tier(
        self, publish, submit, decide, ben, dora, now_stands
    ):
        approval = submit()
        publish(quorum={"team_member": 2})

        assert decide(approval, ben, "approve").status == "pending"

        assert now_stands(approval).quorum_needed == 2
        assert decide(approval, dora, "approve").status == "approved"

    def test_holds_for_an_edit_too(self, publish, submit, decide, ben, now_stands):
        approval = submit()
        publish(
            risk_rules=[{"name": "much", "condition": "args.amount > 100.0", "weight": 0.7}],
        )

        decide(approval, ben, "modify", merge_patch={"amount": 500})

        stands = now_stands(approval)
        assert (stands.required_tier, stands.status, stands.revision) == ("director", "pending", 2)

    def test_holds_in_a_batch(self, publish, submit, ben, now_stands):
        approval = submit(when=timezone.now())
        publish(risk_rules=DIRECTOR)

        [result] = batches.decide_many(
            [Item(approval.pk, 1, approval.digest)],
            Verdict.APPROVE,
            reviewer=Reviewer.objects.with_standing().get(pk=ben.pk),
        )

        assert (result.result, result.code) == ("skipped", "insufficient_authority")
        assert now_stands(approval).required_tier == "director"

    def test_holds_for_a_token(self, publish, submit, dora, at, now_stands):
        approval = submit()
        publish(risk_rules=DIRECTOR)
        said = Ruling(Verdict.APPROVE, 1, approval.digest)

        with pytest.raises(NotAuthorized, match="in the browser, not with a token"):
            decisions.decide(approval.pk, said, reviewer=dora, at=at, door=Decision.Door.API)

        assert now_stands(approval).status == "pending"

    def test_does_not_stand_against_a_no(self, publish, submit, decide, ben, events_of):
        approval = submit()
        publish(risk_rules=DIRECTOR)

        assert decide(approval, ben, "reject").status == "rejected"
        assert events.ESCALATED_BY_POLICY not in events_of(approval)

    def test_counts_a_vote_cast_before_with_authority_enough(
        self, publish, submit, decide, ada, ben, now_stands
    ):
        publish(quorum={"team_member": 2})
        approval = submit()
        decide(approval, ada, "approve")
        publish(risk_rules=DIRECTOR)

        with pytest.raises(AlreadySettled):
            decide(approval, ben, "approve")

        decided = now_stands(approval).decided
        assert [vote["name"] for vote in decided["by"]] == ["ada"]

    def test_does_not_let_silence_approve(self, publish, submit, at, now_stands):
        publish(on_timeout="approve")
        approval = submit()
        publish(on_timeout="approve", risk_rules=DIRECTOR)

        escalation.escalate_due(at=at + timedelta(hours=2))

        assert (now_stands(approval).status, now_stands(approval).via) == ("rejected", "timeout")

    @pytest.mark.parametrize("stricter", [{"on_timeout": "reject"}, {"never_auto": "true"}])
    def test_takes_silence_its_word(self, publish, submit, at, now_stands, stricter):
        publish(on_timeout="approve")
        approval = submit()
        publish(**({"on_timeout": "approve"} | stricter))

        escalation.escalate_due(at=at + timedelta(hours=2))

        assert now_stands(approval).status == "rejected"

    def test_is_put_on_record_with_its_reason(self, publish, submit, decide, ada):
        approval = submit()
        publish(risk_rules=DIRECTOR)

        decide(approval, ada, "approve")

        raised = next(
            event
            for event in trail.history_of(approval.ref)
            if event.type == events.ESCALATED_BY_POLICY
        )
        assert raised.actor == "policy:payments"


class TestALooserPolicy:
    def test_changes_nothing(self, publish, submit, decide, ben, now_stands):
        publish(risk_rules=DIRECTOR, quorum={"director": 2})
        approval = submit()
        publish(risk_rules=[])

        with pytest.raises(NotAuthorized):
            decide(approval, ben, "approve")

        stands = now_stands(approval)
        assert (stands.required_tier, stands.quorum_needed) == ("director", 2)

    def test_does_not_let_silence_approve(self, publish, submit, at, now_stands):
        approval = submit()
        publish(on_timeout="approve")

        escalation.escalate_due(at=at + timedelta(hours=2))

        assert now_stands(approval).status == "rejected"

    def test_does_not_lower_what_a_stricter_one_has_raised(
        self, publish, submit, decide, ben, now_stands
    ):
        approval = submit()
        publish(risk_rules=DIRECTOR)
        with pytest.raises(NotAuthorized):
            decide(approval, ben, "approve")
        publish(risk_rules=[])

        with pytest.raises(NotAuthorized):
            decide(approval, ben, "approve")

        assert now_stands(approval).required_tier == "director"


class TestWithoutALivePolicy:
    @pytest.fixture
    def retired(self, submit):
        approval = submit()
        CheckpointVersion.objects.update(state="retired")
        return approval

    def test_nothing_is_approved(self, retired, decide, ada, now_stands):
        for words in ({}, {"merge_patch": {"amount": 1}}):
            with pytest.raises(NoLivePolicy, match="payments has no live policy any more"):
                decide(retired, ada, "approve", **words)

        assert now_stands(retired).status == "pending"

    def test_a_no_is_still_a_no(self, retired, decide, ada):
        assert decide(retired, ada, "reject").status == "rejected"


class TestATierThatNeedsFewer:
    def test_is_content_with_the_votes_that_suffice_there(
        self, publish, submit, decide, ada, ben, now_stands
    ):
        publish(quorum={"team_member": 3, "team_lead": 1})
        approval = submit()
        decide(approval, ada, "approve")

        decide(approval, ben, "escalate", feedback="I am not sure.")

        stands = now_stands(approval)
        assert (stands.status, stands.decided["by"][0]["name"]) == ("approved", "ada")

    def test_waits_where_the_votes_do_not_suffice(self, publish, submit, decide, ben, now_stands):
        publish(quorum={"team_member": 3, "team_lead": 1})
        approval = submit()
        decide(approval, ben, "approve")

        decide(approval, factories.ReviewerFactory(), "escalate", feedback="I am not sure.")

        assert now_stands(approval).status == "pending"

    def test_waits_while_everything_is_paused(
        self, publish, submit, decide, ada, ben, robin, at, now_stands
    ):
        publish(quorum={"team_member": 3, "team_lead": 1})
        approval = submit()
        decide(approval, ada, "approve")
        robin.paused_at = at
        robin.save()

        decide(approval, ben, "escalate", feedback="I am not sure.")

        assert now_stands(approval).status == "pending"

    def test_is_content_with_them_when_the_ladder_reaches_it(
        self, publish, submit, decide, ada, ben, at, now_stands
    ):
        publish(
            quorum={"team_member": 3, "team_lead": 1},
            ladder=[{"after_seconds": 60, "to": "team_lead"}],
        )
        approval = submit()
        decide(approval, ada, "approve")

        with pytest.raises(AlreadySettled):
            decide(approval, ben, "reject", when=at + timedelta(minutes=2))

        assert now_stands(approval).status == "approved"

    def test_nothing_is_approved_by_a_rung_noticed_after_the_deadline(
        self, publish, submit, decide, ada, at, now_stands
    ):
        publish(
            quorum={"team_member": 3, "team_lead": 1},
            ladder=[{"after_seconds": 60, "to": "team_lead"}],
        )
        approval = submit()
        decide(approval, ada, "approve")

        escalation.escalate_due(at=at + timedelta(hours=2))

        assert (now_stands(approval).status, now_stands(approval).via) == ("rejected", "timeout")
