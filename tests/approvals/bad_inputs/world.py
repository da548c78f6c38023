"""The server as an attacker meets it, and how it must look after every attempt."""

import io
import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.operations import agents, people
from tests import factories

GOOD = {"checkpoint": "payments", "action": "pay", "arguments": {"amount": 10}}
# What no caller may read: how the server is made, or what it asked of its database.
INSIDE = ("Traceback", "SELECT ", "INSERT ", "sqlite", "psycopg", 'File "', ".py", "/work/")
# Refusals go on record, so the trail grows; a key remembers that it was used.
MAY_GROW = {"Event", "EventText", "Stream", "Session"}


@dataclass
class World:
    """Robin who asks, Ada who may decide all, Ben who may decide little, and their clients."""

    robin: Any
    ada: Any
    ben: Any
    version: Any
    keys: dict[str, str] = field(default_factory=dict)
    browsers: dict[str, Client] = field(default_factory=dict)
    log: io.StringIO = field(default_factory=io.StringIO)

    @classmethod
    def made(cls) -> "World":
        world = cls(
            robin=factories.AgentFactory(name="robin"),
            ada=factories.ReviewerFactory(user__username="ada", tier="executive"),
            ben=factories.ReviewerFactory(user__username="ben", tier="team_member"),
            version=factories.VersionFactory(),
        )
        now = timezone.now()
        other = factories.AgentFactory(name="other")
        for name, agent in (("agent", world.robin), ("other", other)):
            world.keys[name] = agents.issue_key(agent, actor="test", at=now)
        world.keys |= {"person": world.token(world.ada), "ben": world.token(world.ben)}
        world.browsers["browser"] = world.signed_in(world.ada)
        return world

    @property
    def browser(self) -> Client:
        return self.browsers["browser"]

    def third_agent(self) -> Any:
        """One whose key may be spoiled: its caller is "third"."""
        third = factories.AgentFactory(name="third")
        self.keys["third"] = agents.issue_key(third, actor="test", at=timezone.now())
        return third

    def token(self, reviewer: Any) -> str:
        how = {"actor": "test", "at": timezone.now(), "expires_in": timedelta(days=1)}
        return people.create_token(reviewer.user.username, **how)[0]

    def signed_in(self, reviewer: Any) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(reviewer.user)
        return client

    def submit(self, **changes: Any) -> ApprovalRequest:
        """A new request of Robin's."""
        response = self.send({"with": changes})
        assert response.status_code == 201, response.content
        return ApprovalRequest.objects.get(pk=response.json()["id"])

    def decision(
        self, approval: ApprovalRequest, verdict: str, *, by: str = "person", **words: Any
    ) -> dict[str, Any]:
        """The request that decides what stands there now."""
        seen = {"verdict": verdict, "revision": approval.revision, "digest": approval.digest}
        return {"by": by, "path": f"approvals/{approval.pk}/decisions/", "body": seen | words}

    def send(self, what: dict[str, Any]):
        """Make one request, as an entry of the corpus describes it."""
        by = what.get("by", "agent")
        if what.get("allowed"):
            self.robin.callback_prefixes = [what["with"]["callback_url"]]
            self.robin.save()
        client = self.browsers.get(by) or Client(raise_request_exception=False)
        path = what.get("path", "approvals/")
        path = path if path.startswith("/") else f"/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.keys[by]}"} if by in self.keys else {}
        headers |= what.get("headers", {})
        if "form" in what:
            return client.post(path, what["form"], headers=headers)
        if what.get("method") == "get":
            return client.get(path, query_params=what.get("query"), headers=headers)
        kind = what.get("type", "application/json")
        return client.generic("POST", path, body_of(what), content_type=kind, headers=headers)

    def is_well(self) -> None:
        """What everybody else comes for is still there."""
        for by, path in (("agent", "approvals/"), ("person", "inbox/")):
            query = {"limit": "200"}
            response = self.send({"by": by, "method": "get", "path": path, "query": query})
            assert response.status_code == 200, (path, response.content[:500])
        for path in ("/", "/?view=team"):
            page = self.browser.get(path)
            assert page.status_code == 200, path
            assert b"row-broken" not in page.content, path


def body_of(what: dict[str, Any]) -> bytes:
    if "hex" in what:
        return bytes.fromhex(what["hex"])
    if "raw" in what:
        raw = what["raw"]
        return raw if isinstance(raw, bytes) else raw.encode()
    body = what["body"] if "body" in what else GOOD | what.get("with", {})
    left = {name: value for name, value in body.items() if name not in what.get("without", [])}
    return json.dumps(left).encode()


def rows() -> dict[str, int]:
    """How many rows there are of what an agent or a person can bring about."""
    tables = {
        model.__name__: f'(SELECT COUNT(*) FROM "{model._meta.db_table}")'
        for model in apps.get_models()
        if model.__name__ not in MAY_GROW
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(tables.values())}")
        return dict(zip(tables, cursor.fetchone(), strict=True))


def logging_to(stream: io.StringIO) -> logging.Handler:
    """A handler that writes to the stream what the server's own would write, and more of it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    return handler
