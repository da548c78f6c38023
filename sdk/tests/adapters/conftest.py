"""The adapters are tested against a real server, as the live tests are."""

import uuid

import pytest
from live.conftest import installation, robin

__all__ = ["installation", "robin"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def tool():
    """The name of a tool that no other test calls."""
    return f"tool_{uuid.uuid4().hex}"
