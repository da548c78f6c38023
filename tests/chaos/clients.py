"""An agent that works on whatever breaks, with the people who decide for it, and its history."""

import asyncio
import random
from contextlib import suppress
from typing import Any

from tests.chaos.harness import Shell, Web
from tests.chaos.history import Act, History
from tests.chaos.receiver import Receiver
from tests.chaos.wire import Answer, Connection, Unknown, Unreachable


class Client:
    """An agent and its two reviewers, on whichever web process answers."""

    def __init__(
        self, number: int, webs: list[Web], history: History, received: Receiver, shell: Shell
    ) -> None:
        self.name = f"agent-{number}"
        (agent,) = shell.call("register", names=[self.name], callbacks=[received.url])
        received.secrets[self.name] = agent["secret"]
        people = shell.call("employ", names=[f"ann-{number}", f"bob-{number}"], tier="team_lead")
        self._callback = received.url_of(self.name)
        self._history, self._chance = history, random.Random(number)
        self._agent = [Connection(web.port, bearer=agent["key"]) for web in webs]
        self._following = [Connection(web.port, bearer=agent["key"]) for web in webs]
        self._people = {
            person["name"]: [Connection(web.port, bearer=person["token"]) for web in webs]
            for person in people
        }
        self.heard: list[int] = []
        self.is_stopping = False
        self._has_stopped = False

    async def work(self) -> None:
        number = 0
        while not self.is_stopping:
            await self._one_request(f"{self.name}/{number}")
            number += 1
        self._has_stopped = True

    async def follow(self) -> None:
        """Read the feed to its end, over and over, through every kill."""
        path = "/api/v1/feed/?limit=50&wait=1"
        cursor = ""
        while True:
            # Asked for after the last of the work, an empty page is the end.
            is_last = self._has_stopped
            page = (await self._on_any(self._following, "GET", path + cursor)).json()
            self.heard += [line["seq"] for line in page["results"]]
            cursor = f"&cursor={page['next_cursor']}"
            if is_last and not page["results"]:
                return

    async def _one_request(self, key: str) -> None:
        submitted = await self._submit(key)
        ways = (self._decided_by_one, self._guided_first, self._withdrawn)
        (way,) = self._chance.choices(ways, weights=(7, 2, 1))
        await way(submitted)

    async def _submit(self, key: str) -> dict[str, Any]:
        body = {
            "checkpoint": "payments",
            "action": "pay",
            "arguments": {"key": key},
            "callback_url": self._callback,
        }
        while True:
            act = self._history.invoke("submit", key=key)
            answer = await self._try(
                act, self._agent, "/api/v1/approvals/", body, Idempotency_Key=key
            )
            if answer is not None:
                assert answer.status in (200, 201), answer.body
                self._history.ok(act, id=answer.json()["id"])
                return answer.json()
            await asyncio.sleep(0.05)

    async def _decided_by_one(self, submitted: dict[str, Any]) -> None:
        """By the first of two whose word arrives."""
        verdict = self._chance.choice(["approve", "approve", "reject"])
        for name in self._people:
            if await self._rule(submitted, name, verdict) is not None:
                return

    async def _guided_first(self, submitted: dict[str, Any]) -> None:
        await self._rule(submitted, next(iter(self._people)), "guide", feedback="Mind the date.")
        await self._decided_by_one(submitted)

    async def _withdrawn(self, submitted: dict[str, Any]) -> None:
        act = self._history.invoke("cancel", approval=submitted["id"])
        path = f"/api/v1/approvals/{submitted['id']}/cancel/"
        self._note(act, await self._try(act, self._agent, path))

    async def _rule(
        self, submitted: dict[str, Any], name: str, verdict: str, **words: str
    ) -> Answer | None:
        act = self._history.invoke("decide", approval=submitted["id"], by=name, verdict=verdict)
        seen = {"revision": submitted["revision"], "digest": submitted["digest"]}
        path = f"/api/v1/approvals/{submitted['id']}/decisions/"
        body = {"verdict": verdict, **seen, **words}
        answer = await self._try(act, self._people[name], path, body)
        self._note(act, answer)
        return answer

    def _note(self, act: Act, answer: Answer | None) -> None:
        if answer is None:
            return
        said = answer.json()
        if answer.status == 200:
            self._history.ok(act, status_now=said["status"])
        else:
            assert answer.status == 409, answer.body
            self._history.fail(act, code=said["code"])

    async def _try(
        self, act: Act, connections: list[Connection], path: str, body: Any = None, **headers: str
    ) -> Answer | None:
        """The answer of any web process; None, and on record, if none came."""
        try:
            connection = self._chance.choice(connections)
            answer = await connection.request("POST", path, body, seconds=20, **headers)
            if answer.status < 500:
                return answer
            self._history.unknown(act, http=answer.status)
        except Unreachable:
            self._history.fail(act, code="unreachable")
        except Unknown as broken:
            self._history.unknown(act, why=str(broken))
        return None

    async def _on_any(self, connections: list[Connection], method: str, path: str) -> Answer:
        while True:
            with suppress(Unknown, Unreachable):
                connection = self._chance.choice(connections)
                answer = await connection.request(method, path, seconds=20)
                if answer.status < 500:
                    return answer
            await asyncio.sleep(0.05)
