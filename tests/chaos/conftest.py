"""Installations on both databases; the servers they need are started once for all tests here."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import servers
from tests.chaos.harness import IS_LONG, Installation
from tests.chaos.receiver import Receiver, receiver

LOG_TAIL = 3000

Installing = Callable[..., Installation]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if IS_LONG and here in item.path.parents:
            item.add_marker(pytest.mark.timeout(1800))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With a failure, the end of every log of its installation."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for installation in getattr(item, "installations", []):
            for log in installation.logs:
                report.sections.append((str(log), log.read_text()[-LOG_TAIL:]))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    for name in ("TEST_POSTGRES_URL", "TEST_DATABASE_URL"):
        if (given := os.environ.get(name, "")).startswith("postgres"):
            yield servers.Postgres(given)
            return
    if servers.postgres_binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with servers.private_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    if given := os.environ.get("TEST_REDIS_URL"):
        yield servers.Redis(given)
        return
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed")
    with servers.private_redis() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy, for migrating takes seconds."""
    directory = tmp_path_factory.mktemp("migrated")
    path = directory / "placet.sqlite3"
    Installation(directory, database_url=f"sqlite:///{path}").migrate()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(
    postgres_server: servers.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a migrated database to copy."""
    name = f"placet_chaos_{os.getpid()}"
    url = postgres_server.create_database(name)
    Installation(tmp_path_factory.mktemp("migrated"), database_url=url).migrate()
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def installing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installing]:
    """`installing("SQLite" | "PostgreSQL", **settings)`: an installation, migrated, not running."""
    number = count()
    request.node.installations = []

    with ExitStack() as ending:

        def install(kind: str, **settings: Any) -> Installation:
            directory = tmp_path / f"installation-{next(number)}"
            directory.mkdir()
            url = _database_for(kind, directory, request, ending)
            made = Installation(directory, database_url=url, **settings)
            request.node.installations.append(made)
            ending.callback(made.close)
            return made

        yield install


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def installation(request: pytest.FixtureRequest, installing: Installing) -> Installation:
    return installing(request.param)


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as listening:
        yield listening


def _database_for(
    kind: str, directory: Path, request: pytest.FixtureRequest, ending: ExitStack
) -> str:
    if kind == "SQLite":
        path = directory / "placet.sqlite3"
        _copy_sqlite(request.getfixturevalue("migrated_sqlite"), path)
        return f"sqlite:///{path}"
    server: servers.Postgres = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("migrated_postgres")
    name = f"{template}_{os.urandom(4).hex()}"
    ending.callback(server.drop_database, name)
    return server.create_database(name, template=template)


def _copy_sqlite(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = WAL")
