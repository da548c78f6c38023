"""What runs, runs once: across processes, threads and deaths."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

import placet

EXECUTOR = Path(__file__).with_name("executor.py")
CONSUMERS = 20
HALF_A_MINUTE = timedelta(seconds=30)


@pytest.fixture
def agent(installation, monkeypatch):
    """The environment that an agent finds its server in."""
    monkeypatch.setenv("PLACET_URL", installation.url)
    monkeypatch.setenv("PLACET_API_KEY", installation.agent_key)


def decided_by(person, installation, action, verdict, **words):
    """A thread in which the person decides on the action as soon as it is asked for."""

    def decide():
        (row,) = installation.pending(action)
        answer = person.decide(row, verdict, **words)
        assert answer.status_code == 200, answer.text

    thread = threading.Thread(target=decide)
    thread.start()
    return thread


class TestAnExecutorKilledWhileItRuns:
    def test_is_not_followed_by_a_second_run(self, agent, installation, robin, tmp_path):
        log, key = tmp_path / "log", str(uuid.uuid4())
        line = [sys.executable, str(EXECUTOR), str(log), key]
        first = subprocess.Popen(line)
        end = time.monotonic() + 30
        while not log.exists():
            assert first.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)
        first.send_signal(signal.SIGKILL)
        first.wait()

        second = subprocess.run(line, capture_output=True, text=True, timeout=60)

        assert second.returncode == 9, second.stderr
        assert log.read_text() == "ran\n"
        approval = robin.submit("act", {"what": "ran"}, **as_the_executor_did(key))
        with pytest.raises(placet.GrantConsumed) as refused:
            robin.consume(approval)
        # The server says when it was taken, the same to everybody.
        assert refused.value.current["consumed_at"] == second.stdout.strip()


def as_the_executor_did(key):
    schema = {
        "type": "object",
        "properties": {"what": {"type": "string"}},
        "required": ["what"],
        "additionalProperties": False,
    }
    return {"checkpoint": "harmless", "arguments_schema": schema, "idempotency_key": key}


class TestManyConsumersAtOnce:
    def test_leave_one_winner(self, installation, robin):
        approval = robin.submit("pay", {"amount": 1}, checkpoint="harmless")
        everybody = threading.Barrier(CONSUMERS)
        outcomes = []

        def consume():
            with placet.Client(installation.url, installation.agent_key) as client:
                everybody.wait()
                try:
                    client.consume(approval)
                    outcomes.append("taken")
                except placet.GrantConsumed:
                    outcomes.append("refused")

        threads = [threading.Thread(target=consume) for _ in range(CONSUMERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(outcomes) == ["refused"] * (CONSUMERS - 1) + ["taken"]

    def test_of_one_event_loop_leave_one_winner(self, installation):
        async def scenario():
            async with placet.AsyncClient(installation.url, installation.agent_key) as client:
                approval = await client.submit("pay", {"amount": 2}, checkpoint="harmless")
                return await asyncio.gather(
                    *(client.consume(approval) for _ in range(CONSUMERS)), return_exceptions=True
                )

        refused = [
            each for each in asyncio.run(scenario()) if isinstance(each, placet.GrantConsumed)
        ]

        assert len(refused) == CONSUMERS - 1


class TestADecoratedFunction:
    def test_runs_with_what_a_person_made_of_it(self, agent, installation):
        @placet.requires_approval(checkpoint="tools", timeout=HALF_A_MINUTE)
        def wire(account: str, amount: int):
            return account, amount

        deciding = decided_by(
            installation.ada,
            installation,
            "wire",
            "modify",
            arguments={"account": "A-1", "amount": 50},
        )

        assert wire("A-1", 900) == ("A-1", 50)
        deciding.join()

    def test_that_is_async_lets_others_work_while_a_person_thinks(self, agent, installation):
        @placet.requires_approval(checkpoint="tools", timeout=HALF_A_MINUTE)
        async def post(text: str):
            return text

        async def scenario():
            posting = asyncio.ensure_future(post("Hello"))
            (row,) = await asyncio.to_thread(installation.pending, "post")
            assert not posting.done()
            installation.ada.decide(row, "reject", feedback="Not today.")
            return await posting

        with pytest.raises(placet.Rejected, match="Not today"):
            asyncio.run(scenario())

    def test_is_described_so_that_no_edit_can_break_it(self, agent, installation):
        @placet.requires_approval(checkpoint="tools", timeout=HALF_A_MINUTE)
        def pay(amount: int):
            return amount

        answers = []

        def decide():
            (row,) = installation.pending("pay")
            for arguments in ({"amount": "lots"}, {}, {"amount": 1, "to": "me"}, {"amount": 2}):
                answers.append(installation.ada.decide(row, "modify", arguments=arguments))

        deciding = threading.Thread(target=decide)
        deciding.start()

        assert pay(900) == 2
        deciding.join()
        assert [answer.status_code for answer in answers] == [422, 422, 422, 200]

    def test_cancelled_while_a_person_thinks_is_withdrawn(self, agent, installation, robin):
        @placet.requires_approval(checkpoint="tools")
        async def forget():
            raise AssertionError("it ran")

        async def scenario():
            forgetting = asyncio.ensure_future(forget())
            (row,) = await asyncio.to_thread(installation.pending, "forget")
            forgetting.cancel()
            await asyncio.wait([forgetting])
            return row["id"]

        assert robin.get(asyncio.run(scenario())).status == "cancelled"


def test_an_awaiting_client_waits_through_a_crash_of_the_server(installation):
    async def scenario():
        async with placet.AsyncClient(installation.url, installation.agent_key) as client:
            approval = await client.submit("refund", {"amount": 92}, checkpoint="tools")
            waiting = asyncio.ensure_future(approval.wait(timeout=timedelta(seconds=90)))
            await asyncio.to_thread(installation.kill)
            await asyncio.to_thread(installation.start)
            installation.ada.decide(approval, "approve")
            settled = await waiting
            await client.consume(settled)
            return settled

    assert asyncio.run(scenario()).may_proceed


def test_a_grant_of_the_real_server_verifies_offline_and_for_nothing_else(installation, robin):
    approval = robin.submit("pay", {"amount": 7}, checkpoint="harmless")
    given = {"keys": robin.jwks(), "audience": "robin", "action": "pay", "arguments": {"amount": 7}}

    claims = placet.verify_grant(approval.grant, **given, issuer=installation.url)

    assert (claims.sub, claims.via) == (approval.id, "not_triggered")
    for wrong in (
        {"arguments": {"amount": 8}},
        {"action": "pay_more"},
        {"audience": "eve"},
        {"issuer": "https://elsewhere.example"},
        {"now": claims.exp + timedelta(minutes=1)},
        {"keys": {"keys": []}},
    ):
        with pytest.raises(placet.GrantInvalid):
            placet.verify_grant(approval.grant, **{**given, **wrong})
