"""MCP clients and Claude Code, as far as the server and the hook can tell."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

SOURCE = Path(__file__).parents[2] / "src"
PROTOCOLS = {"2025-11-25": "legacy", "2026-07-28": "2026-07-28"}


def environment(installation: Any, **more: str) -> dict[str, str]:
    """What an agent's process is started with."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(SOURCE),
        "PLACET_URL": installation.url,
        "PLACET_API_KEY": installation.agent_key,
        "PLACET_CHECKPOINT": "tools",
        "PLACET_QUESTIONS": "questions",
        **more,
    }


def stdio(installation: Any, folder: Path, *options: str, **more: str) -> StdioServerParameters:
    """A server process of its own, whose session is this folder."""
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "placet.adapters.mcp", *options],
        env=environment(installation, **more),
        cwd=folder,
    )


@contextmanager
def http_server(
    installation: Any, folder: Path, *options: str, **more: str
) -> Iterator[tuple[str, int]]:
    """A server on a free loopback port: its URL and process id."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = ["-m", "placet.adapters.mcp", "--http", "--port", str(port), *options]
    process = subprocess.Popen(
        [sys.executable, *words], env=environment(installation, **more), cwd=folder
    )
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server has ended"
                assert time.monotonic() < end, "the server does not listen"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp", process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@asynccontextmanager
async def connected(server: Any, protocol: str = "2026-07-28") -> AsyncIterator[Client]:
    """A client that speaks this protocol: to a process over stdio, or to a URL."""
    async with Client(server, mode=PROTOCOLS[protocol]) as client:
        assert client.session.protocol_version == protocol
        yield client


@asynccontextmanager
async def with_token(url: str, token: str) -> AsyncIterator[Any]:
    """The streams of a client that sends this token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        streamable_http_client(url, http_client=http) as streams,
    ):
        yield streams


async def prompt(client: Client, tool: str, input: Any, **more: Any) -> dict[str, Any]:
    """What `permission_prompt` says, read as Claude Code reads it: one text of JSON."""
    arguments = {"tool_name": tool, "input": input, **more}
    result = await client.call_tool("permission_prompt", arguments)
    assert not result.is_error, result.content
    assert result.structured_content is None
    (block,) = result.content
    return json.loads(block.text)


async def told(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The object that another tool answers."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content


def event(folder: Path, tool: str, input: Any, **more: Any) -> dict[str, Any]:
    """What Claude Code writes to a PreToolUse hook."""
    return {
        "session_id": f"session-{folder.name}",
        "transcript_path": str(folder / "transcript.jsonl"),
        "cwd": str(folder),
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": tool,
        "tool_input": input,
        "tool_use_id": "toolu_01",
        **more,
    }


def hook(installation: Any, said: bytes, *options: str, **more: str) -> tuple[int, dict[str, Any]]:
    """Run the hook as Claude Code does: its exit status, and what it decided."""
    done = subprocess.run(
        [sys.executable, "-m", "placet.adapters.claude_code_hook", *options],
        input=said,
        env=environment(installation, **more),
        capture_output=True,
        timeout=90,
    )
    if not done.stdout:
        return done.returncode, {"stderr": done.stderr.decode()}
    answer = json.loads(done.stdout)["hookSpecificOutput"]
    assert answer.pop("hookEventName") == "PreToolUse"
    return done.returncode, answer
