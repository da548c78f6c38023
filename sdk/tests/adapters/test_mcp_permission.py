"""`permission_prompt`, asked by a real MCP client, decided by a person on a real server."""

import threading
import time

import anyio
import pytest
from callers import PROTOCOLS, connected, http_server, prompt, stdio

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


def decide_soon(installation, action, verdict, **words):
    """Ada decides as soon as the request is there, while the client waits."""

    def decide():
        (row,) = installation.pending(action)
        assert installation.ada.decide(row, verdict, **words).status_code == 200

    thread = threading.Thread(target=decide)
    thread.start()
    return thread


@pytest.fixture(params=["stdio", "http"])
def server(request, installation, tmp_path):
    """One server process, to be connected to."""
    if request.param == "stdio":
        yield stdio(installation, tmp_path)
        return
    with http_server(installation, tmp_path) as (url, _):
        yield url


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_says_allow_with_the_exact_input(installation, server, protocol):
    input = {"command": "git push", "timeout": 120000, "nested": {"list": [1, 2.5, True, None]}}
    decide_soon(installation, "Bash", "approve")

    async with connected(server, protocol) as client:
        answer = await prompt(client, "Bash", input, tool_use_id="toolu_01")

    assert answer == {"behavior": "allow", "updatedInput": input}
