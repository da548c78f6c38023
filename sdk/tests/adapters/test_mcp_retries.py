"""The same call again: after a retry, a restart, a crash, and beside itself."""

import json
import os
import signal

import anyio
import pytest
from callers import connected, http_server, prompt, stdio
from proxies import losing_answers_to
from reviewing import decide, deciding, requests_for

pytestmark = pytest.mark.anyio


async def test_another_process_finds_the_decision(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path, "--wait", "0")) as client:
        first = await prompt(client, tool, {"n": 1}, tool_use_id="toolu_01")
    decide(installation, tool, "approve")
    async with connected(stdio(installation, tmp_path), "2025-11-25") as client:
        second = await prompt(client, tool, {"n": 1.0}, tool_use_id="toolu_02")

    assert "Still pending" in first["message"]
    assert second == {"behavior": "allow", "updatedInput": {"n": 1}}
    assert len(requests_for(robin, tool)) == 1


async def test_a_new_call_does_not_ride_on_a_spent_permission(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path, "--wait", "3")) as client:
        with deciding(installation, tool, "approve"):
            first = await prompt(client, tool, {"n": 1})
        second = await prompt(client, tool, {"n": 1})

    assert first["behavior"] == "allow"
    assert second["behavior"] == "deny"
    assert "Still pending" in second["message"]
    anew, spent = requests_for(robin, tool)
    assert anew.is_pending
    assert anew.raw["context"]["same_call_before"] == {"approval": spent.id, "came_to": "approved"}


async def test_one_tool_use_id_does_not_carry_a_permission_to_another_input(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path, "--wait", "0")) as client:
        await prompt(client, tool, {"rm": "build"}, tool_use_id="toolu_01")
        decide(installation, tool, "approve")
        other = await prompt(client, tool, {"rm": "/"}, tool_use_id="toolu_01")

    assert other["behavior"] == "deny"
    assert len(requests_for(robin, tool)) == 2


async def test_another_session_asks_for_itself(installation, robin, tmp_path, tool):
    async with connected(stdio(installation, tmp_path, "--wait", "0", "--run", "a")) as client:
        await prompt(client, tool, {})
    decide(installation, tool, "approve")
    async with connected(stdio(installation, tmp_path, "--wait", "0", "--run", "b")) as client:
        answer = await prompt(client, tool, {})

    assert answer["behavior"] == "deny"
    assert len(requests_for(robin, tool)) == 2


async def test_five_at_once_are_one_request_and_one_allow(installation, robin, tmp_path, tool):
    waiting, answers = set(), []

    async def ask(name, server):
        async def hear(progress, total, message):
            waiting.add(name)
            if len(waiting) == 5:
                waiting.clear()
                await anyio.to_thread.run_sync(decide, installation, tool, "approve")

        async with connected(server) as client:
            arguments = {"tool_name": tool, "input": {"n": 1}}
            result = await client.call_tool("permission_prompt", arguments, progress_callback=hear)
            answers.append(json.loads(result.content[0].text)["behavior"])

    with (
        http_server(installation, tmp_path) as (one, _),
        http_server(installation, tmp_path) as (another, _),
    ):
        async with anyio.create_task_group() as callers:
            for name, server in enumerate((one, one, one, another, another)):
                callers.start_soon(ask, name, server)

    assert sorted(answers) == ["allow", "deny", "deny", "deny", "deny"]
    assert len(requests_for(robin, tool)) == 1


async def test_what_needs_no_person_is_permitted_each_time_anew(
    installation, robin, tmp_path, tool
):
    async with connected(stdio(installation, tmp_path, "--checkpoint", "harmless")) as client:
        answers = [await prompt(client, tool, {"n": 1}) for _ in range(4)]

    assert [answer["behavior"] for answer in answers] == ["allow"] * 4
    assert len(requests_for(robin, tool)) == 4


async def test_killed_after_it_took_the_permission_it_has_to_be_asked_anew(
    installation, robin, tmp_path, tool
):
    killed = []

    def kill():
        killed.append(process)
        os.kill(process, signal.SIGKILL)

    with (
        losing_answers_to("/consume/", installation.url, then=kill) as road,
        http_server(installation, tmp_path, PLACET_URL=road) as (url, process),
        deciding(installation, tool, "approve"),
        pytest.raises(Exception, match="unhandled errors"),
    ):
        async with connected(url) as client:
            await prompt(client, tool, {"n": 1})
    assert killed

    with http_server(installation, tmp_path, "--wait", "1") as (url, _):
        async with connected(url) as client:
            retried = await prompt(client, tool, {"n": 1})

    assert retried["behavior"] == "deny"
    assert "permitted before and that permission was taken" in retried["message"]
    assert "has to be permitted anew" in retried["message"]
    assert [asked.status for asked in requests_for(robin, tool)] == ["pending", "approved"]


async def test_a_lost_answer_to_the_taking_is_no_permission(installation, robin, tmp_path, tool):
    with losing_answers_to("/consume/", installation.url, then=lambda: None) as road:
        async with connected(stdio(installation, tmp_path, PLACET_URL=road)) as client:
            with deciding(installation, tool, "approve"):
                answer = await prompt(client, tool, {"n": 1})

    assert answer["behavior"] == "deny"
    assert "may be spent. Do not run it." in answer["message"]


async def test_waits_through_a_crash_of_the_server(installation, tmp_path, tool):
    answers = []

    async def ask():
        async with connected(stdio(installation, tmp_path)) as client:
            answers.append(await prompt(client, tool, {}))

    async with anyio.create_task_group() as callers:
        callers.start_soon(ask)
        await anyio.to_thread.run_sync(installation.pending, tool)
        await anyio.to_thread.run_sync(installation.kill)
        await anyio.to_thread.run_sync(installation.start)
        await anyio.to_thread.run_sync(decide, installation, tool, "approve")

    assert answers[0]["behavior"] == "allow"
