"""The PreToolUse hook, run as Claude Code runs it: one process per call."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from callers import environment, event, hook
from proxies import losing_answers_to
from reviewing import decide, deciding, requests_for

AT_ONCE = ("--wait", "0")


@pytest.fixture
def ask(installation, tmp_path):
    """Run the hook for a call in the session of this test: what it decided, with status 0."""

    def run(tool, input, *options, said=None, env=None, **more):
        line = json.dumps(event(tmp_path, tool, input, **more)).encode() if said is None else said
        status, decision = hook(installation, line, *options, **(env or {}))
        assert status == 0
        return decision

    return run


def test_allows_with_the_exact_input(installation, ask, tool):
    input = {"command": "ls", "timeout": 120000, "nested": [1, 2.5, None, {"ü": True}]}

    with deciding(installation, tool, "approve"):
        decision = ask(tool, input)

    assert decision == {"permissionDecision": "allow", "updatedInput": input}


def test_allows_with_what_the_reviewer_made_of_it(installation, ask, tool):
    with deciding(installation, tool, "modify", arguments={"eur": 500}, feedback="Half."):
        decision = ask(tool, {"eur": 900})

    assert decision == {
        "permissionDecision": "allow",
        "updatedInput": {"eur": 500},
        "additionalContext": "The reviewer changed the input. Half.",
    }


def test_denies_with_the_reason(installation, ask, tool):
    with deciding(installation, tool, "reject", feedback="Not today."):
        decision = ask(tool, {})

    assert decision["permissionDecision"] == "deny"
    assert "ada said no: Not today." in decision["permissionDecisionReason"]


def test_denies_while_it_is_pending_and_finds_the_decision_later(installation, robin, ask, tool):
    first = ask(tool, {"n": 1}, *AT_ONCE)
    decide(installation, tool, "approve")
    second = ask(tool, {"n": 1}, *AT_ONCE, tool_use_id="toolu_02")

    (asked,) = requests_for(robin, tool)
    assert first["permissionDecision"] == "deny"
    assert (
        f"Still pending, nobody has decided yet (id {asked.id}"
        in (first["permissionDecisionReason"])
    )
    assert second == {"permissionDecision": "allow", "updatedInput": {"n": 1}}


def test_defers_where_told_to_and_decides_when_resumed(installation, ask, tool):
    deferring = (*AT_ONCE, "--pending", "defer")

    first = ask(tool, {"n": 1}, *deferring)
    again = ask(tool, {"n": 1}, *deferring)
    decide(installation, tool, "reject", feedback="No.")
    resumed = ask(tool, {"n": 1}, *deferring)

    assert first == again == {"permissionDecision": "defer"}
    assert resumed["permissionDecision"] == "deny"


def test_a_new_call_does_not_ride_on_a_spent_permission(installation, robin, ask, tool):
    with deciding(installation, tool, "approve"):
        first = ask(tool, {"n": 1})
    second = ask(tool, {"n": 1}, *AT_ONCE)

    assert first["permissionDecision"] == "allow"
    assert second["permissionDecision"] == "deny"
    assert len(requests_for(robin, tool)) == 2


def test_another_directory_or_session_asks_for_itself(installation, robin, ask, tool, tmp_path):
    ask(tool, {"command": "rm -r build"}, *AT_ONCE)
    decide(installation, tool, "approve")

    elsewhere = ask(tool, {"command": "rm -r build"}, *AT_ONCE, cwd=str(tmp_path / "other"))
    later = ask(tool, {"command": "rm -r build"}, *AT_ONCE, session_id="other")

    assert elsewhere["permissionDecision"] == later["permissionDecision"] == "deny"
    assert len(requests_for(robin, tool)) == 3


def test_three_at_once_are_one_request_and_one_allow(installation, robin, ask, tool):
    def ask_three_times():
        with ThreadPoolExecutor(3) as at_once:
            decisions = at_once.map(lambda _: ask(tool, {"n": 1}, *AT_ONCE), range(3))
            return sorted(decision["permissionDecision"] for decision in decisions)

    before = ask_three_times()
    (asked,) = requests_for(robin, tool)
    decide(installation, tool, "approve")
    after = ask_three_times()

    assert before == ["deny", "deny", "deny"]
    assert after == ["allow", "deny", "deny"]
    anew, approved = requests_for(robin, tool)  # those who came too late ask together
    assert anew.is_pending
    assert approved.id == asked.id


def test_killed_after_it_took_the_permission_it_has_to_be_asked_anew(
    installation, robin, ask, tool, tmp_path
):
    running = []
    line = [sys.executable, "-m", "placet.adapters.claude_code_hook"]

    def kill():
        os.kill(running[0].pid, signal.SIGKILL)

    with losing_answers_to("/consume/", installation.url, then=kill) as road:
        running.append(
            subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment(installation, PLACET_URL=road),
            )
        )
        running[0].stdin.write(json.dumps(event(tmp_path, tool, {"n": 1})).encode())
        running[0].stdin.close()
        decide(installation, tool, "approve")
        assert running[0].wait(timeout=30) == -signal.SIGKILL
        assert running[0].stdout.read() == b""
        running[0].stdout.close()

    retried = ask(tool, {"n": 1}, *AT_ONCE)

    assert retried["permissionDecision"] == "deny"
    assert "permitted before and that permission was taken" in retried["permissionDecisionReason"]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", "not plain JSON"),
        (b"[]", "PreToolUse"),
        (b"\xff{}", "not plain JSON"),
        (b'{"hook_event_name": "PostToolUse", "tool_name": "Bash"}', "PreToolUse"),
        (b'{"hook_event_name": "PreToolUse", "tool_name": "Bash"}', "names no tool, or no input"),
        (b'{"hook_event_name": "PreToolUse", "tool_name": "B", "tool_input": {}}', "no session"),
        (b'{"tool_input": {"a": 1, "a": 2}}', "a name occurs twice"),
        (b'{"tool_input": {"a": NaN}}', "NaN is not a number"),
        (b"[" * 100_000, "not plain JSON"),
    ],
)
def test_denies_what_it_cannot_read(ask, tool, said, reason):
    decision = ask(tool, {}, said=said)

    assert decision["permissionDecision"] == "deny"
    assert reason in decision["permissionDecisionReason"]


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        ({"a": 2**60 + 1}, "too large to be exact"),
        ({"a": "x" * 300_000}, "too_large"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": "nul \x00"}, "forbidden_character"),
    ],
)
def test_denies_what_cannot_be_put_to_a_person_exactly(ask, tool, input, reason):
    decision = ask(tool, input, *AT_ONCE)

    assert decision["permissionDecision"] == "deny"
    assert reason in decision["permissionDecisionReason"]


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({"PLACET_URL": "http://127.0.0.1:9"}, "No answer"),
        ({"PLACET_URL": ""}, "No server"),
        ({"PLACET_API_KEY": "plc_agent_000000000000_" + "x" * 43}, "not valid"),
        ({"PLACET_API_KEY": "plc_user_000000000000_" + "x" * 43}, "must be an agent's key"),
        ({"PLACET_CHECKPOINT": ""}, "No checkpoint"),
        ({"PLACET_CHECKPOINT": "nonsense"}, "unknown_checkpoint"),
    ],
)
def test_denies_when_nobody_can_be_asked(ask, tool, env, reason):
    decision = ask(tool, {}, *AT_ONCE, env=env)

    assert decision["permissionDecision"] == "deny"
    assert reason in decision["permissionDecisionReason"]


def test_a_wrong_option_blocks(installation):
    status, _ = hook(installation, b"{}", "--nonsense")

    assert status == 2


def test_blocks_before_claude_code_would_stop_it_and_run_the_tool(installation):
    """The input never comes; status 2 does."""
    program = (
        "import sys; from placet.adapters import claude_code_hook as hook;"
        "hook.GRACE_SECONDS = 1; sys.exit(hook.main(['--wait', '0']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(installation),
    ) as process:
        assert process.wait(timeout=30) == 2
        assert process.stdout.read() == b""
        assert b"blocked" in process.stderr.read()
