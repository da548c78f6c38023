import json
from importlib import resources
from pathlib import Path

import pytest

from approvals.models import ApprovalTemplate
from approvals.operations import policies, submission

pytestmark = pytest.mark.django_db

STARTER = resources.files("approvals").joinpath("starter_policy.yaml").read_text(encoding="utf-8")
SCENARIOS = json.loads(Path("hitl_site/demo/scenarios.json").read_text(encoding="utf-8"))
SUBMISSIONS = [
    checkpoint["submit"]
    for scenario in SCENARIOS["scenarios"]
    for checkpoint in scenario["checkpoints"]
]
EXPECTED = {
    "content_review": (
        0.3,
        "team_lead",
        "Publishes “Our Q4 results”, 800 words, under the company's name.",
    ),
    "social_media_review": (
        0.3,
        "team_lead",
        "Posts to twitter and linkedin under the company's name.",
    ),
    "transaction_approval": (0.6, "director", "Pays 5 invoices, $12,500.00 in total."),
    "customer_communication": (
        0.0,
        "team_member",
        "E-mails sarah.johnson@example.com, “Your order #12345”: 20% refunded, a voucher of 50.00.",
    ),
    "data_deletion": (
        0.95,
        "executive",
        "Deletes 1247 accounts inactive for 2 years, except those with orders in the last 0 years.",
    ),
}


@pytest.fixture
def loaded(at):
    return policies.load(STARTER, actor="shell:ada", at=at)


@pytest.mark.parametrize("body", SUBMISSIONS, ids=lambda body: body["checkpoint"])
def test_each_scenario_meets_a_person_with_the_authority_for_it(loaded, robin, at, body):
    score, tier, effect = EXPECTED[body["checkpoint"]]

    found = submission.evaluate(robin, body, at=at)

    assert found.evaluation.via is None
    assert (found.evaluation.risk.score, found.evaluation.tier) == (score, tier)
    assert found.evaluation.missing_context == ()
    assert found.effect == effect


def test_the_shipped_templates_are_off(loaded):
    assert dict(ApprovalTemplate.objects.values_list("name", "state")) == {
        "routine_customer_response": "off",
        "small_refund": "off",
    }


def test_loading_it_again_changes_nothing(loaded, at):
    assert {change.change for change in policies.load(STARTER, actor="x", at=at)} == {"unchanged"}
