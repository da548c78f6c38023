"""Others hang or die: a broker, somebody's webhook receiver. Nobody else may feel it."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.chaos import servers
from tests.chaos.conftest import Installing
from tests.chaos.harness import Installation, Web
from tests.chaos.receiver import Receiver
from tests.chaos.wire import Connection

ANSWERED_WITHIN_SECONDS = 3.0
DECISIONS = 8
OWED_TO_THE_SILENT = 12
OTHERS_HEAR_WITHIN_SECONDS = 12.0


@pytest.fixture
def broker() -> Iterator[servers.Redis]:
    """A Redis of one's own, to be broken."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed")
    with servers.private_redis() as server:
        yield server
        server.thaw()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a receiver that takes every call and never answers."""
    held: list[socket.socket] = []

    def hold() -> None:
        while True:
            try:
                held.append(listening.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        threading.Thread(target=hold, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        listening.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


class Crew:
    """An agent and a reviewer on one web process."""

    def __init__(self, name: str, installation: Installation, web: Web, callback: str) -> None:
        shell = installation.shell
        (self.agent,) = shell.call("register", names=[name], callbacks=[callback])
        (person,) = shell.call("employ", names=[f"{name}s-boss"], tier="team_lead")
        self._callback = f"{callback}{name}/hook"
        self._asking = Connection(web.port, bearer=self.agent["key"])
        self._deciding = Connection(web.port, bearer=person["token"])

    async def submit(self, number: int, **more: Any) -> dict[str, Any]:
        body = {
            "checkpoint": "payments",
            "action": "pay",
            "arguments": {"invoice": number},
            "callback_url": self._callback,
            **more,
        }
        answer = await self._asking.request("POST", "/api/v1/approvals/", body)
        assert answer.status == 201, answer.body
        return answer.json()

    async def decided(self, number: int) -> float:
        """Submit and approve; how long the decision's answer took, in seconds."""
        approval = await self.submit(number)
        said = {"verdict": "approve", "revision": 1, "digest": approval["digest"]}
        asked_at = time.monotonic()
        path = f"/api/v1/approvals/{approval['id']}/decisions/"
        answer = await self._deciding.request("POST", path, said, seconds=30)
        assert answer.status == 200, answer.body
        return time.monotonic() - asked_at


class TestABrokerThatIsBroken:
    @pytest.mark.parametrize("how", ["freeze", "kill"])
    def test_holds_up_no_decision(
        self, installing: Installing, broker: servers.Redis, received: Receiver, how: str
    ) -> None:
        installation = installing("SQLite", broker_url=broker.url)
        (web,) = installation.start_webs(1)
        installation.shell.call("publish", name="payments")
        crew = Crew("robin", installation, web, received.url)

        took = asyncio.run(_decide_while_it_breaks(crew, getattr(broker, how)))

        print(f"\n{how}: slowest decision {max(took) * 1000:.0f} ms")
        assert max(took) < ANSWERED_WITHIN_SECONDS


class TestAReceiverThatNeverAnswers:
    def test_holds_up_neither_deadlines_nor_other_agents_webhooks(
        self, installing: Installing, received: Receiver, silent: str
    ) -> None:
        installation = installing("SQLite")
        (web,) = installation.start_webs(1)
        installation.shell.call("publish", name="payments")
        unlucky = Crew("ursula", installation, web, silent)
        lucky = Crew("robin", installation, web, received.url)
        received.secrets["robin"] = lucky.agent["secret"]
        installation.start_worker(with_beat=True)

        asyncio.run(_owe_much(unlucky))
        began = time.monotonic()
        asyncio.run(_want_little(lucky))
        while len(received.times) < 2:
            assert time.monotonic() < began + 60, received.times
            time.sleep(0.05)
        took = time.monotonic() - began

        print(f"\nothers heard after {took:.1f} s")
        assert took < OTHERS_HEAR_WITHIN_SECONDS


async def _decide_while_it_breaks(crew: Crew, break_it: Callable[[], None]) -> list[float]:
    await crew.decided(0)
    break_it()
    return [await crew.decided(number) for number in range(1, DECISIONS)]


async def _owe_much(crew: Crew) -> None:
    for number in range(OWED_TO_THE_SILENT):
        await crew.decided(number)


async def _want_little(crew: Crew) -> None:
    await crew.decided(0)
    await crew.submit(1, expires_in_seconds=1)
