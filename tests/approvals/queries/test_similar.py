"""What people said of the like."""

import pytest

from approvals.models import Reviewer
from approvals.queries.similar import similar_to
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(ada, at):
    def act(approval, reviewer=None):
        reviewer = Reviewer.objects.with_standing().get(pk=(reviewer or ada).pk)
        return similar_to(approval, reviewer=reviewer, at=at)

    return act


class TestSimilar:
    def test_counts_what_people_decided_of_the_same_action(self, look, submit, decide, ada):
        for verdict in ("approve", "approve", "reject"):
            decide(submit(), ada, verdict)
        decide(submit(action="something_else"), ada, "approve")

        assert look(submit()).counts == {"approved": 2, "rejected": 1}

    def test_leaves_out_what_no_person_decided(self, look, submit, payments):
        payments.trigger = "args.amount > 5"
        payments.save()
        assert submit(amount=1).status == "approved"

        assert look(submit(amount=10)).total == 0

    def test_puts_the_nearest_amount_first(self, look, submit, decide, ada):
        for amount in (5, 90, 110, 1000):
            decide(submit(amount=amount), ada, "approve")

        nearest = look(submit(amount=100)).nearest

        assert [other.amount for other in nearest] == [110.0, 90.0, 1000.0, 5.0]

    def test_prefers_the_same_agent(self, look, submit, decide, ada):
        stranger = factories.AgentFactory(name="stranger")
        own = submit(amount=100)
        decide(own, ada, "approve")
        decide(submit(amount=100, agent=stranger), ada, "approve")

        assert look(submit(amount=100)).nearest[0] == own

    def test_tells_nothing_across_teams(self, look, submit, decide, ada, payments, at):
        payments.team = factories.TeamFactory(name="Payments")
        payments.save()
        outsider = factories.ReviewerFactory(tier="executive")
        ada.teams.add(payments.team)
        decide(submit(), ada, "approve")

        assert look(submit()).total == 1
        assert look(submit(), outsider).total == 0

    def test_costs_the_same_for_few_and_many(
        self, look, submit, decide, ada, django_assert_num_queries
    ):
        decide(submit(), ada, "approve")
        waiting = submit()
        with django_assert_num_queries(10, exact=False) as one:
            look(waiting)
        for amount in range(20):
            decide(submit(amount=amount), ada, "approve")

        with django_assert_num_queries(len(one)):
            assert len(look(waiting).nearest) == 5
