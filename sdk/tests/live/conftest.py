from collections.abc import Iterator

import pytest
from installation import Installation, installed

import placet


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One real server for all live tests; those that kill it start it again."""
    with installed(tmp_path_factory.mktemp("placet")) as running:
        yield running


@pytest.fixture
def robin(installation: Installation) -> Iterator[placet.Client]:
    """The agent's client, on a real connection."""
    with placet.Client(installation.url, installation.agent_key) as client:
        yield client
