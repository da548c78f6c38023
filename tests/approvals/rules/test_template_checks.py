from datetime import UTC, datetime

import pytest

from approvals.rules.template_checks import problems_of_template

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SMALL = {"pointer": "/arguments/amount", "operator": "max", "value": 50}
SOUND = {
    "name": "small_refund",
    "checkpoint": "refunds",
    "conditions": [SMALL],
    "expression": "",
    "max_risk": 0.2,
    "max_per_hour": None,
    "max_per_day": 20,
    "max_amount_per_day": None,
    "expires_at": None,
    "state": "off",
    "origin": "person",
}


def problems(**changes):
    return [str(problem) for problem in problems_of_template({**SOUND, **changes}, at=AT)]


def row(pointer, operator="eq", value="x"):
    return {"conditions": [{"pointer": pointer, "operator": operator, "value": value}]}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"expression": "risk < 0.1 && args.amount < 50"},
        {"conditions": [], "expression": "args.amount < 50"},
        {"max_amount_per_day": 500},
        {"max_amount_per_day": "499.90"},
        {"expires_at": "2027-01-31T09:30:00Z"},
        row("/context/customer_history"),
        row("/arguments/to", "matches", "[a-z]+@example\\.com"),
        row("/arguments/plan", "in", ["free", "basic"]),
    ],
)
def test_a_sound_template_may_be_saved(changes):
    assert problems(**changes) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"conditions": []}, "conditions: without any"),
        ({"conditions": [{"pointer": "/action", "operator": "eq"}]}, "conditions[0].value: this"),
        (row("/action", "like"), "conditions[0].operator: "),
        (row("amount"), "conditions[0].pointer: "),
        (row("/steps/0/action"), "conditions[0].pointer: /steps/0/action must point to /action"),
        (row("/arguments/amount", "max", "50"), "conditions[0].value: max compares numbers"),
        (row("/arguments/amount", "min", True), "conditions[0].value: min compares numbers"),
        (row("/arguments/plan", "in", "free"), "conditions[0].value: must be a list"),
        (row("/arguments/plan", "in", []), "conditions[0].value: must be a list"),
        (row("/arguments/to", "matches", "(a"), "conditions[0].value: is not a usable regular"),
        (row("/arguments/to", "matches", 3), "conditions[0].value: must be a regular"),
        (row("/context/rationale"), "conditions[0].pointer: /context/rationale is free text"),
        (row("/context/impact/scope"), "conditions[0].pointer: /context/impact/scope is free text"),
        (row("/context"), "conditions[0].pointer: /context is free text"),
        (
            row("/context/history", "matches", "good.*"),
            "conditions[0].pointer: what the agent says",
        ),
        ({"expression": "args.amount <"}, "expression: line 1, column 14"),
        ({"expression": 'context.rationale == "ok"'}, "expression: may not rest on free text"),
        ({"expression": 'context["impact"] == "ok"'}, "expression: may not rest on free text"),
        ({"max_risk": 1.2}, "max_risk: 1.2 is greater than the maximum of 1"),
        ({"max_per_day": 0}, "max_per_day: 0 is less than the minimum of 1"),
        ({"max_amount_per_day": "much"}, "max_amount_per_day: must be an amount of money"),
        ({"max_amount_per_day": "1e99"}, "max_amount_per_day: must be an amount of money"),
        ({"max_amount_per_day": "0.001"}, "max_amount_per_day: has more than two decimals"),
        ({"expires_at": "2027-02-01T09:30:00Z"}, "expires_at: is more than 90 days away"),
        ({"expires_at": "next year"}, "expires_at: "),
        ({"expires_at": "2026-12-31T23:59:60Z"}, "expires_at: must be an instant"),
        ({"state": "maybe"}, "state: "),
    ],
)
def test_names_the_field_and_what_is_wrong_with_it(changes, says):
    found = problems(**changes)

    assert len(found) == 1
    assert found[0].startswith(says)
