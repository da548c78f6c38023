"""`permission_prompt`, called by a real MCP client, decided by a person on a real server."""

import anyio
import pytest
from callers import PROTOCOLS, connected, http_server, prompt, stdio
from mcp import MCPError
from reviewing import decide, deciding, requests_for, was_taken

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["stdio", "http"])
def server(request, installation, tmp_path):
    """One server process, to be connected to."""
    if request.param == "stdio":
        yield stdio(installation, tmp_path)
        return
    with http_server(installation, tmp_path) as (url, _):
        yield url


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_says_allow_with_the_exact_input(installation, server, tool, protocol):
    input = {"command": "git push", "timeout": 120000, "nested": {"list": [1, 2.5, True, None]}}

    with deciding(installation, tool, "approve"):
        async with connected(server, protocol) as client:
            answer = await prompt(client, tool, input, tool_use_id="toolu_01")

    assert answer == {"behavior": "allow", "updatedInput": input}


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_says_allow_with_what_the_reviewer_made_of_it(installation, server, tool, protocol):
    edited = {"eur": 500, "rate": 0.25, "to": {"iban": "DE02", "notes": ["a", 7]}}

    with deciding(installation, tool, "modify", arguments=edited):
        async with connected(server, protocol) as client:
            answer = await prompt(client, tool, {**edited, "eur": 900})

    assert answer == {"behavior": "allow", "updatedInput": edited}
    assert type(answer["updatedInput"]["eur"]) is int


async def test_says_deny_with_the_reason(installation, tmp_path, tool):
    with deciding(installation, tool, "reject", feedback="Run the tests first."):
        async with connected(stdio(installation, tmp_path)) as client:
            answer = await prompt(client, tool, {"command": "git push"})
            again = await prompt(client, tool, {"command": "git push"})

    assert answer["behavior"] == "deny"
    assert "ada said no: Run the tests first." in answer["message"]
    assert again == answer


async def test_guidance_reaches_the_agent_before_the_decision(installation, tmp_path, tool):
    with deciding(installation, tool, "guide", feedback="Use a branch."):
        async with connected(stdio(installation, tmp_path)) as client:
            with anyio.fail_after(30):
                answer = await prompt(client, tool, {"command": "git push"})

    assert answer["behavior"] == "deny"
    assert "Still pending" in answer["message"]
    assert "ada: Use a branch." in answer["message"]


async def test_wished_changes_are_told_and_the_next_call_asks_anew(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path)) as client:
        with deciding(installation, tool, "request_changes", feedback="Smaller."):
            answer = await prompt(client, tool, {"rows": 1000})
        with deciding(installation, tool, "approve"):
            insisting = await prompt(client, tool, {"rows": 1000})

    assert answer["behavior"] == "deny"
    assert "ada: Smaller." in answer["message"]
    assert insisting["behavior"] == "allow"
    assert [asked.status for asked in requests_for(robin, tool)] == ["approved", "cancelled"]


async def test_silence_is_told_as_a_no(installation, tmp_path, tool):
    policy = tmp_path / "policy.yaml"
    policy.write_text("checkpoints:\n- {name: hasty, risk_rules: [], timeout_seconds: 1}\n")
    installation.command("load_policy", str(policy))

    async with connected(stdio(installation, tmp_path, "--checkpoint", "hasty")) as client:
        answer = await prompt(client, tool, {})

    assert answer["behavior"] == "deny"
    assert "nobody decided in time" in answer["message"]


async def test_below_its_limit_it_says_still_pending_with_the_id(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path, "--wait", "2")) as client:
        with anyio.fail_after(10):
            answer = await prompt(client, tool, {})

    (asked,) = requests_for(robin, tool)
    assert answer["behavior"] == "deny"
    assert f"Still pending, nobody has decided yet (id {asked.id}" in answer["message"]
    assert "Ask again" in answer["message"]


@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_progress_arrives_while_it_waits(installation, tmp_path, tool, transport):
    heard = []

    async def hear(progress, total, message):
        heard.append((progress, message))
        if len(heard) == 2:
            await anyio.to_thread.run_sync(decide, installation, tool, "approve")

    async def ask(server):
        async with connected(server) as client:
            arguments = {"tool_name": tool, "input": {}}
            await client.call_tool("permission_prompt", arguments, progress_callback=hear)

    if transport == "stdio":
        await ask(stdio(installation, tmp_path))
    else:
        with http_server(installation, tmp_path) as (url, _):
            await ask(url)

    assert heard[:2] == [(0, "waiting for a reviewer"), (1, "waiting for a reviewer")]


async def test_the_reviewer_sees_what_the_agent_says_of_it(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path, "--wait", "0", "--run", "s-1")) as client:
        await prompt(client, tool, {"a": 1})

    (asked,) = requests_for(robin, tool)
    says = asked.raw["context"]["agent_says"]
    assert says == {"working_directory": str(tmp_path), "session": "s-1"}
    assert asked.arguments == {"a": 1}
    assert asked.raw["run"] == "s-1"


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_client_that_hung_up_takes_no_permission(
    installation, robin, server, tool, protocol
):
    async with connected(server, protocol) as client:
        arguments = {"tool_name": tool, "input": {}}
        with pytest.raises(MCPError, match="timed out"):
            await client.call_tool("permission_prompt", arguments, read_timeout_seconds=1)
        # In a thread: the client needs its event loop to tell the server that it hung up.
        await anyio.sleep(1)
        await anyio.to_thread.run_sync(decide, installation, tool, "approve")
        await anyio.sleep(6)  # longer than one look

        (asked,) = requests_for(robin, tool)
        assert not was_taken(robin, asked)
