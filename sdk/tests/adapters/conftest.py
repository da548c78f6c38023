"""What the tests of adapters share, beside the real server of the live tests."""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import agent_processes
import pytest
from installation import Installation


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def tool():
    """The name of a tool that no other test calls."""
    return f"tool_{uuid.uuid4().hex}"


@pytest.fixture
def loop():
    """The one event loop of a test; the `run_sync` of some frameworks would leave its own open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def in_a_process(installation: Installation) -> Callable[..., Any]:
    """Run a program of the agent in a process of its own; the JSON that it printed."""
    return partial(agent_processes.told_by, installation)
