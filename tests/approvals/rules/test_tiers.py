import itertools

import pytest

from approvals.rules.tiers import SHIPPED_BOUNDS, Level, Tier, level_of, tier_for


class TestTier:
    def test_each_reaches_itself_and_all_below(self):
        order = ["team_member", "team_lead", "director", "executive"]

        for one, other in itertools.product(Tier, Tier):
            assert one.reaches(other) == (order.index(one) >= order.index(other))

    def test_there_is_nothing_above_the_top(self):
        assert [tier.above for tier in Tier] == ["team_lead", "director", "executive", None]


@pytest.mark.parametrize(
    ("risk", "tier", "level"),
    [
        (0.0, "team_member", "low"),
        (0.29, "team_member", "low"),
        (0.2999999, "team_member", "low"),
        (0.3, "team_lead", "medium"),
        (0.59, "team_lead", "medium"),
        (0.6, "director", "high"),
        (0.89, "director", "high"),
        (0.9, "executive", "critical"),
        (1.0, "executive", "critical"),
        (1, "executive", "critical"),
    ],
)
def test_a_bound_belongs_to_the_higher_tier(risk, tier, level):
    assert tier_for(risk, SHIPPED_BOUNDS) == tier
    assert level_of(risk) == level


@pytest.mark.parametrize(
    ("bounds", "risk", "tier"),
    [
        ({}, 1.0, "team_member"),
        ({"executive": 0.5}, 0.5, "executive"),
        ({"executive": 0.5}, 0.49, "team_member"),
        ({"team_lead": 0.0}, 0.0, "team_lead"),
        # A risk past two bounds needs the higher of them, in whatever order they stand.
        ({"executive": 0.2, "team_lead": 0.1}, 0.3, "executive"),
        ({"executive": 0.3, "director": 0.3}, 0.3, "executive"),
    ],
)
def test_a_checkpoint_s_own_bounds_decide(bounds, risk, tier):
    assert tier_for(risk, bounds) == tier


def test_there_is_a_word_for_each_tier():
    assert len(Level) == len(Tier)
