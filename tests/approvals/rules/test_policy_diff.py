import pytest

from approvals.operations._policy_rows import CHECKPOINT_DEFAULTS
from approvals.rules import policy_diff
from approvals.rules.policy_changes import Bearing
from tests.approvals.rules.policy_variants import VARIANTS

DEFAULTS = {**CHECKPOINT_DEFAULTS, "name": "payments", "on_call": None}
RULE = {"name": "large", "condition": "args.amount > 5", "weight": 0.4, "explanation": ""}


def changes(before, after):
    return policy_diff.changes(DEFAULTS | before, DEFAULTS | after)


@pytest.mark.parametrize("field", sorted(VARIANTS))
def test_no_field_changes_unseen(field):
    assert changes({}, {field: VARIANTS[field]})
    assert {change.field for change in changes({field: VARIANTS[field]}, {})} == {field}


def test_what_says_the_same_has_no_changes():
    assert changes({"title": "x"}, {"title": "x"}) == []
    assert not policy_diff.may_loosen([])


CASES = [
    ({}, {"tiers": {"team_lead": 0.4, "director": 0.6, "executive": 0.9}},
     "A team lead is needed from risk 0.4 instead of 0.3.", "loosens"),
    ({"tiers": {"team_lead": 0.4}}, {"tiers": {"team_lead": 0.3}},
     "A team lead is needed from risk 0.3 instead of 0.4.", "tightens"),
    ({}, {"tiers": {"team_lead": 0.3, "director": 0.6}},
     "No risk asks for an executive any more; it was from 0.9.", "loosens"),
    ({"risk_rules": []}, {"risk_rules": [RULE]},
     "New risk rule large: adds 0.4 where `args.amount > 5`.", "tightens"),
    ({"risk_rules": [RULE]}, {"risk_rules": []},
     "The risk rule large is gone; it added 0.4 where `args.amount > 5`.", "loosens"),
    ({"risk_rules": [RULE]}, {"risk_rules": [RULE | {"weight": 0.3}]},
     "large adds 0.3 instead of 0.4.", "loosens"),
    ({"risk_rules": [RULE]}, {"risk_rules": [RULE | {"condition": "true"}]},
     "large applies to something else.", "unclear"),
    ({}, {"on_timeout": "approve"},
     "Silence now approves low risk; before, it rejects.", "loosens"),
    ({}, {"auto_approve_below": 0.2},
     "What is below risk 0.2 passes without a person; before, below 0.", "loosens"),
    ({"auto_approve_below": 0.2}, {}, "What is below risk 0 passes", "tightens"),
    ({}, {"never_auto": ""}, "What a person must see whatever its risk is gone", "loosens"),
    ({}, {"never_auto": "true"}, "What a person must see whatever its risk is another", "unclear"),
    ({}, {"trigger": "false"}, "What it takes to come here at all is new: `false`.", "loosens"),
    ({"trigger": "false"}, {}, "What it takes to come here at all is gone", "tightens"),
    ({"quorum": {"director": 2}}, {},
     "Where a director is needed, a director must agree instead of 2 directors.", "loosens"),
    ({}, {"deny_threshold": 2},
     "It takes 2 rejections to end it by rejecting, instead of 1 rejection.", "loosens"),
    ({"team": "Payments"}, {}, "Any team may decide instead of the team Payments.", "loosens"),
    ({"team": "A"}, {"team": "B"}, "The team B may decide instead of the team A.", "unclear"),
    ({"ladder": [{"after_seconds": 300, "to": "director"}]}, {},
     "It no longer goes to a director; it did after 5 minutes.", "loosens"),
    ({"excludes_publisher": True}, {}, "Whoever publishes a version may now decide", "loosens"),
    ({"response_type": "freeform"}, {}, "The answer is yes or no instead of a written", "loosens"),
    ({"on_timeout": "approve"}, {"on_timeout": "approve", "timeout_seconds": 60},
     "The time to decide is 1 minute instead of 1 day.", "loosens"),
    ({}, {"timeout_seconds": 60}, "The time to decide is 1 minute instead of 1 day.", "neither"),
    ({"auto_audit_rate": 0.1}, {}, "0 % of what passed is looked at afterwards", "loosens"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "sentence", "bearing"), CASES)
def test_says_in_words_what_changes_and_which_way_it_leans(before, after, sentence, bearing):
    (change,) = changes(before, after)

    assert change.sentence.startswith(sentence)
    assert change.bearing == bearing


def test_names_what_loosens_first():
    found = changes({}, {"title": "x", "tiers": {"team_lead": 0.4, "director": 0.5}})

    assert [change.bearing for change in found] == [
        Bearing.LOOSENS,
        Bearing.LOOSENS,
        Bearing.TIGHTENS,
        Bearing.NEITHER,
    ]
    assert policy_diff.may_loosen(found)


def test_a_condition_that_became_another_may_loosen():
    assert policy_diff.may_loosen(changes({"trigger": "true"}, {"trigger": "false"}))
    assert not policy_diff.may_loosen(changes({}, {"guidelines": "Read."}))
