"""What the front is told: hold this answer, until then, for whom. Clients never see it."""

import json

import pytest
from django.utils import timezone

from approvals.models import ApprovalGroup
from approvals.operations import agents
from audit import trail
from tests import factories
from tests.approvals.api.conftest import problem, proposal

HEADER = "X-Placet-Wait"


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


def wait(response):
    return json.loads(response[HEADER])


class TestOfASubmission:
    @pytest.mark.parametrize(
        ("preference", "seconds"),
        [
            ("wait=20", 20),
            ("wait=1", 1),
            ("WAIT = 5", 5),
            ('wait="7"', 7),
            ("respond-async, wait=10", 10),
            ("wait=10; foo=bar", 10),
            ("wait=61", 60),
            ("wait=999999999", 60),
        ],
    )
    def test_is_as_long_as_preferred_up_to_a_minute(self, agent, robin, preference, seconds):
        response = agent.post("approvals/", proposal(), Prefer=preference)

        made = response.json()
        assert wait(response) == {
            "topics": [f"approval:{made['id']}", robin.keys.get().ref],
            "seconds": seconds,
            "path": f"/api/v1/approvals/{made['id']}/?wait={seconds}",
            "holder": robin.ref,
            "limit": robin.max_waits,
            "together": {"path": "/api/v1/approvals/together/", "key": made["id"]},
        }

    @pytest.mark.parametrize(
        "preference", ["", "wait=0", "wait", "wait=", "wait=x", "wait=-1", "wait=1.5", "await=5"]
    )
    def test_is_none_where_none_is_preferred(self, agent, preference):
        response = agent.post("approvals/", proposal(), Prefer=preference)

        assert response.status_code == 201
        assert HEADER not in response

    def test_is_none_where_the_policy_has_decided(self, agent, payments):
        factories.TemplateFactory(checkpoint=payments.checkpoint)

        assert HEADER not in agent.post("approvals/", proposal(), Prefer="wait=9")

    def test_is_none_where_it_is_refused(self, agent):
        assert HEADER not in agent.post("approvals/", {}, Prefer="wait=9")

    def test_goes_on_for_a_retry(self, agent):
        agent.post("approvals/", proposal(), Idempotency_Key="k")

        again = agent.post("approvals/", proposal(), Idempotency_Key="k", Prefer="wait=9")

        assert again.status_code == 200
        assert wait(again)["seconds"] == 9


class TestOfARead:
    def test_is_asked_for_by_preference_or_in_the_query(self, agent):
        path = f"approvals/{agent.submit()['id']}/"

        assert wait(agent.get(path, Prefer="wait=9")) == wait(agent.get(path, {"wait": "9"}))
        assert HEADER not in agent.get(path)

    @pytest.mark.parametrize("seconds", ["", "x", "-1", "1.5", "٩", "1e3", "9" * 40])
    def test_is_a_number_in_the_query(self, agent, seconds):
        path = f"approvals/{agent.submit()['id']}/"

        problem(agent.get(path, {"wait": seconds}), 422, "invalid_filter")

    @pytest.mark.parametrize("verdict", ["approve", "reject", "request_changes"])
    def test_ends_when_it_settles_or_the_agent_s_turn_comes(self, agent, person, verdict):
        made = agent.submit()
        person.decide(made, verdict, feedback="So.")

        assert HEADER not in agent.get(f"approvals/{made['id']}/", {"wait": "9"})

    def test_goes_on_through_guidance(self, agent, person):
        made = agent.submit()
        person.decide(made, "guide", feedback="Careful.")

        assert HEADER in agent.get(f"approvals/{made['id']}/", {"wait": "9"})

    def test_ends_when_the_key_is_revoked(self, agent, robin):
        asked = wait(agent.get(f"approvals/{agent.submit()['id']}/", {"wait": "9"}))

        agents.revoke_key(robin.keys.get(), actor="test", at=timezone.now())

        told = trail.history_of(robin.ref)[-1].related
        assert told in asked["topics"]

    def test_is_possible_for_a_change_too(self, agent):
        path = f"approvals/{agent.submit()['id']}/"
        etag = agent.get(path)["ETag"]

        unchanged = agent.get(path, {"wait": "9"}, If_None_Match=etag)

        assert unchanged.status_code == 304
        assert HEADER in unchanged

    def test_is_none_for_another_s(self, agent, as_agent):
        made = agent.submit()
        other = as_agent(factories.AgentFactory())

        assert HEADER not in other.get(f"approvals/{made['id']}/", {"wait": "9"})


class TestOfAGroup:
    def test_lasts_until_all_are_answered(self, agent, person):
        body = {"group": "turn/7 ä", "requests": [proposal(), proposal()]}
        first, second = agent.post("approvals/bulk/", body).json()
        path = "groups/turn/7%20%C3%A4/"

        asked = wait(agent.get(path, {"wait": "9"}))
        assert ApprovalGroup.objects.get().ref in asked["topics"]
        assert asked["path"] == "/api/v1/groups/turn/7%20%C3%A4/?wait=9"
        person.decide(first, "approve")
        assert HEADER in agent.get(path, {"wait": "9"})
        person.decide(second, "approve")
        assert HEADER not in agent.get(path, {"wait": "9"})

    def test_ends_when_one_is_sent_back(self, agent, person):
        body = {"group": "turn", "requests": [proposal(), proposal()]}
        first, _ = agent.post("approvals/bulk/", body).json()
        person.decide(first, "request_changes", feedback="Half.")

        assert HEADER not in agent.get("groups/turn/", {"wait": "9"})


class TestOfTheFeed:
    def test_lasts_while_there_is_nothing_new(self, agent, person, robin):
        response = agent.get("feed/", {"wait": "9", "limit": "7"})
        cursor = response.json()["next_cursor"]

        assert robin.ref in wait(response)["topics"]
        assert wait(response)["path"] == f"/api/v1/feed/?cursor={cursor}&limit=7&wait=9"
        person.decide(agent.submit(), "approve")
        assert HEADER not in agent.get("feed/", {"wait": "9", "cursor": cursor})


class TestOfManyTogether:
    PATH = "approvals/together/"

    def test_is_answered_for_each_as_reading_it_alone(self, agent, person):
        decided, waiting = agent.submit(), agent.submit()
        person.decide(decided, "approve")
        keys = [decided["id"], waiting["id"]]

        answers = agent.post(self.PATH, {"keys": keys}, X_Placet_Waited="1").json()["answers"]

        alone = agent.get(f"approvals/{decided['id']}/")
        assert answers[decided["id"]]["body"] == alone.content.decode()
        assert answers[decided["id"]]["headers"]["ETag"] == alone["ETag"]
        assert HEADER not in answers[decided["id"]]["headers"]
        assert HEADER in answers[waiting["id"]]["headers"]

    def test_says_nothing_of_another_s(self, agent, as_agent):
        made = agent.submit()
        other = as_agent(factories.AgentFactory())

        answer = other.post(self.PATH, {"keys": [made["id"]]}, X_Placet_Waited="1")

        assert answer.json() == {"answers": {}}

    def test_is_not_there_for_those_outside(self, agent):
        problem(agent.post(self.PATH, {"keys": []}), 404, "not_found")
