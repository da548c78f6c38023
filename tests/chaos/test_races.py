"""Six who want different things of the same approval in the same moment."""

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.browser import Browser, status_told_by
from tests.chaos.harness import (
    IS_LONG,
    PASSWORD,
    Installation,
    Shell,
    Web,
    until_nothing_is_unfinished,
)
from tests.chaos.history import Act, History, violations
from tests.chaos.receiver import Receiver
from tests.chaos.wire import Connection

REQUESTS = 200 if IS_LONG else 40
# So many go on at once, begun one after the other: else each would wait for all the others.
LANES, STAGGER_SECONDS = 8, 0.2
# The sixth actor is the deadline. Races begin up to so many round trips before it, down to
# half of one after it, so that each of the six can be first, however busy the machine.
EARLIEST, LATEST = 10.0, -0.5
SETTLES_WITHIN_SECONDS = 20


@dataclass
class Race:
    """What the six were told about one approval."""

    approval: str
    needed: int
    verdicts: dict[str, Act] = field(default_factory=dict)
    removed_at: str = ""
    agent_heard: str = ""

    def claims(self, via: str) -> list[str]:
        """The outcomes that somebody has been told of; there may be one."""
        yes = [self.verdicts[name].said for name in ("first", "second")].count("ok")
        claimed = {
            "approved": yes >= self.needed,
            "rejected": self.verdicts["rejecter"].said == "ok",
            "cancelled": self.verdicts["agent"].said == "ok",
            "timeout": via == "timeout",
        }
        return [outcome for outcome, is_claimed in claimed.items() if is_claimed]


