"""The kill switch: who pulls it, and what it holds."""

import pytest

from approvals import events
from approvals.operations import agents, grants, submission
from approvals.operations.agents import UnknownAgent, UnknownCheckpoint
from approvals.refusals import Paused
from approvals.rules.lifecycle import Status
from audit import trail
from tests import factories

SWITCHES = {"agent": {"agent": "robin"}, "checkpoint": {"checkpoint": "payments"}, "all": {}}
every_switch = pytest.mark.parametrize("what", SWITCHES.values(), ids=SWITCHES)


@pytest.fixture
def pause(at):
    return lambda **what: agents.pause(paused=True, actor="user:1", at=at, **what)


@pytest.fixture
def resume(at):
    return lambda **what: agents.pause(paused=False, actor="user:1", at=at, **what)


@every_switch
class TestWhileItHolds:
    def test_nothing_new_is_submitted(self, submit, pause, resume, what):
        submit()
        pause(**what)

        with pytest.raises(Paused):
            submit()

        resume(**what)
        assert submit().status == Status.PENDING

    def test_nothing_is_approved_and_everything_can_be_rejected(
        self, submit, decide, ada, pause, now_stands, what
    ):
        one, other = submit(), submit()
        pause(**what)

        for words in ({}, {"merge_patch": {"amount": 1}}):
            with pytest.raises(Paused):
                decide(one, ada, "approve", **words)
        decide(other, ada, "reject")

        assert (now_stands(one).status, now_stands(other).status) == ("pending", "rejected")

    def test_a_yes_given_before_cannot_be_completed(
        self, publish, submit, decide, ada, dora, pause, now_stands, what
    ):
        publish(quorum={"team_member": 2})
        approval = submit()
        decide(approval, ada, "approve")
        pause(**what)

        with pytest.raises(Paused):
            decide(approval, dora, "approve")

        assert now_stands(approval).status == Status.PENDING

    def test_no_permission_is_taken(self, submit, decide, ada, pause, at, what):
        approval = submit()
        decide(approval, ada, "approve")
        pause(**what)

        with pytest.raises(Paused):
            grants.consume(approval.pk, digest=approval.digest, at=at)

    def test_people_can_still_talk(self, submit, decide, ada, pause, now_stands, what):
        approval = submit()
        pause(**what)

        decide(approval, ada, "guide", feedback="We are paused.")
        decide(approval, ada, "request_changes", feedback="Wait.")

        assert now_stands(approval).status == Status.CHANGES_REQUESTED

    def test_it_is_on_record(self, robin, payments, pause, resume, what):
        ref = pause(**what)
        assert resume(**what) == ref

        history = trail.history_of(ref)
        assert [event.type for event in history] == [events.PAUSED, events.RESUMED]
        assert trail.first_break(history) is None


class TestTheSwitch:
    def test_of_one_holds_no_other(self, submit, robin, payments, at):
        factories.AgentFactory(name="other")
        factories.VersionFactory(checkpoint__name="refunds")
        agents.pause(paused=True, actor="user:1", at=at, agent="other")
        agents.pause(paused=True, actor="user:1", at=at, checkpoint="refunds")

        assert submit().status == Status.PENDING

    def test_refuses_a_name_nobody_knows(self, db, pause):
        with pytest.raises(UnknownAgent):
            pause(agent="nobody")
        with pytest.raises(UnknownCheckpoint):
            pause(checkpoint="nothing")

    def test_is_read_afresh_and_not_from_what_the_caller_holds(self, submit, robin, pause, at):
        submit()
        pause(agent="robin")
        assert robin.paused_at is None

        with pytest.raises(Paused):
            submission.submit(
                robin, {"checkpoint": "payments", "action": "pay", "arguments": {}}, at=at
            )
