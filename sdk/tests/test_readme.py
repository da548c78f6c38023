import asyncio
import re
import shlex
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest
from awaited import AwaitedClock

import placet
from placet import _requires_approval
from placet.cli.main import parser

README = Path(__file__).parents[1] / "README.md"
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    for line in block.splitlines()
    if line.startswith("placet ")
]


@pytest.fixture
def block():
    """The code block of the README that holds a given text."""
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)

    def holding(text):
        (found,) = (block for block in blocks if text in block)
        return compile(found, str(README), "exec")

    return holding


def test_the_first_example_runs_what_was_approved(
    block, server, clock, body, approved, monkeypatch
):
    monkeypatch.setenv("PLACET_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("PLACET_API_KEY", "plc_agent_test_key")
    monkeypatch.setattr(
        placet, "Client", partial(placet.Client, transport=server.transport, clock=clock)
    )
    final = {"order": "4711", "amount": "50.00"}
    server.then(body(), approved(status="modified", decision={"arguments": final}), {}, {})
    refunded = []

    exec(block("placet.Client()"), {"refund": lambda **arguments: refunded.append(arguments)})

    assert refunded == [final]
    taken, told = server.requests[2:]
    assert taken.url.path.endswith("/consume/")
    assert told.url.path.endswith("/outcome/")


def test_the_first_example_runs_nothing_after_a_no(block, server, clock, body, monkeypatch):
    monkeypatch.setenv("PLACET_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("PLACET_API_KEY", "plc_agent_test_key")
    monkeypatch.setattr(
        placet, "Client", partial(placet.Client, transport=server.transport, clock=clock)
    )
    server.then(body(), body(status="rejected"))
    refunded = []

    exec(block("placet.Client()"), {"refund": lambda **arguments: refunded.append(arguments)})

    assert refunded == []
    assert len(server.requests) == 2


def test_the_example_of_errors_names_the_key_to_try_again_with(block, client, server, capsys):
    server.then(*[httpx2.ReadError("gone")] * 100)

    exec(block("placet.InvalidRequest"), {"client": client, "placet": placet})

    assert capsys.readouterr().out.strip() == server.last.headers["Idempotency-Key"]


def test_the_example_of_webhooks_verifies(block):
    names = {"placet": placet}
    exec(block("verify_webhook"), names)

    with pytest.raises(placet.WebhookInvalid):
        names["on_webhook"](b"{}", {})


def test_the_example_of_grants_verifies(block, grant_vectors):
    names = {"placet": placet}
    exec(block("verify_grant"), names)
    expired = grant_vectors["vectors"][0]

    with pytest.raises(placet.GrantInvalid, match="expired"):
        names["execute"](
            expired["token"], expired["action"], expired["arguments"], grant_vectors["keys"]
        )


def test_the_example_of_awaiting_runs_what_was_approved(
    block, server, clock, body, approved, monkeypatch
):
    monkeypatch.setenv("PLACET_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("PLACET_API_KEY", "plc_agent_test_key")
    given = {"transport": server.transport, "clock": AwaitedClock(clock)}
    monkeypatch.setattr(placet, "AsyncClient", partial(placet.AsyncClient, **given))
    server.then(body(), approved(), {}, {}, {"results": [body()], "next_cursor": None})
    refunded = []
    names = {"placet": placet, "timedelta": timedelta, "refund": lambda **it: refunded.append(it)}

    exec(block("placet.AsyncClient()"), names)
    asyncio.run(names["refund_all"](["4711"]))

    assert refunded == [{"order": "4711", "amount": 90}]
    assert not server.remaining


@pytest.mark.parametrize(
    ("status", "said"),
    [("modified", "refunded 50 for 4711"), ("rejected", "It was on time. ({'name': 'Ada'},)")],
)
def test_the_example_of_a_function_runs_it_as_approved(
    block, server, clock, approved, monkeypatch, capsys, status, said
):
    monkeypatch.setenv("PLACET_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("PLACET_API_KEY", "plc_agent_test_key")
    client = partial(placet.Client, transport=server.transport, clock=clock)
    monkeypatch.setattr(_requires_approval, "Client", client)
    decision = {
        "arguments": {"order": "4711", "amount": 50, "note": ""},
        "feedback": "It was on time.",
        "by": [{"name": "Ada"}],
    }
    settled = approved(status=status, may_proceed=status == "modified", decision=decision)
    server.then(settled, settled, {}, {})

    exec(block("@placet.requires_approval"), {"placet": placet})

    assert capsys.readouterr().out.strip() == said


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_such(line):
    assert parser().parse_args(shlex.split(line)[1:]).perform


def test_there_are_commands():
    assert len(COMMANDS) > 5
