"""Input that no honest client sends; each is answered, and none is permitted."""

import json
import subprocess
import sys

import pytest
from callers import connected, environment, prompt, stdio
from reviewing import deciding, requests_for

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        ({"a": "x" * 300_000}, "too_large"),
        ({"a": 2**60 + 1}, "too large to be exact"),
        ({"a": "nul \x00"}, "forbidden_character"),
        ({str(number): number for number in range(1001)}, "too_many"),
    ],
)
async def test_says_deny_to_what_cannot_be_shown_exactly(
    installation, tmp_path, tool, input, reason
):
    async with connected(stdio(installation, tmp_path, "--wait", "0")) as client:
        answer = await prompt(client, tool, input)

    assert answer["behavior"] == "deny"
    assert reason in answer["message"]


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "nul\x00"])
async def test_says_deny_to_a_name_that_is_none(installation, tmp_path, name):
    async with connected(stdio(installation, tmp_path, "--wait", "0")) as client:
        answer = await prompt(client, name, {})

    assert answer["behavior"] == "deny"


async def test_hidden_characters_arrive_and_return_as_they_are(installation, robin, tmp_path, tool):
    input = {"file\u202egnp.exe": "a\u200bb\u2066c \U000e0041 \u0007 'quoted' </script>"}

    with deciding(installation, tool, "approve"):
        async with connected(stdio(installation, tmp_path)) as client:
            answer = await prompt(client, tool, input)

    (asked,) = requests_for(robin, tool)
    assert asked.raw["arguments"] == answer["updatedInput"] == input


async def test_input_that_is_no_object_is_refused(installation, tmp_path, tool):
    async with connected(stdio(installation, tmp_path)) as client:
        for input in ([], "text", 1, None):
            arguments = {"tool_name": tool, "input": input}
            result = await client.call_tool("permission_prompt", arguments)
            assert result.is_error


def spoken(installation, folder, *lines):
    """What the server answers, by request id, to these bytes after the handshake."""
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    }
    opening = [
        {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "placet.adapters.mcp", "--wait", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(installation),
        cwd=folder,
    )
    with process:
        for line in (*(json.dumps(message).encode() for message in opening), *lines):
            process.stdin.write(line + b"\n")
        process.stdin.flush()
        answers = {}
        while not {7, 8, 9} <= answers.keys():
            message = json.loads(process.stdout.readline())
            answers[message.get("id")] = message
        process.stdin.close()
        assert process.wait(timeout=30) == 0
    return answers


def test_bytes_that_are_no_json_values_do_not_bring_it_down(installation, robin, tmp_path, tool):
    call = (
        '{"jsonrpc": "2.0", "id": %d, "method": "tools/call", "params": {"name": '
        '"permission_prompt", "arguments": {"tool_name": "' + tool + '", "input": %s}}}'
    )

    answers = spoken(
        installation,
        tmp_path,
        b"{not json",
        b"\xff\xfe",
        b"[" * 50_000,
        (call % (7, '{"a": NaN}')).encode(),
        (call % (8, '{"a": 1, "a": 2}')).encode(),
        b'{"jsonrpc": "2.0", "id": 9, "method": "tools/list"}',
    )

    def said(id):
        return json.loads(answers[id]["result"]["content"][0]["text"])

    assert "tools" in answers[9]["result"]
    assert said(7)["behavior"] == "deny"
    assert "nan" in said(7)["message"]
    # Which of two members of one name the parser keeps is what is shown, and what would run.
    assert [asked.arguments for asked in requests_for(robin, tool)] == [{"a": 2}]
