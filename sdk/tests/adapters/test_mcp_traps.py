"""What goes wrong with the naive permission tool, and not with ours, on the real package."""

import json

import pytest
from callers import connected, prompt, stdio, told
from mcp import Client, MCPError
from naive.mcp_server import build
from reviewing import deciding, requests_for, was_taken

pytestmark = pytest.mark.anyio


@pytest.fixture
def naive(robin):
    return build(robin)


async def test_text_alone_is_what_claude_code_reads(installation, naive, tmp_path, tool):
    arguments = {"tool_name": tool, "input": {}}
    with deciding(installation, tool, "approve"):
        async with Client(naive) as client:
            theirs = await client.call_tool("permission_prompt", arguments)
    with deciding(installation, tool, "approve"):
        async with connected(stdio(installation, tmp_path)) as client:
            ours = await client.call_tool("permission_prompt", arguments)

    assert theirs.structured_content == {"result": '{"behavior": "allow"}'}
    assert ours.structured_content is None
    assert json.loads(ours.content[0].text) == {"behavior": "allow", "updatedInput": {}}


async def test_an_edit_is_lost_where_the_input_is_not_sent_back(
    installation, naive, tmp_path, tool
):
    arguments = {"tool_name": tool, "input": {"eur": 900}}
    with deciding(installation, tool, "modify", arguments={"eur": 500}):
        async with Client(naive) as client:
            theirs = await client.call_tool("permission_prompt", arguments)
    with deciding(installation, tool, "modify", arguments={"eur": 500}):
        async with connected(stdio(installation, tmp_path)) as client:
            ours = await prompt(client, tool, {"eur": 900})

    assert "500" not in theirs.content[0].text
    assert ours["updatedInput"] == {"eur": 500}


async def test_two_calls_ride_on_one_approval_where_it_is_not_taken(
    installation, naive, robin, tmp_path, tool
):
    arguments = {"tool_name": tool, "input": {"n": 1}}
    with deciding(installation, tool, "approve"):
        async with Client(naive) as client:
            theirs = [
                (await client.call_tool("permission_prompt", arguments)).content[0].text
                for _ in range(2)
            ]

    assert theirs == ['{"behavior": "allow"}'] * 2
    (asked,) = requests_for(robin, tool)
    assert not was_taken(robin, asked)

    with deciding(installation, tool, "approve"):
        async with connected(stdio(installation, tmp_path, "--wait", "20")) as client:
            first = await prompt(client, tool, {"n": 1})
    async with connected(stdio(installation, tmp_path, "--wait", "0")) as client:
        second = await prompt(client, tool, {"n": 1})

    assert (first["behavior"], second["behavior"]) == ("allow", "deny")


async def test_a_client_hangs_up_on_one_that_waits_for_hours(installation, naive, tmp_path, tool):
    arguments = {"tool_name": tool, "input": {"n": 1}}
    # Decided only so that the thread of the naive tool ends with the test.
    with deciding(installation, tool, "reject"):
        async with Client(naive, mode="legacy") as client:
            with pytest.raises(MCPError, match="timed out"):
                await client.call_tool("permission_prompt", arguments, read_timeout_seconds=0.05)

    async with connected(stdio(installation, tmp_path, "--wait", "1")) as client:
        result = await client.call_tool("permission_prompt", arguments, read_timeout_seconds=10)
    assert "Still pending" in result.content[0].text


async def test_there_is_no_back_channel_to_ask_through(installation, naive, tmp_path, tool):
    async def accept(context, params):
        raise AssertionError("nobody is asked")

    async with Client(naive, mode="2026-07-28", elicitation_callback=accept) as client:
        with pytest.raises(MCPError, match="no back-channel"):
            await client.call_tool("ask_human", {"question": tool})
    async with connected(stdio(installation, tmp_path)) as client:
        with deciding(installation, "ask_human", "approve", answer="Yes."):
            ours = await told(client, "ask_human", question=tool)

    assert ours["answer"] == "Yes."
