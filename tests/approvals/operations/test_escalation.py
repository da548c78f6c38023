"""What time does: ladders, deadlines, silence."""

from datetime import timedelta

import pytest

from approvals import events
from approvals.models import ApprovalRequest, Message
from approvals.operations import _deadlines, decisions, escalation, revising
from approvals.operations._deadlines import Expired
from approvals.operations._voting import DecisionNotAllowed, InvalidDecision
from approvals.rules.lifecycle import Status, Via
from approvals.rules.tiers import Tier
from tests import factories

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TWO_RUNGS = [{"after_seconds": 600, "to": "team_lead"}, {"after_seconds": 1800, "to": "director"}]


def sweep(at):
    return escalation.escalate_due(at=at)


class TestTheSweep:
    def test_does_nothing_before_its_time(self, publish, submit, at, now_stands):
        publish(reminders=[])
        approval = submit()

        assert sweep(at + HOUR - timedelta(microseconds=1)) == 0
        assert now_stands(approval).status == Status.PENDING

    def test_rejects_at_the_deadline_and_says_that_it_was_time(
        self, submit, at, now_stands, events_of
    ):
        approval = submit()

        assert sweep(at + HOUR) == 1

        stands = now_stands(approval)
        assert (stands.status, stands.via, stands.may_proceed) == ("rejected", "timeout", False)
        assert stands.decided["feedback"] == "Nobody decided in time."
        assert events_of(approval)[-1] == events.REJECTED_BY_TIMEOUT
        assert stands.messages.get().type == "approval.settled"

    def test_acts_once(self, submit, at):
        submit()
        sweep(at + HOUR)

        assert sweep(at + HOUR) == sweep(at + 2 * HOUR) == 0
        assert Message.objects.count() == 1

    def test_goes_through_more_than_a_batch(self, submit, at, monkeypatch):
        monkeypatch.setattr(escalation, "BATCH", 2)
        for _ in range(7):
            submit()

        assert sweep(at + HOUR) == 7

    def test_one_that_fails_holds_up_no_other(self, submit, at, now_stands, monkeypatch):
        broken, sound = submit(), submit()
        strike = _deadlines.strike

        def fail(approval, *, at):
            if approval.pk == broken.pk:
                raise RuntimeError("a bug")
            strike(approval, at=at)

        monkeypatch.setattr(_deadlines, "strike", fail)

        assert sweep(at + HOUR) == 1
        assert now_stands(sound).status == Status.REJECTED
        assert now_stands(broken).status == Status.PENDING


class TestTheLadder:
    def test_is_climbed_rung_by_rung(self, publish, submit, at, now_stands, events_of):
        publish(ladder=TWO_RUNGS, quorum={"director": 2}, reminders=[])
        approval = submit()
        assert approval.next_due_at == at + 10 * MINUTE

        sweep(at + 10 * MINUTE)
        assert now_stands(approval).required_tier == "team_lead"
        sweep(at + 30 * MINUTE)

        stands = now_stands(approval)
        assert (stands.required_tier, stands.quorum_needed) == ("director", 2)
        assert stands.next_due_at == stands.expires_at == at + HOUR
        assert events_of(approval) == [events.SUBMITTED, events.CLIMBED, events.CLIMBED]
        assert [m.type for m in stands.messages.all()] == ["approval.escalated"] * 2

    def test_a_late_worker_takes_both_rungs_at_once(self, publish, submit, at, now_stands):
        publish(ladder=TWO_RUNGS)
        approval = submit()

        sweep(at + 40 * MINUTE)

        assert now_stands(approval).required_tier == "director"
        assert now_stands(approval).messages.count() == 1

    def test_holds_although_no_worker_noticed(self, publish, submit, decide, at, ben, now_stands):
        publish(ladder=TWO_RUNGS)
        approval = submit()

        with pytest.raises(decisions.NotAuthorized, match="needs a team lead"):
            decide(approval, ben, "approve", when=at + 10 * MINUTE)

        stands = now_stands(approval)
        assert (stands.status, stands.required_tier) == (Status.PENDING, "team_lead")
        assert stands.next_due_at == at + 30 * MINUTE

    def test_never_lowers_what_is_needed(self, publish, submit, at, now_stands):
        publish(ladder=TWO_RUNGS, reminders=[])
        approval = submit(risk_score=0.95)

        sweep(at + 40 * MINUTE)

        stands = now_stands(approval)
        assert stands.required_tier == "executive"
        assert stands.messages.count() == 0
        assert stands.next_due_at == stands.expires_at

    def test_frees_a_claim(self, publish, submit, at, ada, now_stands):
        publish(ladder=TWO_RUNGS)
        approval = submit()
        ApprovalRequest.objects.update(claimed_by=ada, claimed_until=at + HOUR)

        sweep(at + 10 * MINUTE)

        assert now_stands(approval).claimed_by is None


