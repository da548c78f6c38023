"""What an agent does with a request it has made: revise, cancel, consume, report."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest, Grant, OutcomeReport
from approvals.operations import escalation
from approvals.rules.canonical import digest
from tests import factories
from tests.approvals.api.conftest import pointers, problem


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


def acts(made, act):
    return f"approvals/{made['id']}/{act}/"


class TestRevise:
    def test_makes_a_new_revision_with_a_digest_of_its_own(self, agent):
        made = agent.submit(amount=10, context={"rationale": "due"})

        revised = agent.post(acts(made, "revise"), {"arguments": {"amount": 11}}).json()

        assert revised["revision"] == 2
        assert revised["arguments"] == {"amount": 11}
        assert revised["context"] == {"rationale": "due"}
        assert revised["digest"] == digest({"action": "pay", "arguments": {"amount": 11}})
        assert agent.get(f"approvals/{made['id']}/").json() == revised

    def test_takes_the_turn_back_from_the_agent(self, agent, person):
        made = agent.submit()
        person.decide(made, "request_changes", feedback="Half of it.")
        waiting = agent.get(f"approvals/{made['id']}/").json()
        assert (waiting["status"], waiting["waiting_on"]) == ("changes_requested", "agent")

        revised = agent.post(acts(made, "revise"), {"arguments": {"amount": 5}}).json()

        assert (revised["status"], revised["waiting_on"]) == ("pending", "reviewer")

    def test_leaves_votes_on_the_old_revision_without_effect(self, agent, person):
        made = agent.submit()
        agent.post(acts(made, "revise"), {"arguments": {"amount": 5}})

        said = problem(person.decide(made, "approve"), 409, "stale_revision")

        assert said["current"]["revision"] == 2
        assert said["current"]["status"] == "pending"

    def test_asks_for_more_authority_where_the_risk_is_higher(self, agent):
        made = agent.submit(amount=10)

        revised = agent.post(acts(made, "revise"), {"arguments": {"amount": 50_000}}).json()

        assert revised["required_level"] == "director"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "required"),
            ({"arguments": []}, "wrong_type"),
            ({"arguments": {}, "action": "other"}, "unknown_field"),
            ({"arguments": {}, "steps": [{"id": "a"}]}, "required"),
        ],
    )
    def test_has_a_shape(self, agent, body, code):
        problem(agent.post(acts(agent.submit(), "revise"), body), 422, code)

    def test_comes_too_late_once_it_is_decided(self, agent, person):
        made = agent.submit()
        person.decide(made, "reject", feedback="No.")

        said = problem(agent.post(acts(made, "revise"), {"arguments": {}}), 409, "already_settled")

        assert said["current"]["status"] == "rejected"
        assert said["current"]["decision"]["by"][0]["name"] == "ada"
        assert "ada" in said["detail"]


class TestCancel:
    @pytest.mark.parametrize("body", [{"reason": "Not needed."}, {}, None])
    def test_withdraws_with_a_reason_or_without(self, agent, body):
        made = agent.submit()

        cancelled = agent.post(acts(made, "cancel"), body)

        assert cancelled.status_code == 200
        assert cancelled.json()["status"] == "cancelled"
        assert cancelled.json()["decision"]["via"] == "agent"
        assert cancelled.json()["decision"]["feedback"] == (body or {}).get("reason", "")
        assert cancelled.json()["may_proceed"] is False

    def test_loses_against_a_decision(self, agent, person):
        made = agent.submit()
        person.decide(made, "approve")

        said = problem(agent.post(acts(made, "cancel"), {}), 409, "already_settled")

        assert said["current"]["status"] == "approved"

    def test_is_final(self, agent, person):
        made = agent.submit()
        agent.post(acts(made, "cancel"), {})

        problem(agent.post(acts(made, "cancel"), {}), 409, "already_settled")
        problem(person.decide(made, "approve"), 409, "already_settled")

    def test_has_a_reason_of_reasonable_length(self, agent):
        said = problem(
            agent.post(acts(agent.submit(), "cancel"), {"reason": "x" * 2001}), 422, "too_long"
        )

        assert pointers(said) == ["/reason"]


class TestConsume:
    @pytest.fixture
    def approved(self, agent, person):
        made = agent.submit(amount=900)
        person.decide(made, "modify", arguments={"amount": 500})
        return agent.get(f"approvals/{made['id']}/").json()

    def test_gives_the_permission_once(self, agent, approved):
        digest_ = approved["digest"]

        first = agent.post(acts(approved, "consume"), {"digest": digest_})
        again = problem(
            agent.post(acts(approved, "consume"), {"digest": digest_}), 409, "grant_consumed"
        )

        assert first.status_code == 200
        assert first.json()["grant"] == approved["grant"]
        assert again["current"]["consumed_at"] == first.json()["consumed_at"]
        assert first.json()["consumed_at"] in again["detail"]
        assert Grant.objects.get().consumed_at is not None

    def test_says_when_it_was_taken_to_whoever_reads(self, agent, approved):
        assert approved["consumed_at"] is None

        taken = agent.post(acts(approved, "consume"), {"digest": approved["digest"]}).json()

        read = agent.get(f"approvals/{approved['id']}/").json()
        assert read["consumed_at"] == taken["consumed_at"]

    def test_is_for_exactly_what_was_approved(self, agent, approved):
        submitted = digest({"action": "pay", "arguments": {"amount": 900}})

        said = problem(
            agent.post(acts(approved, "consume"), {"digest": submitted}), 409, "digest_mismatch"
        )

        assert said["current"]["digest"] == approved["digest"]
        assert (
            agent.post(acts(approved, "consume"), {"digest": approved["digest"]}).status_code == 200
        )

    def test_is_not_used_up_by_reading(self, agent, approved):
        for _ in range(3):
            assert agent.get(f"approvals/{approved['id']}/").json()["grant"] == approved["grant"]

        assert Grant.objects.get().consumed_at is None

    def test_needs_an_approval(self, agent):
        made = agent.submit()

        said = problem(
            agent.post(acts(made, "consume"), {"digest": made["digest"]}),
            409,
            "decision_not_allowed",
        )

        assert said["current"]["status"] == "pending"

    def test_is_too_late_after_the_grant_s_time(self, agent, approved):
        Grant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        problem(
            agent.post(acts(approved, "consume"), {"digest": approved["digest"]}), 409, "expired"
        )

    def test_is_held_back_by_the_kill_switch(self, agent, approved, robin):
        robin.paused_at = timezone.now()
        robin.save()

        said = problem(
            agent.post(acts(approved, "consume"), {"digest": approved["digest"]}), 409, "paused"
        )

        assert said["current"]["status"] == "modified"

    @pytest.mark.parametrize("value", [None, "", "sha256:xyz", "A" * 71, 5, "sha256:" + "A" * 64])
    def test_wants_a_digest(self, agent, approved, value):
        assert agent.post(acts(approved, "consume"), {"digest": value}).status_code == 422


class TestOutcome:
    @pytest.fixture
    def approved(self, agent, person):
        made = agent.submit()
        person.decide(made, "approve")
        return made

    def test_may_be_reported_several_times(self, agent, approved):
        first = agent.post(acts(approved, "outcome"), {"status": "succeeded"})
        second = agent.post(
            acts(approved, "outcome"),
            {
                "status": "harmful",
                "detail": "Paid twice.",
                "severity": 3,
                "loss": 12.5,
                "occurred_at": "2026-11-02T10:00:00+01:00",
            },
        )

        assert (first.status_code, second.status_code) == (201, 201)
        kept = OutcomeReport.objects.get(pk=second.json()["id"])
        assert (kept.severity, str(kept.loss)) == (3, "12.50")
        assert kept.occurred_at.isoformat() == "2026-11-02T09:00:00+00:00"
        assert OutcomeReport.objects.count() == 2

    @pytest.mark.parametrize("loss", [0, 0.005, 1e-300, 999_999_999_999_999, 12.345])
    def test_takes_any_loss_that_can_be_a_number_of_money(self, agent, approved, loss):
        reported = agent.post(acts(approved, "outcome"), {"status": "failed", "loss": loss})

        assert reported.status_code == 201

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("status", "fine", "not_a_choice"),
            ("severity", 0, "out_of_range"),
            ("severity", 4, "out_of_range"),
            ("severity", 1.5, "wrong_type"),
            ("severity", True, "wrong_type"),
            ("loss", -1, "out_of_range"),
            ("loss", 2e15, "out_of_range"),
            ("loss", "12", "wrong_type"),
            ("occurred_at", "2026-11-02", "invalid_format"),
            ("occurred_at", "2026-11-02T10:00:00", "invalid_format"),
            ("occurred_at", "0001-01-01T00:00:00+14:00", "out_of_range"),
            ("occurred_at", "9999-12-31T23:59:59-14:00", "out_of_range"),
            ("occurred_at", 1_700_000_000, "wrong_type"),
        ],
    )
    def test_has_a_shape(self, agent, approved, field, value, code):
        said = agent.post(acts(approved, "outcome"), {"status": "failed"} | {field: value})

        assert pointers(problem(said, 422, code)) == [f"/{field}"]
        assert OutcomeReport.objects.count() == 0

    def test_needs_something_that_could_happen(self, agent):
        made = agent.submit()

        problem(
            agent.post(acts(made, "outcome"), {"status": "failed"}), 409, "decision_not_allowed"
        )


def test_nothing_of_this_works_on_another_agent_s_request(agent, as_agent, person):
    made = agent.submit()
    person.decide(made, "approve")
    other = as_agent(factories.AgentFactory())

    for act, body in {
        "revise": {"arguments": {}},
        "cancel": {},
        "consume": {"digest": made["digest"]},
        "outcome": {"status": "failed"},
    }.items():
        problem(other.post(acts(made, act), body), 404, "not_found")
    assert Grant.objects.get().consumed_at is None


def test_after_the_deadline_everything_is_told_what_silence_did(agent, person):
    made = agent.submit(expires_in_seconds=1)
    long_ago = timezone.now() - timedelta(hours=1)
    ApprovalRequest.objects.update(expires_at=long_ago, next_due_at=long_ago)

    said = problem(person.decide(made, "approve"), 409, "expired")

    assert said["current"]["status"] == "rejected"
    document = agent.get(f"approvals/{made['id']}/").json()
    assert (document["status"], document["decision"]["via"]) == ("rejected", "timeout")
    assert escalation.escalate_due(at=timezone.now()) == 0
