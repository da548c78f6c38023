from approvals.rules import expressions
from approvals.rules.policy import (
    SHIPPED_NEVER_AUTO,
    SHIPPED_RISK_RULES,
    OnTimeout,
    Policy,
    ResponseType,
    Stage,
)


def test_the_shipped_conditions_compile():
    assert [expressions.check(rule.condition, with_risk=False) for rule in SHIPPED_RISK_RULES] == [
        None
    ] * 5
    assert expressions.check(SHIPPED_NEVER_AUTO, with_risk=True) is None


def test_the_shipped_rules_have_the_promised_weights():
    assert {rule.name: rule.weight for rule in SHIPPED_RISK_RULES} == {
        "amount_over_1000": 0.3,
        "amount_over_10000": 0.3,
        "contains_pii": 0.2,
        "deletes_or_removes": 0.2,
        "public_facing": 0.3,
    }


def test_a_policy_nobody_configured_is_a_strict_one():
    policy = Policy("anything", 1)

    assert policy.trigger == ""
    assert policy.auto_approve_below == 0.0
    assert policy.on_timeout == OnTimeout.REJECT
    assert policy.deny_threshold == 1
    assert policy.never_auto == SHIPPED_NEVER_AUTO
    assert policy.risk_rules == SHIPPED_RISK_RULES
    assert policy.tiers == {"team_lead": 0.3, "director": 0.6, "executive": 0.9}


def test_policies_do_not_share_what_can_be_changed():
    one, other = Policy("one", 1), Policy("other", 1)

    one.tiers["team_lead"] = 1.0

    assert other.tiers["team_lead"] == 0.3


def test_the_words_of_the_contract_are_kept():
    assert Stage.values == [
        "pre_execution",
        "post_planning",
        "mid_execution",
        "pre_commit",
        "post_execution",
    ]
    assert OnTimeout.values == ["reject", "escalate", "approve"]
    assert ResponseType.values == ["binary", "multiselect", "freeform"]
