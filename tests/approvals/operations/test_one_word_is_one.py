"""Nobody's word counts twice, and neither the clock nor a token stands for one that is missing."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import ApprovalTemplate, Decision, Installation
from approvals.operations import approval_templates, bypasses, decisions, escalation, submission
from approvals.operations.versions import SecondPersonNeeded
from approvals.refusals import Refusal
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from tests import factories

HOUR = timedelta(hours=1)
FOR_LEADS = [{"name": "all", "condition": "true", "weight": 0.4}]


@pytest.fixture
def by_token(at):
    def act(approval, who):
        ruling = Ruling(Verdict.APPROVE, approval.revision, approval.digest)
        door = Decision.Door.API
        decisions.decide(approval.pk, ruling, reviewer=who, at=at, door=door)

    return act


class TestATokensVote:
    @pytest.fixture
    def half(self, publish, submit, dora, by_token):
        publish(quorum={"team_lead": 2}, risk_rules=FOR_LEADS, on_timeout="escalate")
        asked = submit()
        by_token(asked, dora)
        return asked

    def test_does_not_count_once_a_director_is_asked_for(self, half, decide, ben, now_stands):
        decide(half, ben, "escalate", feedback="This is big.")

        assert now_stands(half).required_tier == "director"
        assert now_stands(half).status == "pending"

    def test_does_not_count_under_a_stricter_policy(self, half, publish, decide, now_stands):
        publish(risk_rules=[{"name": "all", "condition": "true", "weight": 0.7}])

        with suppress(Refusal):
            decide(half, factories.ReviewerFactory(tier="team_lead"), "approve")

        assert now_stands(half).status == "pending"

    def test_does_not_count_when_silence_escalates(self, half, at, now_stands):
        escalation.escalate_due(at=at + HOUR)

        assert now_stands(half).status == "pending"


class TestSilence:
    def test_does_not_outvote_a_no(self, publish, submit, decide, ben, at, now_stands):
        publish(on_timeout="approve", deny_threshold=2)
        asked = submit()
        decide(asked, ben, "reject", feedback="This is fraud.")

        escalation.escalate_due(at=at + HOUR)

        assert now_stands(asked).status == "rejected"

    def test_does_not_complete_a_quorum_by_a_rung(
        self, publish, submit, decide, dora, at, now_stands
    ):
        publish(quorum={"team_member": 2}, ladder=[{"after_seconds": 60, "to": "team_lead"}])
        asked = submit()
        decide(asked, dora, "approve")

        escalation.escalate_due(at=at + timedelta(seconds=61))

        assert (now_stands(asked).status, now_stands(asked).quorum_needed) == ("pending", 2)


class TestASeat:
    @pytest.fixture
    def seat(self, publish):
        publish(team=factories.TeamFactory(), quorum={"team_member": 2})
        return factories.ReviewerFactory(user__username="ada", teams=["Payments"])

    def test_has_voted_when_its_stand_in_has(self, seat, submit, decide, dora, at, now_stands):
        soon = timedelta(minutes=10)
        seat.absences.create(delegate=dora, starts_at=at - HOUR, ends_at=at + soon)
        asked = submit()
        decide(asked, dora, "approve")

        with pytest.raises(Refusal, match="voted"):
            decide(asked, seat, "approve", when=at + soon)

        assert now_stands(asked).status == "pending"

    def test_is_stood_in_for_by_one_of_two(self, seat, submit, decide, dora, ben, at, now_stands):
        for delegate in (dora, ben):
            seat.absences.create(delegate=delegate, starts_at=at - HOUR, ends_at=at + HOUR)
        asked = submit()
        decide(asked, dora, "approve")

        with pytest.raises(Refusal):
            decide(asked, ben, "approve")

        assert now_stands(asked).status == "pending"


def test_who_escalates_does_not_settle_it_alone(publish, submit, decide, dora, now_stands):
    publish(quorum={"team_lead": 2}, risk_rules=FOR_LEADS)
    asked = submit()
    decide(asked, dora, "approve")

    decide(asked, dora, "escalate", feedback="Up.")

    assert (now_stands(asked).status, now_stands(asked).quorum_needed) == ("pending", 2)


def test_a_bypass_does_not_stand_for_two(publish, submit, payments, dora, at, now_stands):
    publish(quorum={"team_member": 2})
    bypasses.open_bypass(
        payments.checkpoint, by_user=dora.user, lasts=HOUR, reason="x", actor="user:1", at=at
    )

    assert now_stands(submit()).status == "pending"


def test_one_agent_does_not_hold_up_another_s_deadlines(publish, submit, at, now_stands):
    publish(timeout_seconds=60, reminders=[])
    asked = submit()
    hasty = factories.AgentFactory(name="hasty")
    for _ in range(60):
        submit(agent=hasty, expires_in_seconds=1)

    escalation.escalate_due(at=at + timedelta(seconds=60))

    assert not Installation.objects.filter(sweep_held_at__isnull=False).exists()
    assert now_stands(asked).via == "timeout"


def test_a_nested_list_costs_what_it_weighs(robin, payments, at):
    """Its shape once doubled with each level: thirty would have taken minutes and gigabytes."""
    nested = "Hello World"
    for _ in range(28):
        nested = [nested]

    body = {"checkpoint": "payments", "action": "a", "arguments": {"x": nested}}
    assert submission.submit(robin, body, at=at).approvals


class TestATemplate:
    @pytest.fixture
    def template(self, payments, dora):
        made = factories.TemplateFactory(
            checkpoint=payments.checkpoint, state=ApprovalTemplate.State.OFF
        )
        actor = f"user:{dora.user_id}"
        approval_templates.saved(made, actor=actor, at=timezone.now())
        return made

    def turn_on(self, template, person):
        actor = f"user:{person.user_id}"
        approval_templates.switch_on(template, by_user=person.user, actor=actor, at=timezone.now())

    def test_is_turned_on_by_somebody_else_than_its_writer(self, template, dora, ada):
        with pytest.raises(SecondPersonNeeded):
            self.turn_on(template, dora)

        self.turn_on(template, ada)

        template.refresh_from_db()
        assert template.state == "on"

    def test_is_off_again_once_somebody_wrote_in_it(self, template, dora, ada):
        self.turn_on(template, ada)
        template.refresh_from_db()
        template.max_risk = 1.0
        template.save()

        approval_templates.saved(template, actor=f"user:{ada.user_id}", at=timezone.now())

        assert template.state == "off"
        with pytest.raises(SecondPersonNeeded):
            self.turn_on(template, ada)
        self.turn_on(template, dora)