class Lane:
    """Six actors, spread over two web processes, who race again and again; one in a browser."""

    def __init__(
        self, number: int, webs: list[Web], shell: Shell, history: History, received: Receiver
    ) -> None:
        self._shell, self._history = shell, history
        self._chance = random.Random(number)
        self._round_trip = 0.05  # seconds, of the latest submission
        self._names = {role: f"{role}-{number}" for role in ("first", "second", "rejecter")}
        _, *by_token = shell.call(
            "employ", names=list(self._names.values()), tier="team_lead", sign_in=True
        )
        (agent,) = shell.call("register", names=[f"agent-{number}"], callbacks=[received.url])
        received.secrets[agent["name"]] = agent["secret"]
        self._callback = received.url_of(agent["name"])
        self._browser = Browser(webs[number % 2].port)
        self._people = {
            role: Connection(web.port, bearer=person["token"])
            for role, person, web in zip(("second", "rejecter"), by_token, webs, strict=True)
        }
        self._agent = Connection(webs[number % 2].port, bearer=agent["key"])
        self._waiting = Connection(webs[(number + 1) % 2].port, bearer=agent["key"])

    async def sign_in(self) -> None:
        await self._browser.sign_in(self._names["first"], PASSWORD)

    async def race(self, number: int) -> Race:
        asked_at = time.monotonic()
        submitted = await self._submit(number)
        self._round_trip = time.monotonic() - asked_at
        race = Race(submitted["id"], needed=submitted["quorum"]["needed"])
        heard = asyncio.ensure_future(
            self._waiting.request("GET", f"/api/v1/approvals/{race.approval}/?wait=30")
        )
        round_trips = EARLIEST + (LATEST - EARLIEST) * number / (REQUESTS - 1)
        lead = round_trips * self._round_trip
        deadline = datetime.fromisoformat(submitted["expires_at"]).timestamp()
        await asyncio.sleep(max(deadline - lead - time.time(), 0))
        race.verdicts = self._intend(race.approval)
        _, race.removed_at, *_ = await asyncio.gather(
            self._soon(self._sweep()),
            self._soon(self._set_role(is_active=False)),
            self._soon(self._approve_in_the_browser(submitted, race)),
            self._soon(self._decide("second", "approve", submitted, race)),
            self._soon(self._decide("rejecter", "reject", submitted, race)),
            self._soon(self._cancel(race)),
        )
        race.agent_heard = (await heard).json()["status"]
        await self._set_role(is_active=True)
        return race

    async def _soon(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Within a round trip: who is first shall differ from race to race."""
        await asyncio.sleep(self._chance.uniform(0, self._round_trip))
        return await act

    async def _sweep(self) -> None:
        await asyncio.wrap_future(self._shell.ask("sweep"))

    async def _set_role(self, *, is_active: bool) -> str:
        """Of the second approver; the instant at which it was done."""
        name = self._names["second"]
        return await asyncio.wrap_future(
            self._shell.ask("set_role", name=name, is_active=is_active)
        )

    async def _submit(self, number: int) -> dict[str, Any]:
        key = f"race-{number}"
        body = {
            "checkpoint": "pairs" if number % 3 == 0 else "payments",
            "action": "pay",
            "arguments": {"invoice": number},
            "expires_in_seconds": math.ceil(EARLIEST * self._round_trip + 0.1),
            "callback_url": self._callback,
        }
        act = self._history.invoke("submit", key=key)
        answer = await self._agent.request("POST", "/api/v1/approvals/", body, Idempotency_Key=key)
        assert answer.status == 201, answer.body
        self._history.ok(act, id=answer.json()["id"])
        return answer.json()

    def _intend(self, approval: str) -> dict[str, Act]:
        said = {"first": "approve", "second": "approve", "rejecter": "reject"}
        *decisions, cancel = self._history.invoke_all(
            [
                *(
                    ("decide", {"approval": approval, "by": self._names[who], "verdict": verdict})
                    for who, verdict in said.items()
                ),
                ("cancel", {"approval": approval}),
            ]
        )
        return {**dict(zip(said, decisions, strict=True)), "agent": cancel}

    async def _decide(self, who: str, verdict: str, submitted: dict[str, Any], race: Race) -> None:
        seen = {"revision": submitted["revision"], "digest": submitted["digest"]}
        path = f"/api/v1/approvals/{race.approval}/decisions/"
        answer = await self._people[who].request("POST", path, {"verdict": verdict, **seen})
        self._note(race.verdicts[who], answer.status, answer.json())

    async def _approve_in_the_browser(self, submitted: dict[str, Any], race: Race) -> None:
        seen = {"revision": submitted["revision"], "digest": submitted["digest"]}
        answer = await self._browser.decide(race.approval, "approve", **seen)
        if answer.status == 302:
            self._history.ok(race.verdicts["first"], http=302)
            return
        told = status_told_by(answer)
        self._history.fail(
            race.verdicts["first"], http=answer.status, code="already_settled", status_now=told
        )

    async def _cancel(self, race: Race) -> None:
        answer = await self._agent.request("POST", f"/api/v1/approvals/{race.approval}/cancel/")
        self._note(race.verdicts["agent"], answer.status, answer.json())

    def _note(self, act: Act, status: int, said: dict[str, Any]) -> None:
        if status == 200:
            self._history.ok(act, http=status, status_now=said["status"])
            return
        now = (said.get("current") or {}).get("status")
        self._history.fail(act, http=status, code=said["code"], status_now=now)


class TestSixActorsWhoRaceForOneApproval:
    """Two approvers, a rejecter, the agent's withdrawal, the deadline, and a role taken away."""

    def test_bring_about_one_outcome_and_the_losers_are_told_which(
        self, installation: Installation, received: Receiver, tmp_path: Path
    ) -> None:
        races, history, facts = _run(installation, received, tmp_path)

        assert violations(history, facts, received) == []
        outcomes: Counter[str] = Counter()
        for race in races:
            one = facts["approvals"][race.approval]
            claims = race.claims(one["via"])
            assert len(claims) == 1, (race, one)
            expected = {"timeout": "rejected"}.get(claims[0], claims[0])
            assert one["status"] == race.agent_heard == expected, (race, one)
            outcomes[claims[0]] += 1
            _assert_losers_were_told(race, one["status"])
            _assert_nobody_decided_without_a_role(race, one)
        print(f"\n{installation.kind}: {len(races)} races, {dict(outcomes)}, {history.tally()}")
        # Otherwise it was no race.
        assert len(outcomes) >= 3, outcomes


def _assert_losers_were_told(race: Race, status: str) -> None:
    for who, act in race.verdicts.items():
        if act.said == "ok":
            continue
        if who == "second" and act.answer["http"] == 403:
            assert act.answer["code"] == "not_eligible"
            continue
        assert act.answer["http"] == 409, act
        assert act.answer["code"] in ("already_settled", "expired"), act
        assert act.answer["status_now"] == status, act


def _assert_nobody_decided_without_a_role(race: Race, one: dict[str, Any]) -> None:
    for name, _, decided_at in one["decisions"]:
        if name.startswith("second-"):
            assert decided_at < race.removed_at, (race, one)


def _run(
    installation: Installation, received: Receiver, tmp_path: Path
) -> tuple[list[Race], History, dict[str, Any]]:
    installation.start_worker(with_beat=True)
    webs = installation.start_webs(2)
    shell = installation.shell
    shell.call("publish", name="payments")
    shell.call("publish", name="pairs", quorum={"team_member": 2})
    history = History(tmp_path / "history.jsonl")
    lanes = [Lane(number, webs, shell, history, received) for number in range(LANES)]
    races = asyncio.run(_race(lanes))
    until_nothing_is_unfinished(shell, seconds=SETTLES_WITHIN_SECONDS)
    history.close()
    return races, history, shell.call("facts")


async def _race(lanes: list[Lane]) -> list[Race]:
    numbers = iter(range(REQUESTS))

    async def keep_racing(place: int, lane: Lane) -> list[Race]:
        await lane.sign_in()
        await asyncio.sleep(place * STAGGER_SECONDS)
        return [await lane.race(number) for number in numbers]

    racing = [keep_racing(place, lane) for place, lane in enumerate(lanes)]
    return [race for races in await asyncio.gather(*racing) for race in races]
