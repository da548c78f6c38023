"""A bypass: who may open one, for how long, and how little passes by it."""

import base64
import json
from datetime import timedelta

import pytest

from approvals import events
from approvals.models import Bypass
from approvals.operations import bypasses, submission
from approvals.operations.bypasses import BypassOver, InvalidBypass, MayNotOpen
from approvals.refusals import Paused
from audit import trail
from tests import factories

STORM = "A storm of reminders"


@pytest.fixture
def open_one(payments, dora, at):
    """`open_one(**fields)`: a bypass of `payments`, by default Dora's, for an hour."""

    def act(*, by=dora, lasts=timedelta(hours=1), reason=STORM, when=at, **fields):
        return bypasses.open_bypass(
            payments.checkpoint,
            by_user=by.user,
            lasts=lasts,
            reason=reason,
            actor=f"user:{by.user.pk}",
            at=when,
            **fields,
        )

    return act


def claims_of(approval):
    body = approval.grant.token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


class TestOpening:
    @pytest.mark.parametrize("tier", ["director", "executive"])
    def test_is_for_a_director_and_above(self, open_one, tier):
        assert open_one(by=factories.ReviewerFactory(tier=tier)).is_on

    @pytest.mark.parametrize("tier", ["team_member", "team_lead"])
    def test_is_not_for_less(self, open_one, tier):
        with pytest.raises(MayNotOpen, match="This needs a director"):
            open_one(by=factories.ReviewerFactory(tier=tier))

        assert not Bypass.objects.exists()

    def test_is_not_for_a_superuser_who_reviews_nothing(self, payments, at):
        root = factories.UserFactory(is_superuser=True)

        with pytest.raises(MayNotOpen, match="is not a reviewer"):
            bypasses.open_bypass(
                payments.checkpoint,
                by_user=root,
                lasts=timedelta(hours=1),
                reason=STORM,
                actor="user:1",
                at=at,
            )

    def test_is_not_for_who_has_no_say_there(self, open_one, publish):
        publish(team=factories.TeamFactory(name="Treasury"))

        with pytest.raises(MayNotOpen, match="belongs to the team Treasury"):
            open_one()

    def test_is_not_for_the_owner_of_the_agent_it_is_for(self, open_one, robin, dora):
        robin.owner = dora.user
        robin.save()

        with pytest.raises(MayNotOpen, match="owns the agent"):
            open_one(agent=robin)

    @pytest.mark.parametrize("lasts", [timedelta(), timedelta(hours=8, seconds=1)])
    def test_is_for_eight_hours_at_most(self, open_one, lasts):
        with pytest.raises(InvalidBypass, match="up to 8 hours"):
            open_one(lasts=lasts)

    def test_wants_a_reason(self, open_one):
        with pytest.raises(InvalidBypass, match="Say why"):
            open_one(reason="  ")

    def test_and_ending_are_on_record(self, open_one, at):
        bypass = open_one()
        bypasses.end_bypass(bypass, actor="user:1", at=at)

        history = trail.history_of(bypass.ref)
        assert [event.type for event in history] == [events.BYPASS_OPENED, events.BYPASS_ENDED]
        assert history[0].texts.get().text == STORM
        with pytest.raises(BypassOver):
            bypasses.end_bypass(bypass, actor="user:1", at=at)


class TestWhileItIsOpen:
    def test_what_is_low_passes_and_says_so(self, open_one, submit, events_of):
        bypass = open_one()

        approval = submit()

        assert (approval.status, approval.via) == ("approved", "bypass")
        decided = approval.decided
        assert (decided["via"], decided["by"]) == ("bypass", [])
        assert decided["policy"]["bypass"] == str(bypass.pk)
        assert claims_of(approval)["via"] == "bypass"
        assert trail.history_of(approval.ref)[-1].actor == bypass.ref

    def test_a_group_passes_too(self, open_one, robin, at):
        open_one()
        body = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}

        made = submission.submit_group(robin, "turn", [body, body], at=at)

        approvals = robin.approvals.filter(pk__in=made.approvals)
        assert {approval.via for approval in approvals} == {"bypass"}

    def test_what_a_policy_lets_pass_is_not_called_a_bypass(self, open_one, publish, submit):
        open_one()
        publish(auto_approve_below=0.2)

        assert submit().via == "threshold"

    @pytest.mark.parametrize(
        "body",
        [
            {"amount": 5000},
            {"risk_score": 0.3},
            {"steps": [{"id": "a", "action": "pay", "arguments": {"amount": 5000}}]},
            {"steps": [{"id": "a", "action": "pay", "risk_score": 0.3}]},
            {"context": {"irreversible": True}},
            {"steps": [{"id": "a", "action": "pay", "arguments": {"irreversible": True}}]},
            {"amount": "not a number"},
            {"response": {"type": "freeform"}},
            {"allowed_decisions": ["modify", "reject"]},
        ],
        ids=str,
    )
    def test_nothing_else_does(self, open_one, submit, body):
        open_one()

        assert submit(**body).is_pending

    def test_nothing_does_where_no_tier_is_low(self, open_one, publish, submit):
        open_one()
        publish(tiers={"team_lead": 0.0, "director": 0.6})

        assert submit().is_pending

    def test_a_rule_that_cannot_be_evaluated_asks_a_person(self, open_one, publish, submit):
        publish(risk_rules=[{"name": "odd", "condition": "args.nothing > 1", "weight": 0.01}])
        open_one()

        assert submit().is_pending

    def test_another_agent_s_does_not_count(self, open_one, submit):
        open_one(agent=factories.AgentFactory())

        assert submit().is_pending

    def test_another_checkpoint_s_does_not_count(self, open_one, submit):
        open_one()
        factories.VersionFactory(checkpoint__name="refunds")

        assert submit(checkpoint="refunds").is_pending

    def test_it_reaches_no_further_than_its_opener(self, open_one, submit, dora, robin):
        open_one()
        assert submit(on_behalf_of="dora").is_pending

        robin.owner = dora.user
        robin.save()
        assert submit().is_pending

    @pytest.mark.parametrize("change", [{"tier": "team_lead"}, {"is_active": False}], ids=str)
    def test_it_lapses_with_the_authority_of_its_opener(self, open_one, submit, dora, change):
        open_one()
        for name, value in change.items():
            setattr(dora, name, value)
        dora.save()

        assert submit().is_pending

    def test_the_kill_switch_is_stronger(self, open_one, submit, robin, at):
        open_one()
        robin.paused_at = at
        robin.save()

        with pytest.raises(Paused):
            submit()

    def test_what_waited_before_still_waits(self, open_one, submit, now_stands):
        before = submit()

        open_one()

        assert now_stands(before).is_pending


class TestAfterwards:
    def test_nothing_passes_when_its_time_is_over(self, open_one, submit, at):
        open_one()

        assert not submit(when=at + timedelta(minutes=59)).is_pending
        assert submit(when=at + timedelta(hours=1)).is_pending

    def test_nothing_passes_once_it_is_ended(self, open_one, submit, at):
        bypasses.end_bypass(open_one(), actor="user:1", at=at)

        assert submit().is_pending
