"""How the MCP server is started, and when it is not; who is let in over HTTP."""

import signal
import subprocess
import sys

import httpx2
import pytest
from callers import connected, environment, http_server, prompt, stdio, told, with_token

TOKEN = "t" * 32


def started(installation, *options, **more):
    """Its exit status and last words, where it does not start."""
    done = subprocess.run(
        [sys.executable, "-m", "placet.adapters.mcp", *options],
        env=environment(installation, **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("options", "more", "reason"),
    [
        ([], {"PLACET_API_KEY": "plc_user_000000000000_x"}, "must be an agent's key"),
        ([], {"PLACET_API_KEY": "something"}, "must be an agent's key"),
        ([], {"PLACET_API_KEY": ""}, "No API key"),
        ([], {"PLACET_URL": ""}, "No server"),
        ([], {"PLACET_CHECKPOINT": ""}, "No checkpoint"),
        (["--wait", "3601"], {}, "--wait is 0 to 3600"),
        (["--http", "--host", "0.0.0.0"], {}, "--allow-remote"),
        (["--http", "--host", "::"], {"PLACET_MCP_TOKEN": TOKEN}, "--allow-remote"),
        (["--http", "--host", "example.com"], {}, "--allow-remote"),
        (["--http", "--host", "0.0.0.0", "--allow-remote"], {}, "PLACET_MCP_TOKEN"),
        (
            ["--http", "--host", "0.0.0.0", "--allow-remote"],
            {"PLACET_MCP_TOKEN": "short"},
            "32 characters",
        ),
    ],
)
def test_does_not_start(installation, options, more, reason):
    status, said = started(installation, *options, **more)

    assert status == 2
    assert reason in said
    assert "Traceback" not in said


def test_never_shows_the_key_it_refuses(installation):
    _, said = started(installation, PLACET_API_KEY="plc_user_secretsecret_x")

    assert "secretsecret" not in said


def test_ends_when_interrupted_at_a_terminal(installation):
    with subprocess.Popen(
        [sys.executable, "-m", "placet.adapters.mcp"],
        env=environment(installation),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()  # it is up: it has answered

        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=20) == -signal.SIGINT


def test_lets_in_only_who_has_the_token(installation, tmp_path):
    with http_server(installation, tmp_path, PLACET_MCP_TOKEN=TOKEN) as (url, _):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = httpx2.post(url, json={}, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.anyio
async def test_who_has_the_token_may_ask(installation, robin, tmp_path, tool):
    with http_server(installation, tmp_path, PLACET_MCP_TOKEN=TOKEN) as (url, _):
        async with connected(with_token(url, TOKEN)) as client:
            asked = await told(client, "request_approval", action=tool, arguments={})

    assert robin.get(asked["id"]).is_pending


@pytest.mark.anyio
async def test_says_deny_when_the_server_is_out_of_reach(installation, tmp_path, tool):
    nowhere = stdio(installation, tmp_path, "--wait", "0", PLACET_URL="http://127.0.0.1:9")

    async with connected(nowhere) as client:
        answer = await prompt(client, tool, {})

    assert answer["behavior"] == "deny"
    assert "No answer" in answer["message"]


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_page_in_a_browser_does_not_reach_it(installation, tmp_path, header):
    with http_server(installation, tmp_path) as (url, _):
        answer = httpx2.post(url, json={}, headers={"Accept": "application/json", **header})

    assert answer.status_code in (403, 421)
