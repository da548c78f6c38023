"""PostgreSQL, Redis, two web processes, two workers and two beats: any may do any part of it."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import servers
from tests.chaos.conftest import Installing
from tests.chaos.harness import IS_LONG, Installation, Web, until_nothing_is_unfinished
from tests.chaos.history import History, violations
from tests.chaos.receiver import Receiver
from tests.chaos.wire import Answer, Connection

REQUESTS = 200 if IS_LONG else 40
# Every so manieth is left to its deadline.
LEFT_TO_TIME = 4
DEADLINE_SECONDS = 3
HEARD_WITHIN_SECONDS = 2.0


@pytest.fixture
def spread_out(installing: Installing, redis_server: servers.Redis) -> Installation:
    made = installing("PostgreSQL", broker_url=redis_server.url)
    for _ in range(2):
        made.start_worker()
        made.start_beat()
    return made


class Crew:
    """An agent and a reviewer who never meet on the same web process."""

    def __init__(
        self, installation: Installation, webs: list[Web], history: History, received: Receiver
    ) -> None:
        shell = installation.shell
        shell.call("publish", name="payments")
        (self._agent,) = shell.call("register", names=["robin"], callbacks=[received.url])
        (self._person,) = shell.call("employ", names=["lena"], tier="team_lead")
        received.secrets["robin"] = self._agent["secret"]
        self._callback = received.url_of("robin")
        self._webs, self._history = webs, history
        self.heard_after: list[float] = []
        self.submitted = 0

    async def one(self, number: int) -> None:
        here, there = self._webs[number % 2].port, self._webs[(number + 1) % 2].port
        agent = Connection(here, bearer=self._agent["key"])
        person = Connection(there, bearer=self._person["token"])
        approval = await self._submit(agent, f"scale-{number}")
        waiting = asyncio.ensure_future(
            agent.request("GET", f"/api/v1/approvals/{approval['id']}/?wait=30")
        )
        if number % LEFT_TO_TIME:
            await asyncio.sleep(0.05)
            answered_at = await self._approve(person, approval)
            told = await waiting
            self.heard_after.append(time.monotonic() - answered_at)
            assert told.json()["status"] == "approved"
        else:
            told = await waiting
            assert (told.json()["status"], told.json()["decision"]["via"]) == (
                "rejected",
                "timeout",
            )
        agent.close()
        person.close()

    async def _submit(self, agent: Connection, key: str) -> dict[str, Any]:
        body = {
            "checkpoint": "payments",
            "action": "pay",
            "arguments": {"key": key},
            "expires_in_seconds": DEADLINE_SECONDS,
            "callback_url": self._callback,
        }
        act = self._history.invoke("submit", key=key)
        answer = await agent.request("POST", "/api/v1/approvals/", body, Idempotency_Key=key)
        self._history.ok(act, id=answer.json()["id"])
        self.submitted += 1
        return answer.json()

    async def _approve(self, person: Connection, approval: dict[str, Any]) -> float:
        act = self._history.invoke("decide", approval=approval["id"], by="lena", verdict="approve")
        body = {"verdict": "approve", "revision": 1, "digest": approval["digest"]}
        path = f"/api/v1/approvals/{approval['id']}/decisions/"
        answer: Answer = await person.request("POST", path, body)
        assert answer.status == 200, answer.body
        self._history.ok(act, status_now=answer.json()["status"])
        return time.monotonic()


class TestAnInstallationSpreadOverManyProcesses:
    def test_does_everything_once_even_when_its_broker_forgets(
        self,
        spread_out: Installation,
        redis_server: servers.Redis,
        received: Receiver,
        tmp_path: Path,
    ) -> None:
        webs = spread_out.start_webs(2)
        history = History(tmp_path / "history.jsonl")
        crew = Crew(spread_out, webs, history, received)

        asyncio.run(_work_while_the_broker_forgets(crew, redis_server))
        until_nothing_is_unfinished(spread_out.shell, seconds=30)

        history.close()
        facts = spread_out.shell.call("facts")
        assert violations(history, facts, received) == []
        assert set(received.times.values()) == {1}
        assert len(received.times) == REQUESTS
        statuses = [one["via"] for one in facts["approvals"].values()]
        assert statuses.count("timeout") == REQUESTS // LEFT_TO_TIME
        assert max(crew.heard_after) < HEARD_WITHIN_SECONDS
        print(
            f"\n{REQUESTS} requests, {len(received.times)} webhooks, each once; an agent on one "
            f"web hears of a decision on the other after {max(crew.heard_after) * 1000:.0f} ms "
            f"at the latest"
        )


async def _work_while_the_broker_forgets(crew: Crew, redis_server: servers.Redis) -> None:
    places = asyncio.Semaphore(10)

    async def one(number: int) -> None:
        async with places:
            await crew.one(number)

    working = [asyncio.ensure_future(one(number)) for number in range(REQUESTS)]
    while crew.submitted < REQUESTS // 2:
        await asyncio.sleep(0.01)
    await asyncio.to_thread(redis_server.forget_everything)
    await asyncio.gather(*working)