class TestSilenceThatEscalates:
    def test_asks_each_tier_once_and_then_rejects(self, publish, submit, at, now_stands, events_of):
        publish(on_timeout="escalate")
        approval = submit()

        seen = []
        for hours in range(1, 5):
            sweep(at + hours * HOUR)
            stands = now_stands(approval)
            seen.append((stands.status, stands.required_tier, stands.expires_at))

        assert seen == [
            ("pending", "team_lead", at + 2 * HOUR),
            ("pending", "director", at + 3 * HOUR),
            ("pending", "executive", at + 4 * HOUR),
            ("rejected", "executive", at + 4 * HOUR),
        ]
        assert events_of(approval)[1:] == [
            *[events.ESCALATED_BY_TIMEOUT] * 3,
            events.REJECTED_BY_TIMEOUT,
        ]

    def test_counts_the_new_window_from_when_it_was_noticed(self, publish, submit, at, now_stands):
        publish(on_timeout="escalate")
        approval = submit(expires_in_seconds=60)

        sweep(at + 10 * MINUTE)

        stands = now_stands(approval)
        assert (stands.window_starts_at, stands.expires_at) == (
            at + 10 * MINUTE,
            at + HOUR + 10 * MINUTE,
        )

    def test_does_not_forget_rungs_that_no_worker_noticed(self, publish, submit, at, now_stands):
        publish(on_timeout="escalate", ladder=[{"after_seconds": 600, "to": "director"}])
        approval = submit()

        sweep(at + HOUR)

        assert now_stands(approval).required_tier == "executive"

    def test_climbs_later_rungs_in_the_new_window(self, publish, submit, at, now_stands):
        publish(on_timeout="escalate", ladder=[{"after_seconds": 5400, "to": "executive"}])
        approval = submit()

        sweep(at + HOUR)
        assert now_stands(approval).next_due_at == at + 90 * MINUTE
        sweep(at + 90 * MINUTE)

        assert now_stands(approval).required_tier == "executive"

    def test_lets_the_next_tier_decide(self, publish, submit, decide, at, ben, dora, now_stands):
        publish(on_timeout="escalate")
        approval = submit()
        sweep(at + HOUR)

        with pytest.raises(decisions.NotAuthorized):
            decide(approval, ben, "approve", when=at + HOUR)
        decide(approval, dora, "approve", when=at + HOUR)

        assert now_stands(approval).via == Via.HUMAN

    def test_also_when_a_late_click_is_the_first_to_notice(
        self, publish, submit, decide, at, ada, now_stands
    ):
        publish(on_timeout="escalate")
        approval = submit()

        with pytest.raises(Expired, match="now needs a team lead"):
            decide(approval, ada, "approve", when=at + HOUR)

        stands = now_stands(approval)
        assert (stands.status, stands.required_tier) == (Status.PENDING, "team_lead")


class TestSilenceThatApproves:
    @pytest.fixture(autouse=True)
    def approving(self, publish):
        publish(on_timeout="approve")

    def test_only_what_is_low_and_says_so(self, submit, at, now_stands, events_of):
        low, more = submit(amount=1000), submit(amount=1001)

        sweep(at + HOUR)

        approved = now_stands(low)
        assert (approved.status, approved.via) == (Status.APPROVED, Via.TIMEOUT)
        assert (approved.decided["by"], approved.grant.digest) == ([], approved.digest)
        assert events_of(low)[-1] == events.APPROVED_BY_TIMEOUT
        rejected = now_stands(more)
        assert (rejected.status, rejected.via) == (Status.REJECTED, Via.TIMEOUT)

    @pytest.mark.parametrize(
        "body",
        [
            {"context": {"irreversible": True}},
            {"context": {"irreversible": "yes"}},
            {"context": {"impact": {"reversibility": "irreversible"}}},
            {"steps": [{"id": "a", "action": "x", "arguments": {"irreversible": True}}]},
            {"response": {"type": "freeform"}},
            {"response": {"type": "multiselect", "options": [{"id": "a", "label": "A"}]}},
        ],
    )
    def test_never_what_a_person_must_see(self, submit, at, now_stands, body):
        approval = submit(**body)
        assert approval.risk_score < 0.3

        sweep(at + HOUR)

        stands = now_stands(approval)
        assert (stands.status, stands.via) == (Status.REJECTED, Via.TIMEOUT)

    def test_never_what_could_not_be_judged(self, publish, submit, at, now_stands):
        publish(
            on_timeout="approve",
            risk_rules=[{"name": "odd", "condition": "args.nothing > 1", "weight": 0.1}],
        )
        approval = submit()

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED

    def test_never_what_somebody_asked_the_next_tier_about(
        self, submit, decide, ben, at, now_stands
    ):
        approval = submit()
        decide(approval, ben, "escalate", feedback="Not sure.")

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED

    def test_never_what_an_edit_has_raised(self, submit, decide, ben, at, now_stands):
        approval = submit()
        decide(approval, ben, "modify", merge_patch={"amount": 50_000})

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED

    def test_never_what_a_rung_that_no_worker_noticed_had_raised(
        self, publish, submit, at, now_stands, events_of
    ):
        publish(on_timeout="approve", ladder=TWO_RUNGS)
        approval = submit()

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED
        assert events_of(approval)[1:] == [events.CLIMBED, events.REJECTED_BY_TIMEOUT]

    @pytest.mark.parametrize("what", ["agent", "checkpoint"])
    def test_never_while_paused(self, submit, at, now_stands, what):
        approval = submit()
        paused = approval.agent if what == "agent" else approval.version.checkpoint
        paused.paused_at = at
        paused.save()

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED

    def test_never_without_a_bound_below_which_it_is_low(self, publish, submit, at, now_stands):
        publish(on_timeout="approve", tiers={"director": 0.5})
        approval = submit()

        sweep(at + HOUR)

        assert now_stands(approval).status == Status.REJECTED


