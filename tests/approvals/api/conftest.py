"""Callers of the API, who hold every answer against the published document."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from approvals.operations import agents, people
from tests.approvals.api import contract


class Caller:
    """`get` and `post` below /api/v1/ with one key, or none."""

    def __init__(self, key: str | None) -> None:
        self.key = key
        self.client = Client()

    def get(self, path: str, query: Any = None, **headers: str):
        return self._ask("get", path, headers, query_params=query)

    def post(self, path: str, body: Any = None, **headers: str):
        """`body` is sent as JSON; bytes are sent as they are, None sends nothing."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        return self._ask("post", path, headers, data=data, content_type="application/json")

    def submit(self, **body: Any) -> dict[str, Any]:
        """The document of a new request."""
        response = self.post("approvals/", proposal(**body))
        assert response.status_code == 201, response.content
        return response.json()

    def decide(self, approval: dict[str, Any], verdict: str, **words: Any):
        """Decide what stands in the document, as it was seen."""
        seen = {"revision": approval["revision"], "digest": approval["digest"]}
        path = f"approvals/{approval['id']}/decisions/"
        return self.post(path, {"verdict": verdict, **seen, **words})

    def _ask(self, method: str, path: str, headers: dict[str, str], **how: Any):
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            given = {"Authorization": f"Bearer {self.key}", **given}
        response = getattr(self.client, method)(f"/api/v1/{path}", headers=given, **how)
        contract.check(response)
        return response


def proposal(amount: Any = 10, **body: Any) -> dict[str, Any]:
    return {"checkpoint": "payments", "action": "pay", "arguments": {"amount": amount}} | body


def problem(response, status: int, code: str) -> dict[str, Any]:
    """The problem, if it is this one."""
    said = contract.assert_problem(response)
    assert (said["status"], said["code"]) == (status, code), said
    return said


def pointers(said: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in said["errors"]]


@pytest.fixture
def as_agent():
    """`as_agent(robin)`: a caller with a new key of this agent."""
    return lambda agent: Caller(agents.issue_key(agent, actor="test", at=timezone.now()))


@pytest.fixture
def as_person():
    """`as_person(ada)`: a caller with a new token of this reviewer."""

    def made(reviewer, **how: Any) -> Caller:
        how = {"actor": "test", "at": timezone.now(), "expires_in": timedelta(days=1)} | how
        return Caller(people.create_token(reviewer.user.username, **how)[0])

    return made


@pytest.fixture
def agent(robin, payments, as_agent):
    """Robin at the door, with a checkpoint to propose to."""
    return as_agent(robin)


@pytest.fixture
def nobody():
    return Caller(None)
