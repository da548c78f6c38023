"""A crowd of agents, each waiting for its own decision, and how soon who gets one hears of it."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from tests.chaos.harness import ROOT, Installation, Web
from tests.chaos.wire import Connection

SUBMITTING = 8  # submissions under way at once
OPENING_SECONDS = 120
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Figures:
    """
    :ivar after_send: milliseconds from sending a decision to its agent's answer, for each
    :ivar after_answer: the same from the decision's own HTTP answer; below zero, the agent
        heard first
    """

    waiting: int
    opened_seconds: float
    threads: int
    rss_before_kib: int
    rss_waiting_kib: int
    after_send: Sequence[float]
    after_answer: Sequence[float]

    @property
    def kib_per_waiter(self) -> float:
        return (self.rss_waiting_kib - self.rss_before_kib) / self.waiting

    def __str__(self) -> str:
        return (
            f"{self.waiting} waiting, opened in {self.opened_seconds:.1f} s, "
            f"{self.threads} threads, {self.rss_waiting_kib // 1024} MiB "
            f"({self.kib_per_waiter:.1f} KiB each); {len(self.after_send)} decisions, ms "
            f"p50/p95/p99 from sending {_quantiles(self.after_send)}, "
            f"from the answer {_quantiles(self.after_answer)}"
        )


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


async def measure(
    installation: Installation,
    web: Web,
    *,
    waiting: int,
    agents: int,
    decisions: int,
    per_second: float = 20,
    is_enough: Callable[[Figures], bool] = lambda figures: True,
    most_rounds: int = 1,
) -> list[Figures]:
    """
    Have `waiting` requests of `agents` agents (at most 100 each) waited for, each on a
    connection of its own; then decide some of them at a steady pace while all wait.

    Decides in rounds, each with its figures, until one `is_enough`: what else goes on on the
    machine can only make them worse.
    """
    shell = installation.shell
    shell.call("publish", name="payments")
    names = [f"agent-{number}" for number in range(agents)]
    keys = [one["key"] for one in shell.call("register", names=names, callbacks=[])]
    (reviewer,) = shell.call("employ", names=["lena"], tier="team_lead")
    # Some requests first, so that what is counted is waiting and not starting up.
    await _warm_up(web, keys[0], reviewer["token"])
    before = web.status()

    told: dict[str, float] = {}
    began = time.monotonic()
    requests = await _submit_all(web, keys, waiting // agents)
    crowd = [
        asyncio.ensure_future(_wait_for_a_yes(web, keys[place], approval["id"], told))
        for place, approval in requests
    ]
    await _until_idle(web)
    opened = time.monotonic() - began
    while_waiting = web.status()

    rounds: list[Figures] = []
    chosen = random.Random(1).sample([approval for _, approval in requests], len(requests))
    while len(rounds) < most_rounds and not (rounds and is_enough(rounds[-1])):
        some, chosen = chosen[:decisions], chosen[decisions:]
        made = await _decide(web, reviewer["token"], per_second, some)
        await _until_told(made, told, crowd)
        rounds.append(
            Figures(
                waiting=waiting,
                opened_seconds=opened,
                threads=max(while_waiting["threads"], web.status()["threads"]),
                rss_before_kib=before["rss_kib"],
                rss_waiting_kib=while_waiting["rss_kib"],
                after_send=[(told[one] - sent) * 1000 for one, sent, _ in made],
                after_answer=[(told[one] - answered) * 1000 for one, _, answered in made],
            )
        )
    for task in crowd:
        task.cancel()
    await asyncio.gather(*crowd, return_exceptions=True)
    return rounds


async def _until_told(
    made: Sequence[tuple[str, float, float]],
    told: dict[str, float],
    crowd: list["asyncio.Future[None]"],
) -> None:
    end = time.monotonic() + 5
    while never := {one for one, _, _ in made} - told.keys():
        assert time.monotonic() < end, f"{len(never)} of {len(made)} agents were never told"
        _raise_first_error(crowd)
        await asyncio.sleep(0.05)


async def _submit_all(web: Web, keys: Sequence[str], each: int) -> list[tuple[int, dict[str, Any]]]:
    """So many requests of each agent's; with the agent's place."""
    requests: list[tuple[int, dict[str, Any]]] = []
    places = iter(range(len(keys)))

    async def submit() -> None:
        for place in places:
            connection = Connection(web.port, bearer=keys[place])
            members = [
                {"checkpoint": "payments", "action": "pay", "arguments": {"invoice": number}}
                for number in range(each)
            ]
            body = {"group": "crowd", "requests": members}
            answer = await connection.request("POST", "/api/v1/approvals/bulk/", body)
            assert answer.status == 201, answer.body
            requests.extend((place, approval) for approval in answer.json())
            connection.close()

    await asyncio.gather(*(submit() for _ in range(SUBMITTING)))
    return requests


async def _wait_for_a_yes(web: Web, key: str, approval: str, told: dict[str, float]) -> None:
    """Ask again and again, as an agent does, until somebody has decided."""
    connection = Connection(web.port, bearer=key)
    path = f"/api/v1/approvals/{approval}/?wait={WAIT_SECONDS}"
    while approval not in told:
        answer = await connection.request("GET", path, seconds=WAIT_SECONDS + OPENING_SECONDS)
        heard_at = time.monotonic()
        assert answer.status == 200, answer.body
        if answer.json()["may_proceed"]:
            told[approval] = heard_at
    connection.close()


async def _until_idle(web: Web) -> None:
    """Until the last of them has been taken in, and only waits."""
    end = time.monotonic() + OPENING_SECONDS
    used = 1.0
    while used > 0.05:
        assert time.monotonic() < end, "the server does not come to rest"
        before = web.cpu_seconds()
        await asyncio.sleep(0.5)
        used = (web.cpu_seconds() - before) / 0.5


async def _warm_up(web: Web, key: str, token: str) -> None:
    agent, person = Connection(web.port, bearer=key), Connection(web.port, bearer=token)
    for number in range(20):
        body = {"checkpoint": "payments", "action": "pay", "arguments": {"first": number}}
        made = (await agent.request("POST", "/api/v1/approvals/", body)).json()
        said = {"verdict": "approve", "revision": 1, "digest": made["digest"]}
        await person.request("POST", f"/api/v1/approvals/{made['id']}/decisions/", said)


async def _decide(
    web: Web, token: str, per_second: float, approvals: Sequence[dict[str, Any]]
) -> list[tuple[str, float, float]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.deciding",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    items = [(approval["id"], approval["digest"]) for approval in approvals]
    task = {"port": web.port, "token": token, "per_second": per_second, "items": items}
    output, _ = await process.communicate(json.dumps(task).encode())
    assert process.returncode == 0
    return json.loads(output)


def _raise_first_error(tasks: list["asyncio.Future[None]"]) -> None:
    for task in tasks:
        if task.done() and task.exception():
            raise task.exception()


def _quantiles(values: Sequence[float]) -> str:
    return "/".join(f"{percentile(values, percent):.0f}" for percent in (50, 95, 99))
