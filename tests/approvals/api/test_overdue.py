"""After its deadline nothing reads as pending, whether or not a worker has noticed."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest, Installation
from approvals.rules import breaker
from tests.approvals.api.conftest import proposal


@pytest.fixture
def overdue(agent):
    """The document of a request whose time is over, and nobody has noticed."""
    document = agent.submit()
    past = timezone.now() - timedelta(seconds=1)
    ApprovalRequest.objects.update(expires_at=past, next_due_at=past)
    return document


def test_a_read_says_what_came_of_it(agent, overdue):
    read = agent.get(f"approvals/{overdue['id']}/").json()

    assert (read["status"], read["decision"]["via"]) == ("rejected", "timeout")


def test_a_read_that_would_wait_does_not(agent, overdue):
    response = agent.get(f"approvals/{overdue['id']}/", {"wait": "20"})

    assert response.json()["status"] == "rejected"
    assert "X-Placet-Wait" not in response


def test_a_retry_of_the_submission_says_it(agent):
    agent.post("approvals/", proposal(), Idempotency_Key="k")
    past = timezone.now() - timedelta(seconds=1)
    ApprovalRequest.objects.update(expires_at=past, next_due_at=past)

    again = agent.post("approvals/", proposal(), Idempotency_Key="k")

    assert again.json()["status"] == "rejected"


def test_a_read_says_that_it_was_escalated(payments, agent):
    payments.on_timeout = "escalate"
    payments.save()
    document = agent.submit()
    past = timezone.now() - timedelta(seconds=1)
    ApprovalRequest.objects.update(expires_at=past, next_due_at=past)

    read = agent.get(f"approvals/{document['id']}/").json()

    assert (read["status"], read["required_level"]) == ("pending", "team_lead")
    assert read["expires_at"] > document["expires_at"]


def test_a_list_says_it_too(agent, overdue):
    (listed,) = agent.get("approvals/").json()["results"]

    assert listed["status"] == "rejected"


def test_a_list_of_what_is_pending_leaves_it_out(agent, overdue):
    assert agent.get("approvals/", {"status": "pending"}).json()["results"] == []


def test_a_turn_is_complete(agent):
    agent.post("approvals/bulk/", {"group": "turn", "requests": [proposal(), proposal()]})
    past = timezone.now() - timedelta(seconds=1)
    ApprovalRequest.objects.update(expires_at=past, next_due_at=past)

    assert agent.get("groups/turn/").json()["complete"]


def test_those_who_waited_together_learn_it(agent, overdue):
    answered = agent.client.post(
        "/api/v1/approvals/together/",
        json.dumps({"keys": [overdue["id"]]}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {agent.key}", "X-Placet-Waited": "1"},
    ).json()

    assert json.loads(answered["answers"][overdue["id"]]["body"])["status"] == "rejected"


def test_an_inbox_has_it_no_more(overdue, as_person, ada):
    inbox = as_person(ada).get("inbox/", {"view": "team"}).json()

    assert inbox["results"] == []


def test_a_wait_ends_with_the_deadline(agent):
    document = agent.submit(expires_in_seconds=7)

    held = agent.get(f"approvals/{document['id']}/", {"wait": "60"})

    assert json.loads(held["X-Placet-Wait"])["seconds"] <= 7


def test_a_storm_is_not_carried_out_by_reading(agent, overdue, monkeypatch):
    monkeypatch.setattr(breaker, "MANY", 0)
    # It had all the time that its policy gives.
    ApprovalRequest.objects.update(window_starts_at=timezone.now() - timedelta(days=30))

    read = agent.get(f"approvals/{overdue['id']}/", {"wait": "60"})

    assert read.json()["status"] == "pending"
    assert json.loads(read["X-Placet-Wait"])["seconds"] == 60
    assert Installation.objects.get().sweep_held_at
