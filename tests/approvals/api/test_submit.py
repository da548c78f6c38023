"""POST approvals/: what an agent may propose, and what it is told at once."""

import json
import uuid
from datetime import datetime

import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.rules.canonical import digest
from tests import factories
from tests.approvals.api.conftest import pointers, problem, proposal

EVERYTHING = {
    "arguments": {
        "amount": 12.5,
        "to": "ACME",
        "note": "ä 漢 🙂",
        "nested": {"list": [1, None, True]},
    },
    "arguments_schema": {"type": "object", "properties": {"amount": {"type": "number"}}},
    "context": {"rationale": "It is due.", "impact": {"scope": "one", "cost": "12.50"}},
    "risk_score": 0.2,
    "steps": [
        {"id": "one", "action": "pay_invoice", "arguments": {"n": 1}, "risk_score": 0.1},
        {"id": "two", "action": "pay_invoice", "depends_on": ["one"], "impact": "small"},
    ],
    "response": {"type": "multiselect", "options": [{"id": "a", "label": "A"}], "min": 1, "max": 1},
    "allowed_decisions": ["approve", "reject"],
    "expires_in_seconds": 600,
    "callback_url": "https://hooks.example.com/placet/1",
    "run": "invoices-november",
    "group": {"id": "turn 7/ä", "index": 0, "size": 3},
    "on_behalf_of": "user@example.com",
    "source": {"client": "langgraph", "native_id": "x-1"},
    "metadata": {"team": "billing", "tries": 3},
}


