import dataclasses

import pytest

from approvals.rules.policy import SHIPPED_NEVER_AUTO, SHIPPED_RISK_RULES
from approvals.rules.policy_checks import problems_of_checkpoint
from approvals.rules.tiers import SHIPPED_BOUNDS

SOUND = {
    "name": "payments",
    "trigger": "",
    "effect": "",
    "never_auto": SHIPPED_NEVER_AUTO,
    "risk_rules": [dataclasses.asdict(rule) for rule in SHIPPED_RISK_RULES],
    "required_context": [],
    "response_type": "binary",
    "response": {},
    "timeout_seconds": 3600,
    "on_timeout": "reject",
    "allow_timeout_approve": False,
    "tiers": SHIPPED_BOUNDS,
    "quorum": {},
    "ladder": [],
    "reminders": [0.5, 0.9],
    "redacted_fields": [],
}


def problems(**changes):
    return [str(problem) for problem in problems_of_checkpoint({**SOUND, **changes})]


def test_what_is_shipped_may_be_saved():
    assert problems() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"colour": "red"}, "colour: there is no field 'colour' here"),
        ({"name": "not a slug"}, "name: "),
        ({"title": 7}, "title: 7 is not of type"),
        ({"title": "a\0b"}, "/title contains NUL"),
        ({"stage": "sometime"}, "stage: "),
        ({"timeout_seconds": 0}, "timeout_seconds: 0 is less than the minimum of 1"),
        ({"timeout_seconds": "3600"}, "timeout_seconds: "),
        ({"timeout_seconds": True}, "timeout_seconds: "),
        ({"auto_approve_below": 1.5}, "auto_approve_below: 1.5 is greater than the maximum of 1"),
        ({"trigger": "action =="}, "trigger: line 1, column 10: it ends too early"),
        ({"trigger": "risk > 0.5"}, "trigger: line 1, column 1: there is no name 'risk'"),
        ({"trigger": "1 + 1"}, "trigger: line 1, column 1: it must be true or false"),
        ({"never_auto": "amount > 3"}, "never_auto: line 1, column 1: there is no name 'amount'"),
        ({"effect": "Pays {/amount}"}, "effect: {/amount} must point into /action"),
        ({"effect": "Pays {/arguments/a#gold}"}, "effect: {/arguments/a#gold} names the formatter"),
        (
            {"risk_rules": [{"name": "big", "condition": "args.amount >", "weight": 0.1}]},
            "risk_rules[0].condition: line 1, column 14",
        ),
        (
            {"risk_rules": [{"name": "big", "condition": "risk > 0.1", "weight": 0.1}]},
            "risk_rules[0].condition: line 1, column 1: there is no name 'risk'",
        ),
        (
            {"risk_rules": [{"name": "big", "condition": "true", "weight": 2}]},
            "risk_rules[0].weight: 2 is greater",
        ),
        ({"risk_rules": [{"name": "big", "weight": 0.2}]}, "risk_rules[0].condition: this field"),
        (
            {"risk_rules": [{"name": "big", "condition": "true", "weight": 0.1}] * 2},
            "risk_rules[1].name: 'big' is there twice",
        ),
        ({"required_context": ["rationale"]}, "required_context[0]: "),
        ({"required_context": {"type": "objekt"}}, "required_context: not a usable JSON Schema"),
        (
            {"required_context": {"$ref": "http://127.0.0.1/schema"}},
            "required_context: not a usable JSON Schema",
        ),
        ({"tiers": {"director": 0.3, "executive": 0.3}}, "tiers.executive: must be above director"),
        ({"tiers": {"captain": 0.3}}, "tiers.captain: there is no field 'captain' here"),
        ({"tiers": {"team_member": 0.1}}, "tiers.team_member: there is no field"),
        ({"tiers": {}}, "tiers: "),
        ({"quorum": {"director": 0}}, "quorum.director: 0 is less than the minimum of 1"),
        ({"quorum": {"captain": 2}}, "quorum.captain: there is no field"),
        ({"ladder": [{"after_seconds": 60, "to": "captain"}]}, "ladder[0].to: "),
        ({"ladder": [{"after_seconds": 60, "to": "team_member"}]}, "ladder[0].to: "),
        (
            {"ladder": [{"after_seconds": 3600, "to": "director"}]},
            "ladder[0].after_seconds: is never reached: the timeout comes after 3600 seconds",
        ),
        (
            {
                "ladder": [
                    {"after_seconds": 60, "to": "director"},
                    {"after_seconds": 60, "to": "executive"},
                ]
            },
            "ladder[1].after_seconds: must be later",
        ),
        (
            {
                "ladder": [
                    {"after_seconds": 60, "to": "director"},
                    {"after_seconds": 90, "to": "team_lead"},
                ]
            },
            "ladder[1].to: must be a higher tier",
        ),
        (
            {"ladder": [{"after_seconds": 60}]},
            "ladder[0]: needs a tier (to), a schedule, or both",
        ),
        (
            {
                "ladder": [
                    {"after_seconds": 60, "to": "director"},
                    {"after_seconds": 70, "schedule": "night"},
                    {"after_seconds": 80, "to": "director"},
                ]
            },
            "ladder[2].to: must be a higher tier",
        ),
        ({"ladder": [{"after_seconds": 60, "schedule": "by night"}]}, "ladder[0].schedule: "),
        ({"reminders": [0.9, 0.5]}, "reminders: each must come later"),
        ({"reminders": [1]}, "reminders[0]: "),
        ({"redacted_fields": ["/iban"]}, "redacted_fields[0]: /iban must point into /arguments"),
        ({"response": {"min": 1}}, "response.min: has no meaning for a binary response"),
        ({"response": {"type": "freeform"}}, "response.type: there is no field"),
        (
            {"response_type": "multiselect"},
            "response.options: a multiselect response needs options",
        ),
        (
            {
                "response_type": "multiselect",
                "response": {"options": [{"id": "a", "label": "A"}], "min": 2},
            },
            "response: 2 to 1 of 1 options cannot be chosen",
        ),
        (
            {"response_type": "freeform", "response": {"schema": {"type": 3}}},
            "response.schema: not a usable JSON Schema",
        ),
        ({"on_timeout": "approve"}, "on_timeout: approving by silence needs"),
        ({"allow_timeout_approve": True}, "allow_timeout_approve: says nothing unless"),
        (
            {"on_timeout": "approve", "allow_timeout_approve": True, "tiers": {"director": 0.5}},
            "on_timeout: approving by silence needs a bound for team_lead above 0",
        ),
        (
            {"on_timeout": "approve", "allow_timeout_approve": True, "quorum": {"team_member": 2}},
            "on_timeout: silence cannot stand for the several people",
        ),
    ],
)
def test_names_the_field_and_what_is_wrong_with_it(changes, says):
    found = problems(**changes)

    assert len(found) == 1
    assert found[0].startswith(says)


def test_reports_every_fault_at_once():
    found = problems(trigger="nonsense(", effect="{", quorum={"director": -1})

    assert [sentence.partition(":")[0] for sentence in found] == [
        "quorum.director",
        "trigger",
        "effect",
    ]


def test_silence_may_approve_what_is_low_if_somebody_wrote_so():
    assert problems(on_timeout="approve", allow_timeout_approve=True) == []


def test_a_rung_may_name_a_schedule_alone_or_beside_a_tier():
    ladder = [
        {"after_seconds": 60, "schedule": "night"},
        {"after_seconds": 90, "to": "director", "schedule": "night"},
    ]

    assert problems(ladder=ladder) == []


def test_a_later_window_may_still_reach_a_late_rung():
    late = [{"after_seconds": 5000, "to": "executive"}]

    assert problems(ladder=late, on_timeout="escalate") == []


def test_a_field_of_a_form_is_found_by_the_root_of_the_place():
    (problem,) = problems_of_checkpoint({**SOUND, "ladder": [{"after_seconds": 1, "to": "x"}]})

    assert (problem.field, problem.root) == ("ladder[0].to", "ladder")
