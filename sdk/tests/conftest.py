import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from awaited import connector
from fakes import ID, VECTORS, FakeClock, FakeServer
from installation import Installation, installed

import placet


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> FakeServer:
    return FakeServer(clock)


@pytest.fixture(params=["blocking", "awaited"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes a client of either kind, with the arguments of `placet.Client`; `clock` is one."""
    if request.param == "blocking":
        yield placet.Client
        return
    with asyncio.Runner() as runner:
        yield connector(runner)


@pytest.fixture
def client(connect: Callable[..., Any], server: FakeServer, clock: FakeClock) -> Any:
    return connect(
        "https://approvals.example", "plc_agent_test_key", transport=server.transport, clock=clock
    )


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """An answer of the server, pending unless told otherwise."""

    def build(**changes: Any) -> dict[str, Any]:
        return {
            "id": ID,
            "url": f"https://approvals.example/approvals/{ID}/",
            "status": "pending",
            "revision": 1,
            "digest": "sha256:" + "0" * 64,
            "may_proceed": False,
            "decision": None,
            "grant": None,
            "action": "refund",
            "arguments": {"order": "4711", "amount": 90},
            **changes,
        }

    return build


@pytest.fixture
def approved(body: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """An answer of the server that gives permission."""

    def build(*, decision: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        settled = {
            "via": "human",
            "verdict": "approve",
            "decided_at": "2026-01-01T12:00:00Z",
            "feedback": "",
            "reason_code": None,
            "by": [{"name": "Ada", "role": "director", "verdict": "approve"}],
            "arguments": {"order": "4711", "amount": 90},
            "modifications": [],
            "selected": None,
            "answer": None,
            "steps": [],
            "follow_up": [],
            **(decision or {}),
        }
        return body(**{"status": "approved", "may_proceed": True, "decision": settled} | changes)

    return build


@pytest.fixture
def refusal() -> Callable[..., httpx2.Response]:
    """A problem+json answer."""

    def build(status: int, code: str, **more: Any) -> httpx2.Response:
        headers = {"Content-Type": "application/problem+json", **more.pop("headers", {})}
        problem = {
            "type": "about:blank",
            "title": "No",
            "status": status,
            "detail": "Because.",
            "code": code,
            "request_id": "req-1",
            **more,
        }
        return httpx2.Response(status, content=json.dumps(problem).encode(), headers=headers)

    return build


@pytest.fixture(scope="session")
def webhook_vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / "webhooks.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def grant_vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / "grants.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One real server for all live tests; those that kill it start it again."""
    with installed(tmp_path_factory.mktemp("placet")) as running:
        yield running


@pytest.fixture
def robin(installation: Installation) -> Iterator[placet.Client]:
    """The agent's client, on a real connection."""
    with placet.Client(installation.url, installation.agent_key) as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_is_left_waiting(request: pytest.FixtureRequest) -> Iterator[None]:
    """What one test left pending would be found by the next one's reviewer."""
    yield
    if "installation" not in request.fixturenames:
        return
    running = request.getfixturevalue("installation")
    with placet.Client(running.url, running.agent_key) as client:
        for approval in client.list(status="pending"):
            with suppress(placet.AlreadySettled):
                client.cancel(approval)
