"""`kill -9` of web and worker under load: what was acknowledged stands, what is owed is paid."""

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.clients import Client
from tests.chaos.harness import (
    IS_LONG,
    Installation,
    Part,
    Web,
    until_nothing_is_unfinished,
)
from tests.chaos.history import History, violations
from tests.chaos.receiver import Receiver
from tests.chaos.servers import PrivatePostgres

KILLS = 40 if IS_LONG else 3
# The long form lets parts come back to work in between.
SECONDS_BETWEEN_KILLS = (0.5, 4.0) if IS_LONG else (0.2, 1.5)
KILLS_PER_CRASH = 8 if IS_LONG else 2
CLIENTS = 6
# A delivery that was under way when its worker died is tried again once its lease is over,
# and a dead beat is replaced after its own.
DELIVERY_LEASE_SECONDS = 60


class Nemesis:
    """
    Kills the parts in turn, at moments of its own choosing, and starts them again.

    :param crash_database: done once in a while as well, where there is a server to crash
    """

    def __init__(
        self,
        installation: Installation,
        webs: list[Web],
        crash_database: Callable[[], None] | None,
    ) -> None:
        self._crash_database = crash_database
        self._chance = random.Random(1)
        start = installation.start_worker
        self._parts: list[tuple[Part, Callable[[], Part]]] = [
            (webs[0], lambda: installation.start_web(port=webs[0].port)),
            (start(), start),
            (webs[1], lambda: installation.start_web(port=webs[1].port)),
        ]
        beat = installation.start_beat()
        if IS_LONG:
            self._parts.append((beat, installation.start_beat))

    async def rage(self) -> None:
        for number in range(KILLS):
            await asyncio.sleep(self._chance.uniform(*SECONDS_BETWEEN_KILLS))
            place = number % len(self._parts)
            part, start = self._parts[place]
            part.kill()
            self._parts[place] = (start(), start)
            if self._crash_database and number % KILLS_PER_CRASH == KILLS_PER_CRASH - 1:
                await asyncio.to_thread(self._crash_database)

    async def rest(self) -> None:
        """Until every part is back."""
        for part, _ in self._parts:
            if isinstance(part, Web):
                await asyncio.to_thread(part.until_ready)


@pytest.fixture
def crash_database(
    installation: Installation, request: pytest.FixtureRequest
) -> Callable[[], None] | None:
    """Crash and restart the database server, if it is our own."""
    if installation.kind == "SQLite":
        return None
    server = request.getfixturevalue("postgres_server")
    return server.crash if isinstance(server, PrivatePostgres) else None


class TestKillingWebAndWorkerUnderLoad:
    def test_loses_nothing_that_was_acknowledged_and_nothing_that_is_owed(
        self,
        installation: Installation,
        crash_database: Callable[[], None] | None,
        received: Receiver,
        tmp_path: Path,
    ) -> None:
        webs = installation.start_webs(2)
        shell = installation.shell
        shell.call("publish", name="payments")
        history = History(tmp_path / "history.jsonl")
        clients = [Client(number, webs, history, received, shell) for number in range(CLIENTS)]
        nemesis = Nemesis(installation, webs, crash_database)

        began = time.monotonic()
        asyncio.run(_work_through_kills(clients, nemesis))
        lasted = time.monotonic() - began
        if not IS_LONG:
            # Rather than wait a minute: what the sweep does in a minute.
            shell.call("deliver_later", by_seconds=DELIVERY_LEASE_SECONDS + 1)
        until_nothing_is_unfinished(shell, seconds=DELIVERY_LEASE_SECONDS + 30)
        history.close()
        facts = shell.call("facts")

        assert violations(history, facts, received) == []
        for client in clients:
            lines = facts["messages"][client.name]
            assert client.heard == [seq for seq, _, _ in lines], client.name
        tally = history.tally()
        twice = sum(times > 1 for times in received.times.values())
        print(
            f"\n{installation.kind}: {KILLS} kills in {lasted:.0f} s, {tally}; "
            f"{len(received.times)} webhooks, {twice} of them more than once; "
            f"{facts['chains']} chains hold"
        )
        # Otherwise nothing was killed in the middle of anything.
        assert tally.get("submit unknown", 0) + tally.get("decide unknown", 0) > 0


async def _work_through_kills(clients: list[Client], nemesis: Nemesis) -> None:
    working = [asyncio.ensure_future(client.work()) for client in clients]
    following = [asyncio.ensure_future(client.follow()) for client in clients]
    await nemesis.rage()
    await nemesis.rest()
    await asyncio.sleep(1)
    for client in clients:
        client.is_stopping = True
    await asyncio.gather(*working, *following)