class TestAReviewerWhoIsUnsure:
    def test_asks_the_next_tier_and_the_trail_says_who_and_why(
        self, submit, decide, ben, at, now_stands, events_of
    ):
        approval = submit()

        decide(approval, ben, "escalate", feedback="The vendor is new.")

        stands = now_stands(approval)
        assert (stands.status, stands.required_tier) == (Status.PENDING, "team_lead")
        assert events_of(approval)[-1] == events.ESCALATED
        told = stands.messages.get()
        assert told.type == "approval.escalated"
        assert '"reason":"The vendor is new."' in told.body

    def test_need_not_have_the_authority_to_decide(self, submit, decide, ben, now_stands):
        approval = submit(amount=20_000)

        decide(approval, ben, "escalate", feedback="Too large for me.")

        assert now_stands(approval).required_tier == "executive"

    def test_cannot_ask_above_the_top(self, submit, decide, ada, ben, now_stands):
        approval = submit(risk_score=0.95)

        with pytest.raises(DecisionNotAllowed):
            decide(approval, ben, "escalate", feedback="Too large for me.")

        assert now_stands(approval).decisions.count() == 0

    def test_votes_cast_with_less_no_longer_count(
        self, publish, submit, decide, ada, ben, dora, now_stands
    ):
        publish(quorum={"team_member": 2, "team_lead": 2})
        approval = submit()
        decide(approval, ben, "approve")
        decide(approval, dora, "escalate", feedback="Ask above.")

        decide(approval, ada, "approve")
        assert now_stands(approval).status == Status.PENDING
        decide(approval, dora, "approve")

        stands = now_stands(approval)
        assert stands.status == Status.APPROVED
        assert {vote["name"] for vote in stands.decided["by"]} == {"ada", "dora"}

    def test_votes_cast_with_enough_still_count(
        self, publish, submit, decide, ada, ben, dora, now_stands
    ):
        publish(quorum={"team_member": 2, "team_lead": 2})
        approval = submit()
        decide(approval, ada, "approve")
        decide(approval, ben, "escalate", feedback="Ask above.")

        decide(approval, dora, "approve")

        assert now_stands(approval).status == Status.APPROVED


class TestDeferring:
    def test_puts_it_off_without_moving_it(self, submit, decide, ada, at, now_stands, events_of):
        approval = submit()

        decide(approval, ada, "defer", until=at + 10 * MINUTE)

        stands = now_stands(approval)
        assert (stands.status, stands.expires_at) == (Status.PENDING, at + HOUR)
        assert events_of(approval)[-1] == events.DEFERRED

    def test_does_not_keep_anybody_from_rejecting_it(self, submit, decide, ada, at, now_stands):
        approval = submit()
        decide(approval, ada, "defer", until=at + 10 * MINUTE)

        decide(approval, ada, "reject", feedback="On second thoughts, no.")

        stands = now_stands(approval)
        assert stands.status == Status.REJECTED
        assert [vote["verdict"] for vote in stands.decided["by"]] == ["reject"]

    @pytest.mark.parametrize("until", [None, -MINUTE, timedelta(0), HOUR, 2 * HOUR])
    def test_must_end_ahead_and_before_silence_decides(
        self, submit, decide, ada, at, now_stands, until
    ):
        approval = submit()

        with pytest.raises(InvalidDecision):
            decide(approval, ada, "defer", until=None if until is None else at + until)

        assert now_stands(approval).decisions.count() == 0


