"""The shipped policy as a table: each sum of weights, the tier it needs, and the edges."""

from itertools import product

import pytest

from approvals.rules import authority, evaluation
from approvals.rules.amounts import LARGEST_AMOUNT
from approvals.rules.authority import Case, Standing
from approvals.rules.matching import Condition, Pattern
from approvals.rules.policy import Policy
from approvals.rules.tiers import Tier

# By amount, then 0.2 for personal data, 0.2 for a deletion, 0.3 for the public.
OF_AMOUNT = {999: 0.0, 1000: 0.0, 1001: 0.3, 10_000: 0.3, 10_001: 0.6}
CASES = list(product(OF_AMOUNT, (False, True), (False, True), (False, True)))

SMALL_REFUND = Pattern(
    "small_refund",
    (
        Condition("/action", "eq", "process_refund"),
        Condition("/arguments/amount", "max", 50),
        Condition("/context/customer_history", "eq", "good_standing"),
    ),
    max_risk=0.2,
)


def judged(*, action="process", arguments=None, context=None, patterns=()):
    candidates = evaluation.proposals(
        action=action,
        arguments=arguments or {},
        steps=[],
        about=context or {},
        agent={"name": "robin", "trust": 0.5},
        run="",
        stage="pre_execution",
    )
    return evaluation.evaluate(Policy("payments", 1), candidates, patterns=patterns)


def tier_at(score):
    bounds = [(0.9, Tier.EXECUTIVE), (0.6, Tier.DIRECTOR), (0.3, Tier.TEAM_LEAD)]
    return next((tier for bound, tier in bounds if score >= bound), Tier.TEAM_MEMBER)


@pytest.mark.parametrize(("amount", "pii", "deletes", "public"), CASES)
def test_the_score_is_the_documented_sum_and_the_tier_its_bound(amount, pii, deletes, public):
    found = judged(
        action="delete_records" if deletes else "process",
        arguments={"amount": amount, "contains_pii": pii, "public_facing": public},
    )

    score = min(round(OF_AMOUNT[amount] + 0.2 * pii + 0.2 * deletes + 0.3 * public, 6), 1.0)
    assert (found.risk.score, found.tier) == (score, tier_at(score))


class TestTheExampleTemplate:
    def refund(self, **change):
        arguments = {"amount": 50} | change.pop("arguments", {})
        context = {"customer_history": "good_standing"} | change.pop("context", {})
        said = {"action": "process_refund", "arguments": arguments, "context": context} | change
        return judged(**said, patterns=[SMALL_REFUND]).fitting == ("small_refund",)

    @pytest.mark.parametrize(
        ("amount", "passes"),
        [(0, True), (49.99, True), (50, True), (50.01, False), (51, False), ("50", False)],
    )
    def test_passes_up_to_its_edge_and_not_beyond(self, amount, passes):
        assert self.refund(arguments={"amount": amount}) == passes

    @pytest.mark.parametrize(
        "change",
        [
            {"action": "process_refunds"},
            {"context": {"customer_history": "unknown"}},
            {"context": {"customer_history": None}},
            {"arguments": {"amount": None}},
            {"arguments": {"contains_pii": True, "public_facing": True}},
            {"context": {"irreversible": True}},
        ],
        ids=str,
    )
    def test_passes_nothing_else(self, change):
        assert not self.refund(**change)

    def test_a_missing_field_never_matches(self):
        said = {"action": "process_refund", "patterns": [SMALL_REFUND]}
        good = {"customer_history": "good_standing"}

        assert not judged(**said, arguments={}, context=good).fitting
        assert not judged(**said, arguments={"amount": 50}, context={}).fitting


class TestACeiling:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"amount": 5000},
            {"amount": "5,000"},
            {"amount": "5000.00"},
            {"amount": "five thousand"},
            {"total": 5000},
            {"payment": {"amount": "EUR 5.000"}},
        ],
        ids=str,
    )
    def test_is_not_escaped_by_another_way_of_writing_it(self, arguments):
        lea = Standing("r", "u", "Lea", Tier.EXECUTIVE, amount_ceiling=1000)
        amount = judged(arguments=arguments).amount
        case = Case("payments", Tier.TEAM_MEMBER, at=None, amount=amount)

        objection = authority.objection_to(lea, case)

        assert (objection.code, objection.can_escalate) == ("insufficient_authority", True)

    def test_says_so_where_the_amount_cannot_be_read(self):
        lea = Standing("r", "u", "Lea", Tier.EXECUTIVE, amount_ceiling=1000)
        case = Case("payments", Tier.TEAM_MEMBER, at=None, amount=LARGEST_AMOUNT)

        assert authority.objection_to(lea, case).sentence == (
            "Lea may decide up to 1,000.00; this amount cannot be read as one."
        )