class TestSubmit:
    def test_answers_201_with_the_place_to_read_it(self, agent):
        response = agent.post("approvals/", proposal())

        assert response.status_code == 201
        assert response["Location"] == f"/api/v1/approvals/{response.json()['id']}/"
        assert agent.get(f"approvals/{response.json()['id']}/").json() == response.json()

    def test_gives_every_submitted_field_back(self, agent, robin):
        robin.callback_prefixes = ["https://hooks.example.com/"]
        robin.save()

        document = agent.post("approvals/", proposal(**EVERYTHING)).json()

        given = {name: value for name, value in EVERYTHING.items() if name != "expires_in_seconds"}
        assert {name: document[name] for name in given} == given
        assert document["action"] == "pay"
        assert document["checkpoint"]["name"] == "payments"
        lasts = instant(document["expires_at"]) - instant(document["created_at"])
        assert lasts.total_seconds() == 600

    def test_starts_as_a_pending_request_with_the_policy_s_answer(self, agent):
        document = agent.submit(amount=12_500)

        assert document["status"] == "pending"
        assert document["revision"] == 1
        assert document["waiting_on"] == "reviewer"
        assert document["may_proceed"] is False
        assert document["decision"] is None
        assert document["grant"] is None
        assert document["risk"]["score"] == 0.6
        assert {factor["rule"] for factor in document["risk"]["factors"]} == {
            "amount_over_1000",
            "amount_over_10000",
        }
        assert document["required_level"] == "director"
        assert document["quorum"] == {"needed": 1, "approvals": 0}
        assert document["on_timeout"] == "reject"
        assert document["url"].endswith(f"/approvals/{document['id']}/")

    def test_binds_the_digest_of_the_canonical_action(self, agent):
        document = agent.submit(arguments={"b": 1.0, "a": [1e2, -0.0]})

        assert document["digest"] == digest({"action": "pay", "arguments": {"a": [100, 0], "b": 1}})

    def test_gives_times_in_utc_and_carries_numbers_exactly(self, agent):
        sent = {"amount": 9007199254740991, "rate": 0.1, "small": 1e-7, "text": "12.50"}

        response = agent.post("approvals/", proposal(arguments=sent))

        assert json.loads(response.content)["arguments"] == sent
        assert response.json()["created_at"].endswith("Z")

    def test_takes_the_agent_s_own_estimate_as_a_floor_only(self, agent):
        assert agent.submit(risk_score=0.7)["risk"]["score"] == 0.7
        lowered = agent.submit(amount=12_500, risk_score=0.0)
        assert lowered["risk"]["score"] == 0.6
        assert lowered["risk"]["reported"] == 0.0

    def test_may_shorten_the_checkpoint_s_time_but_not_lengthen_it(self, agent):
        document = agent.submit(expires_in_seconds=31_000_000)

        lasts = instant(document["expires_at"]) - instant(document["created_at"])
        assert lasts.total_seconds() == 3600

    def test_settles_at_once_what_the_policy_lets_pass(self, agent, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint)

        document = agent.submit(amount=10)

        assert document["status"] == "approved"
        assert document["may_proceed"] is True
        assert document["waiting_on"] is None
        assert document["decision"]["via"] == "template"
        assert document["decision"]["policy"]["template"] == "small_payments"
        assert document["decision"]["by"] == []
        assert document["grant"].count(".") == 2

    def test_names_close_checkpoints_where_there_is_none(self, agent):
        said = problem(
            agent.post("approvals/", proposal(checkpoint="payment")), 422, "unknown_checkpoint"
        )

        assert "payments" in said["detail"]
        assert pointers(said) == ["/checkpoint"]

    def test_names_all_the_context_that_is_missing(self, agent, payments):
        type(payments).objects.filter(pk=payments.pk).update(state="retired")
        factories.VersionFactory(
            checkpoint=payments.checkpoint,
            number=2,
            required_context=["/rationale", "/impact/scope"],
        )

        said = problem(
            agent.post("approvals/", proposal(context={"rationale": " "})), 422, "missing_context"
        )

        assert pointers(said) == ["/context/rationale", "/context/impact/scope"]

    def test_refuses_unknown_fields_before_it_names_missing_ones(self, agent):
        said = problem(
            agent.post("approvals/", {"checkpoint": "payments", "actoin": "pay"}),
            422,
            "unknown_field",
        )

        assert set(pointers(said)) == {"/actoin", "/action"}

    def test_refuses_arguments_that_break_the_agent_s_own_schema(self, agent):
        schema = {"properties": {"amount": {"type": "number", "maximum": 5}}}

        said = problem(
            agent.post("approvals/", proposal(arguments_schema=schema)), 422, "schema_violation"
        )

        assert pointers(said) == ["/arguments/amount"]

    def test_refuses_a_callback_that_is_not_on_the_agent_s_list(self, agent):
        said = problem(
            agent.post("approvals/", proposal(callback_url="https://elsewhere.example/")),
            422,
            "url_not_allowed",
        )

        assert pointers(said) == ["/callback_url"]

    @pytest.mark.parametrize(
        "response",
        [
            {"type": "multiselect"},
            {"type": "multiselect", "options": [{"id": "a", "label": "A"}] * 2},
            {"type": "multiselect", "options": [{"id": "a", "label": "A"}], "min": 2},
            {"type": "multiselect", "options": [{"id": "a", "label": "A"}], "min": 1, "max": 3},
            {"type": "freeform", "schema": {"type": "nonsense"}},
            {"type": "freeform", "schema": {"$ref": "http://127.0.0.1:1/schema"}},
            {"type": "freeform", "schema": {"$schema": "http://127.0.0.1:1/schema"}},
        ],
    )
    def test_refuses_a_question_that_nobody_could_answer(self, agent, response):
        said = agent.post("approvals/", proposal(response=response))

        assert said.status_code == 422
        assert ApprovalRequest.objects.count() == 0

    def test_is_refused_while_the_agent_is_paused(self, agent, robin):
        robin.paused_at = timezone.now()
        robin.save()

        said = problem(agent.post("approvals/", proposal()), 409, "paused")

        assert "current" in said
        assert ApprovalRequest.objects.count() == 0

    def test_says_so_while_it_waits_and_while_it_may_be_carried_out(
        self, agent, robin, ada, as_person
    ):
        waiting, allowed = agent.submit(), agent.submit()
        as_person(ada).decide(allowed, "approve")
        robin.paused_at = timezone.now()
        robin.save()

        for document in (waiting, allowed):
            paused = agent.get(f"approvals/{document['id']}/").json()["paused"]
            assert paused["detail"] == "The agent robin is paused."
        taken = agent.post(f"approvals/{allowed['id']}/consume/", {"digest": allowed["digest"]})
        assert problem(taken, 409, "paused")["detail"] == "The agent robin is paused."
        would = agent.post("evaluate/", proposal()).json()
        assert (would["would"], would["paused"]["detail"]) == (
            "be refused",
            "The agent robin is paused.",
        )

    def test_is_told_to_come_back_when_too_many_wait(self, agent, robin):
        robin.max_pending = 1
        robin.save()
        agent.submit()

        for answer in (
            agent.post("approvals/", proposal()),
            agent.post("approvals/bulk/", {"group": "turn", "requests": [proposal()]}),
        ):
            said = problem(answer, 429, "rate_limited")
            assert "robin may have 1 waiting for people" in said["detail"]
            assert answer["Retry-After"] == "60"
        assert ApprovalRequest.objects.count() == 1