class TestTheDeadline:
    @pytest.mark.parametrize(
        "verdict", ["approve", "modify", "reject", "request_changes", "guide", "escalate"]
    )
    def test_comes_before_any_verdict(self, submit, decide, ada, now_stands, verdict):
        approval = submit()

        with pytest.raises(Expired) as refused:
            decide(
                approval,
                ada,
                verdict,
                when=approval.expires_at,
                feedback="x",
                **({"merge_patch": {"a": 1}} if verdict == "modify" else {}),
            )

        assert refused.value.current["status"] == "rejected"
        assert now_stands(approval).via == Via.TIMEOUT

    def test_one_instant_earlier_is_in_time(self, submit, decide, ada, now_stands):
        approval = submit()

        decide(approval, ada, "approve", when=approval.expires_at - timedelta(microseconds=1))

        assert now_stands(approval).status == Status.APPROVED

    def test_comes_before_a_withdrawal(self, submit, now_stands):
        approval = submit()

        with pytest.raises(Expired):
            revising.cancel(approval.pk, reason="", at=approval.expires_at)

        assert now_stands(approval).status == Status.REJECTED


class TestStandingInForSomebodyAway:
    @pytest.fixture
    def in_payments(self, publish):
        team = factories.TeamFactory()
        publish(team=team)
        return team

    @pytest.fixture
    def cover(self, at):
        def act(absent, delegate):
            absent.absences.create(
                delegate=delegate, starts_at=at - HOUR, ends_at=at + timedelta(days=1)
            )

        return act

    def test_decides_in_their_place_and_the_record_says_for_whom(
        self, in_payments, cover, submit, decide, dora, now_stands
    ):
        ada = factories.ReviewerFactory(user__username="ada", tier="executive", teams=["Payments"])
        cover(ada, dora)
        approval = submit(amount=20_000)

        decide(approval, dora, "approve")

        assert now_stands(approval).decided["by"] == [
            {
                "name": "dora",
                "role": "director",
                "verdict": "approve",
                "at": "2026-11-02T09:30:00.000000Z",
                "acting_for": "ada",
            }
        ]

    def test_is_a_stranger_again_once_they_are_back(
        self, in_payments, cover, submit, decide, dora, at
    ):
        ada = factories.ReviewerFactory(user__username="ada", tier="executive", teams=["Payments"])
        cover(ada, dora)
        approval = submit(when=at + timedelta(hours=23, minutes=30))

        with pytest.raises(decisions.NotAuthorized):
            decide(approval, dora, "approve", when=at + timedelta(days=1))

    def test_never_decides_what_the_absent_could_not(
        self, in_payments, cover, submit, decide, ada, now_stands
    ):
        ben = factories.ReviewerFactory(user__username="ben", teams=["Payments"])
        cover(ben, ada)
        low, high = submit(), submit(amount=20_000)

        decide(low, ada, "approve")
        with pytest.raises(decisions.NotAuthorized, match="ben is a team member"):
            decide(high, ada, "approve")

        assert now_stands(low).decided["by"][0]["role"] == "team_member"

    def test_an_edit_beyond_the_absent_s_authority_goes_up(
        self, in_payments, cover, submit, decide, ada, now_stands, events_of
    ):
        ben = factories.ReviewerFactory(user__username="ben", teams=["Payments"])
        cover(ben, ada)
        approval = submit()

        decide(approval, ada, "modify", merge_patch={"amount": 50_000})

        stands = now_stands(approval)
        assert (stands.status, stands.required_tier) == (Status.PENDING, "director")
        assert events_of(approval)[-1] == events.ESCALATED_BY_EDIT

    def test_does_not_vote_on_a_seat_that_has_voted(
        self, publish, cover, submit, decide, dora, now_stands
    ):
        publish(team=factories.TeamFactory(), quorum={"team_member": 2})
        ada = factories.ReviewerFactory(user__username="ada", tier="executive", teams=["Payments"])
        approval = submit()
        decide(approval, ada, "approve")
        cover(ada, dora)

        with pytest.raises(decisions.NotAuthorized):
            decide(approval, dora, "approve")

        assert now_stands(approval).status == Status.PENDING


def test_a_tier_taken_away_a_moment_ago_counts_as_taken_away(submit, decide, dora, now_stands):
    approval = submit(amount=20_000)
    dora.tier = Tier.TEAM_MEMBER
    dora.save()

    with pytest.raises(decisions.NotAuthorized):
        decide(approval, dora, "approve")

    assert now_stands(approval).status == Status.PENDING
