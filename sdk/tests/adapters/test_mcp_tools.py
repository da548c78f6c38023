"""The tools for agents that hold on to an id: ask, hear, take."""

import pytest
from callers import PROTOCOLS, connected, http_server, stdio, told
from reviewing import decide, deciding, requests_for, was_taken

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_no_tool_decides_anything(installation, tmp_path, protocol):
    async with connected(stdio(installation, tmp_path), protocol) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}

    assert set(tools) == {
        "permission_prompt",
        "request_approval",
        "get_decision",
        "take_permission",
        "ask_human",
    }
    prompt = tools["permission_prompt"]
    assert set(prompt.input_schema["properties"]) == {"tool_name", "input", "tool_use_id"}
    assert prompt.input_schema["required"] == ["tool_name", "input"]
    assert prompt.output_schema is None
    for tool in tools.values():
        assert not {"checkpoint", "verdict", "policy"} & set(tool.input_schema["properties"])


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_asks_at_once_hears_later_and_takes_once(
    installation, robin, tmp_path, tool, protocol
):
    async with connected(stdio(installation, tmp_path), protocol) as client:
        asked = await told(
            client, "request_approval", action=tool, arguments={"eur": 900}, rationale="Late."
        )
        with deciding(installation, tool, "modify", arguments={"eur": 500}):
            heard = await told(client, "get_decision", id=asked["id"], wait_seconds=30)
        taken = await told(client, "take_permission", id=asked["id"])
        again = await told(client, "take_permission", id=asked["id"])

    assert (asked["status"], asked["may_proceed"], asked["arguments"]) == ("pending", False, None)
    assert (heard["status"], heard["may_proceed"]) == ("modified", True)
    assert taken == {"taken": True, "action": tool, "arguments": {"eur": 500}}
    assert again["taken"] is False
    assert "was taken at" in again["reason"]
    (approval,) = requests_for(robin, tool)
    assert approval.raw["context"]["rationale"] == "Late."


async def test_hearing_that_one_may_is_not_taking_it(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path)) as client:
        asked = await told(client, "request_approval", action=tool, arguments={})
        decide(installation, tool, "approve")
        heard = await told(client, "get_decision", id=asked["id"])

    (approval,) = requests_for(robin, tool)
    assert heard["may_proceed"]
    assert not was_taken(robin, approval)


async def test_nothing_is_taken_before_or_after_a_no(installation, tmp_path, tool):
    async with connected(stdio(installation, tmp_path)) as client:
        asked = await told(client, "request_approval", action=tool, arguments={"eur": 1})
        early = await told(client, "take_permission", id=asked["id"])
        decide(installation, tool, "reject", feedback="No.")
        heard = await told(client, "get_decision", id=asked["id"], wait_seconds=5)
        late = await told(client, "take_permission", id=asked["id"])

    assert early["taken"] is late["taken"] is False
    assert (heard["status"], heard["feedback"], heard["arguments"]) == ("rejected", "No.", None)


async def test_a_pending_request_is_shared_a_decided_one_is_not(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path)) as client:
        ids = [
            (await told(client, "request_approval", action=tool, arguments={}))["id"]
            for _ in range(2)
        ]
        decide(installation, tool, "approve")
        ids.append((await told(client, "request_approval", action=tool, arguments={}))["id"])

    assert ids[0] == ids[1] != ids[2]


async def test_other_peoples_requests_are_not_to_be_had(installation, tmp_path):
    async with connected(stdio(installation, tmp_path)) as client:
        for name in ("get_decision", "take_permission"):
            result = await client.call_tool(name, {"id": "9b2e7c1e-0000-4000-8000-000000000000"})
            assert result.is_error
            assert "not_found" in result.content[0].text


async def test_waits_no_longer_than_a_client_does(installation, tmp_path, tool):
    async with connected(stdio(installation, tmp_path)) as client:
        result = await client.call_tool("get_decision", {"id": "x", "wait_seconds": 51})

    assert result.is_error


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_a_question_is_answered_in_words(installation, tmp_path, tool, protocol):
    with http_server(installation, tmp_path, "--questions", "questions") as (url, _):
        async with connected(url, protocol) as client:
            question = f"Which account? ({tool})"
            with deciding(installation, "ask_human", "approve", answer="The second."):
                heard = await told(client, "ask_human", question=question)

    assert (heard["status"], heard["answer"]) == ("approved", "The second.")


async def test_a_question_is_answered_by_choosing(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path)) as client:
        asked = await told(
            client, "ask_human", question=tool, options=["red", "blue"], wait_seconds=0
        )
        with deciding(installation, "ask_human", "approve", selected=["2"]):
            heard = await told(client, "get_decision", id=asked["id"], wait_seconds=30)

    assert asked["status"] == "pending"
    assert heard["selected"] == ["blue"]


async def test_an_old_answer_is_not_the_answer_to_a_new_question(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path)) as client:
        with deciding(installation, "ask_human", "approve", answer="Yes."):
            first = await told(client, "ask_human", question=f"Go on? ({tool})")
        second = await told(client, "ask_human", question=f"Go on? ({tool})", wait_seconds=0)

    robin.cancel(second["id"])
    assert first["answer"] == "Yes."
    assert (second["status"], second["answer"]) == ("pending", None)