class TestIdempotencyKey:
    def test_answers_a_retry_with_the_first_result(self, agent):
        first = agent.post("approvals/", proposal(), Idempotency_Key="k-1")
        second = agent.post("approvals/", proposal(), Idempotency_Key="k-1")

        assert (first.status_code, second.status_code) == (201, 200)
        assert second["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first
        assert second["Location"] == first["Location"]
        assert second.json() == first.json()
        assert ApprovalRequest.objects.count() == 1

    def test_answers_a_retry_with_how_things_stand_now(self, agent, as_person, ada):
        first = agent.post("approvals/", proposal(), Idempotency_Key="k-1").json()
        as_person(ada).decide(first, "approve")

        again = agent.post("approvals/", proposal(), Idempotency_Key="k-1").json()

        assert again["status"] == "approved"

    def test_takes_the_same_body_in_other_words_for_the_same(self, agent):
        agent.post("approvals/", proposal(amount=100), Idempotency_Key="k")
        spelled = b'{"action":"pay", "arguments":{"amount":1e2},\n"checkpoint":"payments"}'

        assert agent.post("approvals/", spelled, Idempotency_Key="k").status_code == 200

    def test_refuses_another_body_under_the_same_key(self, agent):
        agent.post("approvals/", proposal(amount=10), Idempotency_Key="k-1")

        again = agent.post("approvals/", proposal(amount=11), Idempotency_Key="k-1")

        problem(again, 422, "idempotency_key_reused")
        assert ApprovalRequest.objects.count() == 1

    def test_is_each_agent_s_own(self, agent, as_agent):
        other = as_agent(factories.AgentFactory())
        mine = agent.post("approvals/", proposal(), Idempotency_Key="k-1").json()

        theirs = other.post("approvals/", proposal(), Idempotency_Key="k-1")

        assert theirs.status_code == 201
        assert theirs.json()["id"] != mine["id"]

    @pytest.mark.parametrize("key", ["", " ", "k" * 256, "one,two", "ä", "a b"])
    def test_is_1_to_255_visible_characters(self, agent, key):
        problem(
            agent.post("approvals/", proposal(), Idempotency_Key=key),
            400,
            "invalid_idempotency_key",
        )

    def test_may_be_255_characters_long(self, agent):
        key = (uuid.uuid4().hex * 8)[:255]

        assert agent.post("approvals/", proposal(), Idempotency_Key=key).status_code == 201

    def test_of_a_refused_submission_is_free_again(self, agent):
        agent.post("approvals/", proposal(checkpoint="nowhere"), Idempotency_Key="k")

        assert agent.post("approvals/", proposal(), Idempotency_Key="k").status_code == 201


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
