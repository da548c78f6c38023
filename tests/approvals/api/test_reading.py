"""GET approvals/{id}/ and GET approvals/: an agent's own, and nobody else's."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from approvals.api.paging import MAX_LIMIT
from approvals.models import ApprovalRequest
from tests import factories
from tests.approvals.api.conftest import problem


@pytest.fixture
def other(payments, as_agent):
    return as_agent(factories.AgentFactory())


class TestRead:
    def test_is_answered_304_while_nothing_has_changed(self, agent, as_person, ada):
        made = agent.submit()
        path = f"approvals/{made['id']}/"
        etag = agent.get(path)["ETag"]

        assert agent.get(path, If_None_Match=etag).status_code == 304
        assert agent.get(path, If_None_Match=f'"x", W/{etag}').status_code == 304
        assert agent.get(path, If_None_Match=etag)["ETag"] == etag
        as_person(ada).decide(made, "guide", feedback="Ask the supplier.")
        assert agent.get(path, If_None_Match=etag).status_code == 200

    def test_tells_what_reviewers_say_meanwhile(self, agent, as_person, ada):
        made = agent.submit()
        as_person(ada).decide(made, "guide", feedback="Ask the supplier.")

        (said,) = agent.get(f"approvals/{made['id']}/").json()["feedback"]

        assert (said["by"], said["verdict"], said["feedback"]) == (
            "ada",
            "guide",
            "Ask the supplier.",
        )

    def test_is_404_for_another_agent_s(self, agent, other):
        made = agent.submit()

        theirs = problem(other.get(f"approvals/{made['id']}/"), 404, "not_found")
        nobodys = problem(other.get(f"approvals/{uuid.uuid4()}/"), 404, "not_found")

        assert without_id(theirs) == without_id(nobodys)

    def test_is_403_for_a_person_s_token(self, agent, as_person, ada):
        made = agent.submit()

        problem(as_person(ada).get(f"approvals/{made['id']}/"), 403, "not_eligible")

    def test_keeps_what_the_agent_sent_beside_what_was_approved(self, agent, as_person, ada):
        made = agent.submit(amount=900)
        as_person(ada).decide(made, "modify", merge_patch={"amount": 500})

        document = agent.get(f"approvals/{made['id']}/").json()

        assert document["status"] == "modified"
        assert document["arguments"] == {"amount": 900}
        assert document["decision"]["arguments"] == {"amount": 500}
        assert document["revision"] == 2

    def test_is_for_no_cache_but_the_caller_s_own(self, agent):
        made = agent.submit()

        assert agent.get(f"approvals/{made['id']}/")["Cache-Control"] == "private, no-cache"


class TestList:
    def test_is_the_agent_s_own_newest_first(self, agent, other):
        made = [agent.submit(amount=amount)["id"] for amount in (1, 2, 3)]
        other.submit()

        listed = agent.get("approvals/").json()

        assert [document["id"] for document in listed["results"]] == made[::-1]
        assert listed["next_cursor"] is None

    def test_gives_the_same_documents_as_reading_them(self, agent):
        made = agent.submit()

        assert agent.get("approvals/").json()["results"] == [made]

    def test_is_walked_by_cursor_without_a_gap_or_a_repeat(self, agent):
        made = [agent.submit(amount=amount)["id"] for amount in range(7)]
        same = ApprovalRequest.objects.get(pk=made[3]).submitted_at
        ApprovalRequest.objects.filter(pk__in=made[2:5]).update(submitted_at=same)

        walked, cursor = [], None
        while True:
            page = agent.get(
                "approvals/", {"limit": 2} | ({"cursor": cursor} if cursor else {})
            ).json()
            assert len(page["results"]) <= 2
            walked += [document["id"] for document in page["results"]]
            if not (cursor := page["next_cursor"]):
                break

        assert len(walked) == 7
        assert set(walked) == set(made)
        assert walked[:2] == made[:4:-1]
        assert walked[-2:] == made[1::-1]

    def test_is_not_shifted_by_what_arrives_between_two_pages(self, agent):
        made = [agent.submit(amount=amount)["id"] for amount in range(4)]
        first = agent.get("approvals/", {"limit": 2}).json()
        agent.submit()

        second = agent.get("approvals/", {"limit": 2, "cursor": first["next_cursor"]}).json()

        assert [document["id"] for document in second["results"]] == made[1::-1]

    def test_filters_by_status_checkpoint_run_and_time(self, agent, as_person, ada):
        factories.VersionFactory(checkpoint__name="deploy")
        rejected = agent.submit(run="r-1")
        as_person(ada).decide(rejected, "reject", feedback="No.")
        pending = agent.submit(run="r-1")
        deploy = agent.submit(checkpoint="deploy", run="r-2")

        def ids(**query):
            return [document["id"] for document in agent.get("approvals/", query).json()["results"]]

        assert ids(status="rejected") == [rejected["id"]]
        assert ids(checkpoint="deploy") == [deploy["id"]]
        assert ids(run="r-1") == [pending["id"], rejected["id"]]
        assert ids(run="r-1", status="pending") == [pending["id"]]
        assert ids(created_after=rejected["created_at"]) == [deploy["id"], pending["id"]]
        assert ids(run="r-3") == []
        assert ids(checkpoint="no such checkpoint") == []

    def test_takes_any_offset_for_a_time_even_one_not_encoded(self, agent):
        made = agent.submit()
        before = datetime.fromisoformat(made["created_at"]) - timedelta(seconds=1)
        elsewhere = before.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")

        raw = agent.client.get(
            f"/api/v1/approvals/?created_after={elsewhere}",
            headers={"Authorization": f"Bearer {agent.key}"},
        )

        assert len(raw.json()["results"]) == 1

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "open"},
            {"status": ""},
            {"created_after": "yesterday"},
            {"created_after": "2026-01-01T00:00:00"},
            {"created_after": "0001-01-01T00:00:00+14:00"},
            {"created_after": "9999-12-31T23:59:59-14:00"},
            {"created_after": "10000-01-01T00:00:00Z"},
            {"created_after": "٢٠٢٦-01-01T00:00:00Z"},
            {"limit": "0"},
            {"limit": "-1"},
            {"limit": str(MAX_LIMIT + 1)},
            {"limit": "9" * 30},
            {"limit": "١"},
            {"limit": "1.0"},
            {"ordering": "agent__name"},
            {"run": "a\0b"},
            {"checkpoint": "x" * 10_000},
            {"run": ["a", "b"]},
        ],
    )
    def test_refuses_filters_it_does_not_understand(self, agent, query):
        problem(agent.get("approvals/", query), 422, "invalid_filter")

    @pytest.mark.parametrize("cursor", ["", "x", "\0", "a:b:c", "ä" * 100, "A" * 10_000])
    def test_refuses_a_cursor_that_is_none(self, agent, cursor):
        problem(agent.get("approvals/", {"cursor": cursor}), 422, "invalid_cursor")

    def test_refuses_a_cursor_that_was_tampered_with_or_is_another_s(self, agent, other):
        for caller in (agent, other):
            caller.submit()
            caller.submit()
        theirs = other.get("approvals/", {"limit": 1}).json()["next_cursor"]
        feed = agent.get("feed/").json()["next_cursor"]
        mine = agent.get("approvals/", {"limit": 1}).json()["next_cursor"]
        tampered = mine[:-1] + ("A" if mine[-1] != "A" else "B")

        for cursor in (theirs, feed, tampered):
            problem(agent.get("approvals/", {"cursor": cursor}), 422, "invalid_cursor")

    def test_is_for_agents(self, as_person, ada):
        problem(as_person(ada).get("approvals/"), 403, "not_eligible")


def without_id(said):
    return {name: value for name, value in said.items() if name != "request_id"}
