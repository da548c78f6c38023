"""The feed, dry runs, and what each checkpoint asks for."""

import pytest
from django.apps import apps

from approvals.models import Message
from approvals.operations import submission
from tests import factories
from tests.approvals.api.conftest import pointers, problem, proposal


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


class TestFeed:
    def test_tells_decisions_and_words_in_order(self, agent, person):
        first, second = agent.submit(amount=1), agent.submit(amount=2)
        person.decide(second, "guide", feedback="Careful.")
        person.decide(second, "approve")
        person.decide(first, "reject", feedback="No.")

        page = agent.get("feed/").json()

        assert [(line["type"], line["approval"]) for line in page["results"]] == [
            ("approval.guided", second["id"]),
            ("approval.settled", second["id"]),
            ("approval.settled", first["id"]),
        ]
        assert [line["seq"] for line in page["results"]] == [1, 2, 3]
        assert page["results"][1]["data"] == agent.get(f"approvals/{second['id']}/").json()

    def test_goes_on_where_the_cursor_stands_and_loses_nothing(self, agent, person):
        made = [agent.submit(amount=amount) for amount in range(5)]
        seen, cursor = [], agent.get("feed/").json()["next_cursor"]
        assert cursor

        for document in made:
            person.decide(document, "approve")
            page = agent.get("feed/", {"cursor": cursor, "limit": 2}).json()
            seen += [line["approval"] for line in page["results"]]
            cursor = page["next_cursor"]

        assert seen == [document["id"] for document in made]
        assert agent.get("feed/", {"cursor": cursor}).json() == {
            "results": [],
            "next_cursor": cursor,
        }

    def test_is_read_again_from_the_beginning_without_a_cursor(self, agent, person):
        person.decide(agent.submit(), "approve")

        assert len(agent.get("feed/").json()["results"]) == 1
        assert len(agent.get("feed/").json()["results"]) == 1

    def test_gives_pages_of_the_wanted_size(self, agent, person):
        for amount in range(3):
            person.decide(agent.submit(amount=amount), "approve")

        first = agent.get("feed/", {"limit": 2}).json()
        second = agent.get("feed/", {"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [line["seq"] for line in first["results"] + second["results"]] == [1, 2, 3]

    def test_is_each_agent_s_own(self, agent, person, as_agent):
        person.decide(agent.submit(), "approve")
        other = as_agent(factories.AgentFactory())
        mine = agent.get("feed/").json()["next_cursor"]

        assert other.get("feed/").json()["results"] == []
        problem(other.get("feed/", {"cursor": mine}), 422, "invalid_cursor")

    def test_tells_of_an_escalation_with_both_tiers(self, agent, person):
        made = agent.submit(amount=10)
        person.decide(made, "escalate", feedback="Not mine.")

        (line,) = agent.get("feed/").json()["results"]

        assert line["type"] == "approval.escalated"
        assert line["data"]["escalation"]["from"] == "team_member"
        assert line["data"]["escalation"]["to"] == "team_lead"

    def test_says_the_same_as_the_stored_webhook(self, agent, person):
        person.decide(agent.submit(), "approve")

        (line,) = agent.get("feed/").json()["results"]

        body = Message.objects.get().body
        assert f'"timestamp":"{line["timestamp"]}"' in body


class TestEvaluate:
    def test_tells_what_a_submission_would_meet(self, agent):
        judged = agent.post("evaluate/", proposal(amount=12_500)).json()
        made = agent.submit(amount=12_500)

        assert judged["would"] == "ask a person"
        assert judged["risk"] == made["risk"]
        assert judged["required_level"] == made["required_level"]
        assert judged["effect"] == made["effect"]
        assert judged["digest"] == made["digest"]

    def test_names_the_template_that_would_let_it_pass(self, agent, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint)

        judged = agent.post("evaluate/", proposal(amount=10)).json()

        assert (judged["would"], judged["template"]) == ("pass: template", "small_payments")
        assert agent.post("evaluate/", proposal(amount=51)).json()["template"] is None

    def test_lists_missing_context_instead_of_refusing(self, agent):
        factories.VersionFactory(checkpoint__name="deploy", required_context=["/rationale"])

        judged = agent.post("evaluate/", proposal(checkpoint="deploy")).json()

        assert (judged["would"], judged["missing_context"]) == ("be refused", ["/rationale"])

    def test_creates_nothing(self, agent, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint)
        before = rows()

        agent.post("evaluate/", proposal(group={"id": "g", "index": 0, "size": 1}))
        agent.post("evaluate/", proposal(checkpoint="nowhere"))

        assert rows() == before

    def test_is_held_to_the_same_shape_as_a_submission(self, agent):
        said = problem(agent.post("evaluate/", {"action": ""}), 422, "required")

        assert set(pointers(said)) >= {"/action", "/checkpoint"}
        problem(agent.post("evaluate/", proposal(checkpoint="nowhere")), 422, "unknown_checkpoint")


class TestCheckpoints:
    def test_say_what_an_agent_must_send(self, agent):
        factories.VersionFactory(
            checkpoint__name="deploy",
            title="Deploy to production",
            guidelines="Look at the diff.",
            required_context=["/rationale", "/impact/scope"],
            stage="pre_commit",
        )

        listed = agent.get("checkpoints/").json()
        read = agent.get("checkpoints/deploy/").json()

        assert [checkpoint["name"] for checkpoint in listed["results"]] == ["deploy", "payments"]
        assert listed["results"][0] == read
        assert read["required_context"] == ["/rationale", "/impact/scope"]
        assert read["stage"] == "pre_commit"
        assert read["response"] == {"type": "binary"}

    def test_are_only_those_that_are_live(self, agent):
        factories.VersionFactory(checkpoint__name="planned", state="draft")

        assert [c["name"] for c in agent.get("checkpoints/").json()["results"]] == ["payments"]
        problem(agent.get("checkpoints/planned/"), 404, "not_found")
        problem(agent.get("checkpoints/none/"), 404, "not_found")

    def test_tell_a_submission_s_risk_by_the_same_policy(self, agent, robin, payments):
        now = payments.created_at
        prepared = submission.evaluate(robin, proposal(amount=2000), at=now)

        assert agent.post("evaluate/", proposal(amount=2000)).json()["risk"] == (
            prepared.evaluation.risk.as_json()
        )


def rows():
    return {
        model.__name__: model.objects.count() for model in apps.get_models() if model._meta.managed
    }
