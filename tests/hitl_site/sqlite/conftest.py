from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections

from hitl_site.sqlite import DEFAULT_OPTIONS

ROOT = Path(__file__).resolve().parents[3]
ALIAS = "queued"


@pytest.fixture
def database(tmp_path: Path, django_db_blocker) -> Iterator[Path]:
    """A file database behind the fair queue, known to Django as "queued", with one table."""
    path = tmp_path / "queued.sqlite3"
    connections.settings[ALIAS] = {
        **connections.settings["default"],
        "ENGINE": "hitl_site.sqlite",
        "NAME": path,
        "OPTIONS": dict(DEFAULT_OPTIONS),
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
    }
    with django_db_blocker.unblock():
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("CREATE TABLE line (id INTEGER PRIMARY KEY, writer TEXT NOT NULL)")
        yield path
        connections[ALIAS].close()
    del connections[ALIAS]
    del connections.settings[ALIAS]


@pytest.fixture
def insert(database) -> Callable[[str], None]:
    def insert(writer: str) -> None:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("INSERT INTO line (writer) VALUES (%s)", [writer])

    return insert


@pytest.fixture
def writers(database) -> Callable[[], list[str]]:
    """Who has lines in the database, in the order they wrote them."""

    def writers() -> list[str]:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("SELECT writer FROM line ORDER BY id")
            return [writer for (writer,) in cursor.fetchall()]

    return writers


@pytest.fixture
def process(database) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start busy_writer.py with these arguments; whatever is left of it is killed afterwards."""
    started = []

    def start(*arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("busy_writer.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
