"""How often each endpoint asks the database: as often for fifty as for one."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.api.conftest import proposal


@pytest.fixture
def person(ada, as_person):
    return as_person(ada)


def count(ask) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        response = ask()
    assert response.status_code in (200, 201), response.content
    return len(asked)


class TestAQuestionCosts:
    def test_the_same_for_fifty_as_for_one(self, agent, person):
        kinds = {
            "list": lambda: agent.get("approvals/"),
            "inbox": lambda: person.get("inbox/"),
            "feed": lambda: agent.get("feed/"),
            "group": lambda: agent.get("groups/turn/"),
        }
        body = {"group": "turn", "requests": [proposal() for _ in range(50)]}
        made = agent.post("approvals/bulk/", body).json()
        person.decide(made[0], "guide", feedback="One.")
        for ask in kinds.values():
            ask()
        few = {name: count(ask) for name, ask in kinds.items()}

        for document in made[:25]:
            person.decide(document, "modify", merge_patch={"amount": 5})
        for document in made[25:]:
            person.decide(document, "guide", feedback="Careful.")

        assert {name: count(ask) for name, ask in kinds.items()} == few

    @pytest.mark.parametrize(
        ("what", "most"), [("submit", 17), ("read", 5), ("list", 5), ("feed", 2), ("evaluate", 5)]
    )
    def test_few_queries(self, agent, what, most):
        made = agent.submit()
        kinds = {
            "submit": lambda: agent.post("approvals/", proposal()),
            "read": lambda: agent.get(f"approvals/{made['id']}/"),
            "list": lambda: agent.get("approvals/"),
            "feed": lambda: agent.get("feed/"),
            "evaluate": lambda: agent.post("evaluate/", proposal()),
        }

        assert count(kinds[what]) <= most

    def test_less_for_a_bulk_than_for_each_alone(self, agent):
        agent.submit()
        alone = count(lambda: agent.post("approvals/", proposal()))
        body = {"group": "turn", "requests": [proposal() for _ in range(10)]}

        assert count(lambda: agent.post("approvals/bulk/", body)) < 10 * alone
