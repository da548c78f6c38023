"""What may happen once, or so many times, while everybody tries at the same moment."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.chaos.harness import IS_LONG, Installation, Shell, Web
from tests.chaos.wire import Answer, Connection

CONNECTIONS = 50 if IS_LONG else 24
ROUNDS = 10 if IS_LONG else 2
LET_PASS = 5


class Crowd:
    """One agent on many connections, every other one to the other web process."""

    def __init__(self, webs: list[Web], shell: Shell) -> None:
        (agent,) = shell.call("register", names=["robin"], callbacks=[])
        (person,) = shell.call("employ", names=["lena"], tier="team_lead")
        self._connections = [
            Connection(webs[place % 2].port, bearer=agent["key"]) for place in range(CONNECTIONS)
        ]
        self._person = Connection(webs[0].port, bearer=person["token"])

    async def open(self) -> None:
        await asyncio.gather(*(connection.open() for connection in self._connections))

    async def all_post(self, *requests: tuple[str, Any], **headers: str) -> list[Answer]:
        """Everybody posts at the same moment: one of the (path, body), in turn."""
        posting = [
            connection.request("POST", *requests[place % len(requests)], **headers)
            for place, connection in enumerate(self._connections)
        ]
        answers = await asyncio.gather(*posting)
        assert max(answer.status for answer in answers) < 500, _codes(answers)
        return answers

    async def approve(self, approval: dict[str, Any]) -> None:
        said = {"verdict": "approve", "revision": 1, "digest": approval["digest"]}
        path = f"/api/v1/approvals/{approval['id']}/decisions/"
        answer = await self._person.request("POST", path, said)
        assert answer.status == 200, answer.body


@pytest.fixture
def shell(installation: Installation) -> Shell:
    shell = installation.shell
    shell.call("publish", name="payments")
    for name in ("small", "tiny"):
        shell.call(
            "allow",
            name=name,
            checkpoint="payments",
            most_per_hour=LET_PASS,
            actions=[f"pay_{name}"],
        )
    return shell


class TestManyConnectionsAtTheSameMoment:
    def test_make_one_request_take_one_permission_and_pass_a_template_as_often_as_it_allows(
        self, installation: Installation, shell: Shell
    ) -> None:
        crowd = Crowd(installation.start_webs(2), shell)

        asyncio.run(_try_everything(crowd))

        facts = shell.call("facts")
        assert facts["breaks"] == []
        passed = [one for one in facts["approvals"].values() if one["via"] == "template"]
        assert len(passed) == 2 * LET_PASS


async def _try_everything(crowd: Crowd) -> None:
    await crowd.open()
    for number in range(ROUNDS):
        approval = await _one_request_under_one_key(crowd, f"key-{number}")
        await crowd.approve(approval)
        await _one_takes_the_permission(crowd, approval)
    await _turns_and_single_requests_pass_by_templates(crowd)


async def _one_request_under_one_key(crowd: Crowd, key: str) -> dict[str, Any]:
    body = {"checkpoint": "payments", "action": "pay", "arguments": {"key": key}}

    answers = await crowd.all_post(("/api/v1/approvals/", body), Idempotency_Key=key)

    assert _codes(answers) == {201: 1, 200: CONNECTIONS - 1}
    assert len({answer.json()["id"] for answer in answers}) == 1
    return answers[0].json()


async def _one_takes_the_permission(crowd: Crowd, approval: dict[str, Any]) -> None:
    path = f"/api/v1/approvals/{approval['id']}/consume/"

    answers = await crowd.all_post((path, {"digest": approval["digest"]}))

    assert _codes(answers) == {200: 1, 409: CONNECTIONS - 1}
    refused = {answer.json()["code"] for answer in answers if answer.status == 409}
    assert refused == {"grant_consumed"}


async def _turns_and_single_requests_pass_by_templates(crowd: Crowd) -> None:
    """A turn's requests would pass by two templates, in either order: who waits for whom?"""
    tiny, small = (
        {"checkpoint": "payments", "action": f"pay_{name}", "arguments": {}}
        for name in ("tiny", "small")
    )
    turns = [
        ("/api/v1/approvals/bulk/", {"group": f"turn-{number}", "requests": members})
        for number, members in enumerate([[tiny, small], [small, tiny]] * CONNECTIONS)
    ]
    singles = [("/api/v1/approvals/", tiny), ("/api/v1/approvals/", small)] * CONNECTIONS
    mixed = [request for pair in zip(turns, singles, strict=True) for request in pair]

    await crowd.all_post(*mixed)


def _codes(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)
