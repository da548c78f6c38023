"""POST approvals/bulk/ and GET groups/{id}/: an agent's turn, submitted and answered as one."""

import pytest

from approvals.models import ApprovalGroup, ApprovalRequest
from tests import factories
from tests.approvals.api.conftest import pointers, problem, proposal


def turn(*amounts, group="turn-7"):
    return {"group": group, "requests": [proposal(amount=amount) for amount in amounts]}


class TestBulk:
    def test_answers_the_list_in_order(self, agent):
        response = agent.post("approvals/bulk/", turn(3, 1, 2))

        assert response.status_code == 201
        assert [document["arguments"]["amount"] for document in response.json()] == [3, 1, 2]
        assert [document["group"] for document in response.json()] == [
            {"id": "turn-7", "index": index, "size": 3} for index in range(3)
        ]
        assert agent.get("groups/turn-7/").json()["members"] == response.json()
        assert response["Location"] == "/api/v1/groups/turn-7/"

    def test_is_all_or_none(self, agent):
        body = turn(1, 2)
        body["requests"][1]["checkpoint"] = "nowhere"

        said = problem(agent.post("approvals/bulk/", body), 422, "unknown_checkpoint")

        assert pointers(said) == ["/requests/1/checkpoint"]
        assert (ApprovalRequest.objects.count(), ApprovalGroup.objects.count()) == (0, 0)

    def test_names_the_place_of_a_field_at_fault(self, agent):
        body = turn(1, 2)
        body["requests"][1]["colour"] = "red"

        said = problem(agent.post("approvals/bulk/", body), 422, "unknown_field")

        assert pointers(said) == ["/requests/1/colour"]

    def test_takes_at_most_a_hundred(self, agent):
        assert agent.post("approvals/bulk/", turn(*range(100))).status_code == 201
        problem(agent.post("approvals/bulk/", turn(*range(101), group="g")), 422, "too_many_items")
        problem(agent.post("approvals/bulk/", turn(group="g")), 422, "too_few_items")

    def test_a_name_is_used_once(self, agent):
        agent.post("approvals/bulk/", turn(1))

        said = problem(agent.post("approvals/bulk/", turn(2)), 409, "group_exists")

        assert "current" in said
        assert ApprovalRequest.objects.count() == 1

    def test_a_retry_answers_the_first_result(self, agent):
        first = agent.post("approvals/bulk/", turn(1, 2), Idempotency_Key="k")
        again = agent.post("approvals/bulk/", turn(1, 2), Idempotency_Key="k")
        other = agent.post("approvals/bulk/", turn(1, 3), Idempotency_Key="k")

        assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
        assert again.json() == first.json()
        problem(other, 422, "idempotency_key_reused")

    def test_a_member_names_no_group_of_its_own(self, agent):
        body = turn(1)
        body["requests"][0]["group"] = {"id": "x", "index": 0, "size": 1}

        problem(agent.post("approvals/bulk/", body), 422, "unknown_field")


class TestGroup:
    def test_is_complete_when_every_member_is_there_and_answered(self, agent, as_person, ada):
        group = {"id": "turn", "size": 2}
        first = agent.submit(group=group | {"index": 0})
        person = as_person(ada)
        person.decide(first, "approve")
        assert agent.get("groups/turn/").json()["complete"] is False

        second = agent.submit(group=group | {"index": 1})
        assert agent.get("groups/turn/").json()["complete"] is False
        person.decide(second, "reject", feedback="No.")

        turned = agent.get("groups/turn/").json()
        assert turned["complete"] is True
        assert [member["status"] for member in turned["members"]] == ["approved", "rejected"]

    def test_is_in_the_order_of_the_places_not_of_arrival(self, agent):
        for index in (2, 0, 1):
            agent.submit(amount=index, group={"id": "turn", "index": index, "size": 3})

        members = agent.get("groups/turn/").json()["members"]

        assert [member["group"]["index"] for member in members] == [0, 1, 2]

    @pytest.mark.parametrize("place", [{"index": 0, "size": 2}, {"index": 1, "size": 3}])
    def test_a_place_is_taken_once_and_the_size_stands(self, agent, place):
        agent.submit(group={"id": "turn", "index": 0, "size": 2})

        refused = agent.post("approvals/", proposal(group={"id": "turn"} | place))

        assert refused.status_code in (409, 422)
        assert ApprovalRequest.objects.count() == 1

    def test_an_index_stays_below_the_size(self, agent):
        refused = agent.post("approvals/", proposal(group={"id": "t", "index": 2, "size": 2}))

        problem(refused, 422, "invalid_group")
        assert ApprovalGroup.objects.count() == 0

    def test_is_found_by_any_name_that_it_may_have(self, agent):
        for name in ("turn/7", "a b", "ä?#%", "x" * 200, "100%25"):
            agent.submit(group={"id": name, "index": 0, "size": 1})
            found = agent.get(f"groups/{quoted(name)}/")
            assert found.json()["id"] == name

    @pytest.mark.parametrize("name", ["a\nb", "a\x7f", "\t", "", "x" * 201])
    def test_has_no_name_that_cannot_stand_in_an_address(self, agent, name):
        said = agent.post("approvals/", proposal(group={"id": name, "index": 0, "size": 1}))

        assert said.status_code == 422

    @pytest.mark.parametrize("name", ["other", "%00", "a%00b", "%0A", "x" * 5000, "%FF"])
    def test_is_404_where_there_is_none(self, agent, name):
        problem(agent.get(f"groups/{name}/"), 404, "not_found")

    def test_is_each_agent_s_own(self, agent, as_agent):
        agent.post("approvals/bulk/", turn(1))
        other = as_agent(factories.AgentFactory())

        problem(other.get("groups/turn-7/"), 404, "not_found")
        assert other.post("approvals/bulk/", turn(2)).status_code == 201

    def test_is_answered_304_while_nothing_has_changed(self, agent):
        agent.post("approvals/bulk/", turn(1))
        etag = agent.get("groups/turn-7/")["ETag"]

        assert agent.get("groups/turn-7/", If_None_Match=etag).status_code == 304


def quoted(name: str) -> str:
    return "".join(char if char.isalnum() and char.isascii() else percent(char) for char in name)


def percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())
