"""Nobody keeps the time: no worker, no beat. What is late stays refused, and nothing is lost."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.harness import IS_LONG, Installation, until_nothing_is_unfinished
from tests.chaos.history import History, violations
from tests.chaos.receiver import Receiver
from tests.chaos.wire import Answer, Connection

REQUESTS = 60 if IS_LONG else 24
DEADLINE_SECONDS = 2
# Every third is left alone, for the sweep to find; the others are all attacked.
LEFT_ALONE = 3


class Town:
    """One web process, an agent, three people of different rank, and nobody in the engine room."""

    def __init__(self, installation: Installation, received: Receiver, history: History) -> None:
        (self.web,) = installation.start_webs(1)
        self.shell = installation.shell
        self.history = history
        self.shell.call("publish", name="payments")
        self.shell.call("publish", name="ladders", on_timeout="escalate", timeout_seconds=3600)
        (agent,) = self.shell.call("register", names=["robin"], callbacks=[received.url])
        (lead,) = self.shell.call("employ", names=["lena"], tier="team_lead")
        self.shell.call("employ", names=["tim"], tier="team_member")
        self.shell.call("employ", names=["dora"], tier="director")
        received.secrets["robin"] = agent["secret"]
        self.callback = received.url_of("robin")
        self.agent = Connection(self.web.port, bearer=agent["key"])
        self.lead = Connection(self.web.port, bearer=lead["token"])

    async def submit(self, key: str, checkpoint: str = "payments") -> dict[str, Any]:
        body = {
            "checkpoint": checkpoint,
            "action": "pay",
            "arguments": {"key": key},
            "expires_in_seconds": DEADLINE_SECONDS,
            "callback_url": self.callback,
        }
        act = self.history.invoke("submit", key=key)
        answer = await self.agent.request("POST", "/api/v1/approvals/", body, Idempotency_Key=key)
        assert answer.status == 201, answer.body
        self.history.ok(act, id=answer.json()["id"])
        return answer.json()

    async def rule(self, submitted: dict[str, Any], verdict: str, **words: Any) -> Answer:
        seen = {"revision": submitted["revision"], "digest": submitted["digest"]}
        path = f"/api/v1/approvals/{submitted['id']}/decisions/"
        act = self.history.invoke("decide", approval=submitted["id"], by="lena", verdict=verdict)
        answer = await self.lead.request("POST", path, {"verdict": verdict, **seen, **words})
        note = self.history.ok if answer.status == 200 else self.history.fail
        note(act, http=answer.status)
        return answer


class TestAfterItsDeadlineWithEveryWorkerStopped:
    def test_nothing_is_approved_by_any_path_and_all_is_made_up_for_later(
        self, installation: Installation, received: Receiver, tmp_path: Path
    ) -> None:
        history = History(tmp_path / "history.jsonl")
        town = Town(installation, received, history)

        attacked, refused = asyncio.run(_let_time_run_out_and_attack(town))

        stands = town.shell.call("facts")["approvals"]
        assert {stands[one["id"]]["status"] for one in attacked} == {"rejected"}
        assert Counter(one["granted"] for one in stands.values()) == {
            False: len(stands) - 1,
            True: 1,
        }
        assert received.times == {}

        began = time.monotonic()
        installation.start_worker()
        installation.start_beat()
        until_nothing_is_unfinished(town.shell, seconds=30)
        took = time.monotonic() - began

        history.close()
        facts = town.shell.call("facts")
        assert violations(history, facts, received) == []
        assert _outcomes(facts) == {
            ("rejected", "timeout"): REQUESTS,
            ("approved", "human"): 1,  # in time
            ("pending", ""): 1,  # escalated by its deadline
        }
        print(
            f"\n{installation.kind}: {len(attacked)} attacked, refused as {dict(refused)}; "
            f"made up for in {took:.1f} s from the start of a worker, "
            f"{len(facts['deliveries'])} webhooks"
        )


async def _let_time_run_out_and_attack(
    town: Town,
) -> tuple[list[dict[str, Any]], Counter[Any]]:
    in_time = await town.submit("in-time")
    assert (await town.rule(in_time, "approve")).status == 200
    laddered = await town.submit("laddered", "ladders")
    late = [await town.submit(f"late-{number}") for number in range(REQUESTS)]
    await asyncio.sleep(DEADLINE_SECONDS + 0.1)

    attacked = [one for number, one in enumerate(late) if number % LEFT_ALONE]
    refused: Counter[Any] = Counter()
    for number, one in enumerate(attacked):
        attack = ATTACKS[number % len(ATTACKS)]
        refused[await attack(town, one)] += 1
        # Whoever came first let the deadline act; who comes now finds it settled.
        refused[await _approve_by_token(town, one)] += 1
        await _assert_agent_may_not_proceed(town, one)
    for one in late:
        await _assert_agent_may_not_proceed(town, one)
    # Its deadline raises the authority it needs, whoever notices that it has passed.
    for expected in ("expired", "insufficient_authority"):
        tried = town.shell.call("decide", approval=laddered["id"], name="tim", verdict="approve")
        assert tried == expected
    assert "settled" not in refused
    return attacked, refused


async def _approve_by_token(town: Town, one: dict[str, Any]) -> str:
    return _refusal(await town.rule(one, "approve"))


async def _modify_by_token(town: Town, one: dict[str, Any]) -> str:
    return _refusal(await town.rule(one, "modify", arguments={"key": "another"}))


async def _approve_in_a_batch(town: Town, one: dict[str, Any]) -> str:
    item = {"id": one["id"], "revision": one["revision"], "digest": one["digest"]}
    body = {"verdict": "approve", "items": [item]}
    answer = await town.lead.request("POST", "/api/v1/decisions/batch/", body)
    (result,) = answer.json()
    assert result["result"] == "skipped", result
    return result["code"]


async def _approve_by_the_operation(town: Town, one: dict[str, Any]) -> str:
    return town.shell.call("decide", approval=one["id"], name="dora", verdict="approve")


async def _revise_to_gain_time(town: Town, one: dict[str, Any]) -> str:
    path = f"/api/v1/approvals/{one['id']}/revise/"
    return _refusal(await town.agent.request("POST", path, {"arguments": {"key": "later"}}))


async def _consume_without_a_yes(town: Town, one: dict[str, Any]) -> str:
    path = f"/api/v1/approvals/{one['id']}/consume/"
    return _refusal(await town.agent.request("POST", path, {"digest": one["digest"]}))


ATTACKS = (
    _approve_by_token,
    _modify_by_token,
    _approve_in_a_batch,
    _approve_by_the_operation,
    _revise_to_gain_time,
    _consume_without_a_yes,
)


def _refusal(answer: Answer) -> str:
    assert answer.status == 409, answer.body
    return answer.json()["code"]


async def _assert_agent_may_not_proceed(town: Town, one: dict[str, Any]) -> None:
    answer = await town.agent.request("GET", f"/api/v1/approvals/{one['id']}/")
    assert answer.json()["may_proceed"] is False
    assert answer.json()["grant"] is None


def _outcomes(facts: dict[str, Any]) -> Counter[tuple[str, str]]:
    return Counter((one["status"], one["via"]) for one in facts["approvals"].values())
