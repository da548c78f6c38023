"""Waiting for a decision, as an agent does it: a real server, real sockets, real time."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.chaos.harness import Installation

PAYMENT = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}
# Far less than any wait asked for here, far more than an answer takes on a busy machine.
SOON = 8.0


class Server:
    """A web process on a new SQLite database, with an agent and a director at its door."""

    def __init__(self, directory) -> None:
        self.database = directory / "placet.sqlite3"
        self.installation = Installation(directory, database_url=f"sqlite:///{self.database}")
        self.installation.migrate()
        shell = self.installation.shell
        shell.call("publish", name="payments", timeout_seconds=3600)
        names = ["robin", "robot"]
        self.keys = {
            one["name"]: one["key"] for one in shell.call("register", names=names, callbacks=[])
        }
        (person,) = shell.call("employ", names=["dora"], tier="director")
        self.token = person["token"]
        self.web = self.installation.start_web().until_ready()

    def caller(self, key: str) -> httpx2.Client:
        url = f"http://127.0.0.1:{self.web.port}/api/v1/"
        return httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
        )

    def execute(self, statement: str, *values: str) -> None:
        with sqlite3.connect(self.database, timeout=20) as connection:
            connection.execute(statement, values)

    def close(self) -> None:
        self.installation.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("waiting"))
    yield server
    server.close()


@pytest.fixture
def agent(server):
    with server.caller(server.keys["robin"]) as client:
        yield client


@pytest.fixture
def person(server):
    with server.caller(server.token) as client:
        yield client


@pytest.fixture
def meanwhile():
    """`meanwhile(function, …)`: a call under way in another thread."""
    with ThreadPoolExecutor(24) as pool:
        yield pool.submit


def decide(person, document, verdict, **words):
    seen = {"revision": document["revision"], "digest": document["digest"]}
    answer = person.post(
        f"approvals/{document['id']}/decisions/", json={"verdict": verdict, **seen, **words}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def until_in_inbox(person, run):
    """The request of this run, as soon as a person sees it."""
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        for document in person.get("inbox/", params={"limit": 200}).json()["results"]:
            if document["run"] == run:
                return document
        time.sleep(0.02)
    raise AssertionError(f"{run} did not arrive")


def is_clean(answer):
    """Nothing that the server says to itself has left it."""
    assert not [name for name in answer.headers if name.lower().startswith("x-placet")]
    return answer


class TestASubmission:
    def test_that_prefers_to_wait_is_answered_with_the_decision(self, agent, person, meanwhile):
        started = time.monotonic()
        answer = meanwhile(
            agent.post,
            "approvals/",
            json=PAYMENT | {"run": "w-1"},
            headers={"Prefer": "wait=30", "Idempotency-Key": "w-1"},
        )
        decide(person, until_in_inbox(person, "w-1"), "modify", merge_patch={"amount": 9})

        made = is_clean(answer.result())

        assert time.monotonic() - started < 30
        assert made.status_code == 201
        document = made.json()
        assert made.headers["Location"] == f"/api/v1/approvals/{document['id']}/"
        assert (document["status"], document["may_proceed"]) == ("modified", True)
        assert document["decision"]["arguments"] == {"amount": 9}
        read = is_clean(agent.get(f"approvals/{document['id']}/"))
        assert read.json() == document
        assert read.headers["ETag"] == made.headers["ETag"]

    def test_is_answered_as_it_stands_when_the_time_is_over(self, agent):
        started = time.monotonic()

        made = is_clean(agent.post("approvals/", json=PAYMENT, headers={"Prefer": "wait=1"}))

        assert 1 <= time.monotonic() - started < SOON
        assert made.status_code == 201
        assert made.json()["status"] == "pending"
        assert made.headers["Location"] == f"/api/v1/approvals/{made.json()['id']}/"

    def test_sent_again_while_the_first_waits_joins_it(self, agent, person, meanwhile):
        how = {
            "json": PAYMENT | {"run": "w-2"},
            "headers": {"Prefer": "wait=30", "Idempotency-Key": "w-2"},
        }
        first = meanwhile(agent.post, "approvals/", **how)
        waiting = until_in_inbox(person, "w-2")
        second = meanwhile(agent.post, "approvals/", **how)
        time.sleep(0.3)
        decide(person, waiting, "approve")

        assert is_clean(first.result()).status_code == 201
        assert is_clean(second.result()).status_code == 200
        assert second.result().headers["Idempotent-Replayed"] == "true"
        assert first.result().json() == second.result().json()

    def test_that_is_refused_does_not_wait(self, agent):
        started = time.monotonic()

        refused = is_clean(
            agent.post("approvals/", json={"action": "pay"}, headers={"Prefer": "wait=30"})
        )

        assert refused.status_code == 422
        assert time.monotonic() - started < SOON


class TestAReader:
    @pytest.mark.parametrize(
        ("verdict", "status"),
        [("reject", "rejected"), ("request_changes", "changes_requested")],
    )
    def test_hears_of_a_decision_and_of_its_turn(self, agent, person, meanwhile, verdict, status):
        made = agent.post("approvals/", json=PAYMENT).json()
        answer = meanwhile(agent.get, f"approvals/{made['id']}/", params={"wait": "30"})
        time.sleep(0.3)
        said = time.monotonic()
        decide(person, made, verdict, feedback="So.")

        assert is_clean(answer.result()).json()["status"] == status
        assert time.monotonic() - said < SOON

    def test_that_has_it_already_hears_of_a_change_only(self, agent, person, meanwhile):
        made = agent.post("approvals/", json=PAYMENT)
        path = f"approvals/{made.json()['id']}/"
        known = {"If-None-Match": made.headers["ETag"]}

        unchanged = is_clean(agent.get(path, params={"wait": "1"}, headers=known))
        answer = meanwhile(agent.get, path, params={"wait": "30"}, headers=known)
        time.sleep(0.3)
        decide(person, made.json(), "approve")

        assert unchanged.status_code == 304
        assert is_clean(answer.result()).json()["status"] == "approved"

    def test_whose_key_is_revoked_meanwhile_is_sent_away(self, server, meanwhile):
        with server.caller(server.keys["robot"]) as robot:
            made = robot.post("approvals/", json=PAYMENT).json()
            answer = meanwhile(robot.get, f"approvals/{made['id']}/", params={"wait": "5"})
            time.sleep(0.5)
            prefix = server.keys["robot"].split("_")[2]
            server.execute(
                "UPDATE approvals_apikey SET revoked_at = datetime('now') WHERE prefix = ?", prefix
            )

            sent_away = is_clean(answer.result())

        assert sent_away.status_code == 401
        assert sent_away.json()["code"] == "unauthorized"
        assert sent_away.headers["WWW-Authenticate"].startswith("Bearer")

    def test_among_many_of_one_key_is_told_of_their_own(self, server, agent, person, meanwhile):
        bulk = {"group": "crowd", "requests": [PAYMENT] * 20}
        made = agent.post("approvals/bulk/", json=bulk).json()
        waiting = [
            meanwhile(reading, server, f"approvals/{document['id']}/?wait=30") for document in made
        ]
        time.sleep(1.0)
        items = [{name: one[name] for name in ("id", "revision", "digest")} for one in made]
        person.post("decisions/batch/", json={"items": items, "verdict": "approve"})

        answers = [is_clean(answer.result()) for answer in waiting]

        assert [answer.json()["id"] for answer in answers] == [one["id"] for one in made]
        assert {answer.json()["status"] for answer in answers} == {"approved"}
        assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}


class TestAGroup:
    def test_is_waited_for_until_the_last_is_answered(self, agent, person, meanwhile):
        bulk = {"group": "turn/1", "requests": [PAYMENT, PAYMENT]}
        first, second = agent.post("approvals/bulk/", json=bulk).json()
        answer = meanwhile(agent.get, "groups/turn%2F1/", params={"wait": "30"})
        decide(person, first, "approve")
        time.sleep(0.5)
        assert not answer.done()
        decide(person, second, "reject", feedback="No.")

        turn = is_clean(answer.result()).json()

        assert turn["complete"] is True
        assert [member["status"] for member in turn["members"]] == ["approved", "rejected"]


class TestTheFeed:
    def test_is_waited_for_from_where_the_reader_stands(self, agent, person, meanwhile):
        cursor = newest(agent)
        made = agent.post("approvals/", json=PAYMENT).json()
        answer = meanwhile(agent.get, "feed/", params={"cursor": cursor, "wait": "30"})
        time.sleep(0.3)
        decide(person, made, "guide", feedback="Careful.")

        (line,) = is_clean(answer.result()).json()["results"]

        assert (line["type"], line["approval"]) == ("approval.guided", made["id"])


class TestOneGrant:
    def test_is_taken_once_however_many_ask_at_the_same_time(
        self, server, agent, person, meanwhile
    ):
        made = agent.post("approvals/", json=PAYMENT).json()
        decide(person, made, "approve")
        path, body = f"approvals/{made['id']}/consume/", {"digest": made["digest"]}

        asked = [meanwhile(posting, server, path, body) for _ in range(20)]
        answers = [answer.result() for answer in asked]

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
        assert {answer.json().get("code") for answer in answers} == {None, "grant_consumed"}


def newest(agent):
    """The cursor of the feed's end."""
    page = agent.get("feed/", params={"limit": 200}).json()
    while page["results"]:
        page = agent.get("feed/", params={"limit": 200, "cursor": page["next_cursor"]}).json()
    return page["next_cursor"]


def reading(server, path):
    with server.caller(server.keys["robin"]) as client:
        return client.get(path)


def posting(server, path, body):
    with server.caller(server.keys["robin"]) as client:
        return client.post(path, json=body)
