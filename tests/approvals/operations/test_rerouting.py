"""Whom an edit goes to: routing follows what would run."""

import pytest

from approvals import events
from approvals.models import Decision, Grant, Reviewer
from approvals.operations import decisions, revising
from approvals.operations.decisions import NotAuthorized
from approvals.rules.ruling import Ruling
from approvals.rules.verdicts import Verdict
from tests import factories

# An amount above 1,000 needs a director, one above 50,000 an executive.
RULES = [
    {"name": "any", "condition": "true", "weight": 0.3},
    {"name": "much", "condition": "args.amount > 1000.0", "weight": 0.3},
    {"name": "very_much", "condition": "args.amount > 50000.0", "weight": 0.3},
]


@pytest.fixture
def lea(db):
    """A team lead."""
    return factories.ReviewerFactory(user__username="lea", tier="team_lead")


@pytest.fixture
def strict(publish):
    return publish(risk_rules=RULES, quorum={"executive": 2})


@pytest.fixture
def lenient(publish):
    return publish(risk_rules=RULES, edits_may_lower=True)


class TestUp:
    def test_from_500_to_90_000_it_waits_for_an_executive(
        self, strict, submit, decide, lea, now_stands, events_of
    ):
        approval = submit(amount=500)

        decide(approval, lea, "modify", merge_patch={"amount": 90_000})

        stands = now_stands(approval)
        assert (stands.required_tier, stands.quorum_needed) == ("executive", 2)
        assert (stands.status, Grant.objects.count()) == ("pending", 0)
        assert events_of(approval)[-1] == events.ESCALATED_BY_EDIT

    def test_the_proposal_of_a_lead_is_no_vote_among_executives(
        self, strict, submit, decide, lea, ada, now_stands
    ):
        approval = submit(amount=500)
        decide(approval, lea, "modify", merge_patch={"amount": 90_000})

        assert decide(approval, ada, "approve").status == "pending"

        other = factories.ReviewerFactory(tier="executive")
        assert decide(approval, other, "approve").status == "modified"

    def test_a_token_cannot_settle_what_its_edit_made_high(
        self, strict, submit, ada, at, now_stands, events_of
    ):
        approval = submit(amount=500)
        said = Ruling(Verdict.MODIFY, 1, approval.digest, merge_patch={"amount": 5000})

        with pytest.raises(NotAuthorized, match="in the browser, not with a token"):
            decisions.decide(approval.pk, said, reviewer=ada, at=at, door=Decision.Door.API)

        assert (now_stands(approval).status, now_stands(approval).revision) == ("pending", 1)
        assert events_of(approval) == [events.SUBMITTED, events.DENIED]


class TestDown:
    def test_from_90_000_to_500_a_lead_may_not_where_the_policy_does_not_say_so(
        self, strict, submit, decide, lea, now_stands
    ):
        approval = submit(amount=90_000)

        with pytest.raises(NotAuthorized, match="This needs an executive; lea is a team lead"):
            decide(approval, lea, "modify", merge_patch={"amount": 500})

        assert now_stands(approval).revision == 1

    def test_from_90_000_to_500_an_edit_keeps_the_tier_where_the_policy_does_not_say_so(
        self, strict, submit, decide, ada, now_stands
    ):
        approval = submit(amount=90_000)

        decide(approval, ada, "modify", merge_patch={"amount": 500})

        assert now_stands(approval).required_tier == "executive"

    def test_from_90_000_to_500_a_lead_suffices_where_it_does(
        self, lenient, submit, decide, lea, now_stands
    ):
        approval = submit(amount=90_000)

        assert decide(approval, lea, "modify", merge_patch={"amount": 500}).status == "modified"

        stands = now_stands(approval)
        assert (stands.required_tier, stands.decided["arguments"]) == ("team_lead", {"amount": 500})

    def test_a_lead_may_lower_no_less_than_to_what_is_theirs(
        self, lenient, submit, decide, lea, now_stands, events_of
    ):
        approval = submit(amount=90_000)

        with pytest.raises(NotAuthorized, match="This needs a director; lea is a team lead"):
            decide(approval, lea, "modify", merge_patch={"amount": 5000})

        assert now_stands(approval).revision == 1
        assert events_of(approval) == [events.SUBMITTED, events.DENIED]

    def test_an_edit_that_changes_nothing_gives_no_vote(
        self, lenient, submit, decide, lea, now_stands
    ):
        approval = submit(amount=90_000)

        with pytest.raises(NotAuthorized):
            decide(approval, lea, "modify", merge_patch={"amount": 90_000})

        assert now_stands(approval).decisions.count() == 0

    def test_what_somebody_escalated_stays_where_it_was_sent(
        self, lenient, submit, decide, lea, dora, now_stands
    ):
        approval = submit(amount=5000)
        decide(approval, dora, "escalate", feedback="I am not sure.")

        with pytest.raises(NotAuthorized, match="This needs an executive"):
            decide(approval, lea, "modify", merge_patch={"amount": 500})

    def test_what_is_not_theirs_to_see_is_not_theirs_to_lower(
        self, publish, submit, decide, lea, now_stands
    ):
        publish(risk_rules=RULES, edits_may_lower=True, team=factories.TeamFactory(name="Treasury"))
        approval = submit(amount=90_000)

        with pytest.raises(NotAuthorized, match="belongs to the team Treasury"):
            decide(approval, lea, "modify", merge_patch={"amount": 500})

    def test_a_stricter_policy_of_today_still_counts(
        self, lenient, publish, submit, decide, lea, now_stands
    ):
        approval = submit(amount=90_000)
        publish(risk_rules=[{"name": "any", "condition": "true", "weight": 0.7}])

        with pytest.raises(NotAuthorized, match="This needs a director"):
            decide(approval, lea, "modify", merge_patch={"amount": 500})

    def test_the_agent_itself_lowers_nothing(self, lenient, submit, at, now_stands):
        approval = submit(amount=90_000)

        revising.revise(approval.pk, {"arguments": {"amount": 500}}, at=at)

        assert now_stands(approval).required_tier == "executive"

    def test_a_lead_is_offered_the_edit_and_not_the_yes(self, lenient, submit, lea, at):
        approval = submit(amount=90_000)
        lea = Reviewer.objects.with_standing().get(pk=lea.pk)

        def offered(verdict):
            return decisions.objection_to(approval, lea, Verdict(verdict), at=at) is None

        assert (offered("modify"), offered("approve"), offered("reject")) == (True, False, False)
