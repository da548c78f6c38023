"""
What was committed, told to the hub: one listener per process, whatever the number of waiters.

Each bus has `run(hub)`, which never returns, and `nudge()`: this process has just
committed something, so look now.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from hitl_site.waiting.hub import Hub

logger = logging.getLogger(__name__)

TRAIL_TABLE = "audit_event"
TRAIL_CHANNEL = "placet_trail"


class Bus(Protocol):
    async def run(self, hub: Hub) -> None: ...

    def nudge(self) -> None: ...


class SqliteBus:
    """
    Reads new rows of the trail whenever the database file has changed.

    `PRAGMA data_version` changes with every commit of another connection, of this
    process or another, and asking for it costs microseconds: every `interval` seconds
    while somebody waits, and not at all while nobody does.

    :param database: what Django has as NAME
    :param subject_column: one topic; `related_column` has any number, separated by spaces
    :param place_column: counts a subject's events from 1. Its first is told as "<kind>:new":
        nobody waits by name for what did not exist, and who made it knows.
    """

    # More news than this is answered by telling everyone to look, not by reading it all.
    MOST_ROWS = 2_000

    def __init__(
        self,
        database: str | Path,
        *,
        table: str = TRAIL_TABLE,
        subject_column: str = "subject",
        related_column: str = "related",
        place_column: str | None = None,
        interval: float = 0.02,
        retry_after: float = 0.5,
    ) -> None:
        for name in filter(None, (table, subject_column, related_column, place_column)):
            if not re.fullmatch(r"[a-z_]+", name):
                raise ValueError(f"{name!r} is no name of a table or column.")
        self._uri = _read_only(str(database))
        self._news = (
            f"SELECT id, {subject_column}, {related_column}, {place_column or 'NULL'}"  # noqa: S608
            f" FROM {table}"
            f" WHERE id > ? ORDER BY id LIMIT {self.MOST_ROWS + 1}"
        )
        self._newest = f"SELECT coalesce(max(id), 0) FROM {table}"  # noqa: S608
        self._interval = interval
        self._retry_after = retry_after
        self._look_now = asyncio.Event()

    def nudge(self) -> None:
        self._look_now.set()

    async def run(self, hub: Hub) -> None:
        hub.when_somebody_waits(self.nudge)
        while True:
            try:
                await self._watch(hub)
            except sqlite3.Error as error:
                # Not migrated yet, being restored, disk trouble: the row is the truth meanwhile.
                logger.warning("The trail cannot be watched: %s", error)
                await asyncio.sleep(self._retry_after)

    async def _watch(self, hub: Hub) -> None:
        # No time-out: this is the event loop, which would rather look again later.
        connection = sqlite3.connect(self._uri, uri=True, isolation_level=None, timeout=0)
        try:
            last = _one(connection, self._newest)
            hub.fire_all()
            seen = None
            while True:
                version = _one(connection, "PRAGMA data_version")
                if version != seen:
                    seen, last = version, self._tell_news(hub, connection, last)
                await self._until_next_look(hub)
        finally:
            connection.close()

    def _tell_news(self, hub: Hub, connection: sqlite3.Connection, last: int) -> int:
        """Tell the rows after `last`; return the id of the newest."""
        rows = connection.execute(self._news, [last]).fetchall()
        if len(rows) <= self.MOST_ROWS:
            for _, subject, related, place in rows:
                for topic in (_as_new(subject) if place == 1 else subject, *related.split()):
                    hub.fire(topic)
            return rows[-1][0] if rows else last
        hub.fire_all()
        return _one(connection, self._newest)

    async def _until_next_look(self, hub: Hub) -> None:
        self._look_now.clear()
        if not len(hub):
            await self._look_now.wait()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._interval, self._look_now.set)
        try:
            await self._look_now.wait()
        finally:
            timer.cancel()


class PostgresBus:
    """
    Listens on `channel`, where each payload is topics separated by spaces.

    A notification sent inside a transaction arrives if and when it commits. What was
    sent while the connection was down is lost, so everyone looks again after a reconnect.

    :param parameters: for psycopg's connect()
    """

    PROBE_SECONDS = 30.0
    LONGEST_BACKOFF_SECONDS = 5.0

    def __init__(self, parameters: dict[str, Any], *, channel: str = TRAIL_CHANNEL) -> None:
        self._parameters = parameters
        self._listen = sql.SQL("LISTEN {}").format(sql.Identifier(channel))

    def nudge(self) -> None:
        """Nothing to do: the server tells us at commit."""

    async def run(self, hub: Hub) -> None:
        failures = 0
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(self._listen)
                    failures = 0
                    hub.fire_all()
                    await self._hear(connection, hub)
            except (psycopg.Error, OSError, TimeoutError) as error:
                failures += 1
                logger.warning("Not listening to the database: %s", str(error).strip())
                await asyncio.sleep(min(0.1 * 2**failures, self.LONGEST_BACKOFF_SECONDS))

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        # A connection that only listens may be dropped silently on its way.
        keepalives = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
        return await psycopg.AsyncConnection.connect(
            **{"connect_timeout": 10, **keepalives, **self._parameters}, autocommit=True
        )

    async def _hear(self, connection: psycopg.AsyncConnection[Any], hub: Hub) -> None:
        while True:
            async for notification in connection.notifies(timeout=self.PROBE_SECONDS):
                for topic in notification.payload.split():
                    hub.fire(topic)
            async with asyncio.timeout(10):
                await connection.execute("SELECT 1")


class OwnProcessBus:
    """For a database in memory, which no other process can write to: any write may be news."""

    def __init__(self) -> None:
        self._written = asyncio.Event()

    def nudge(self) -> None:
        self._written.set()

    async def run(self, hub: Hub) -> None:
        while True:
            await self._written.wait()
            self._written.clear()
            hub.fire_all()


# Keys of Django's OPTIONS that libpq doesn't know.
DJANGO_ONLY = {"pool", "server_side_binding", "isolation_level", "assume_role"}
LIBPQ_NAMES = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}


def bus_for(database: dict[str, Any]) -> Bus:
    """The bus that fits `database`, one of settings.DATABASES."""
    if "postgresql" in database["ENGINE"]:
        options = {k: v for k, v in database.get("OPTIONS", {}).items() if k not in DJANGO_ONLY}
        given = {
            libpq: database[ours]
            for ours, libpq in {**LIBPQ_NAMES, "PORT": "port"}.items()
            if database.get(ours)
        }
        return PostgresBus({**options, **given})
    name = str(database["NAME"])
    if name == ":memory:" or "mode=memory" in name:
        return OwnProcessBus()
    return SqliteBus(name, place_column="seq")


def _as_new(subject: str) -> str:
    return f"{subject.partition(':')[0]}:new"


def _read_only(database: str) -> str:
    """The URI that opens `database`, a path or a URI, for reading only."""
    if database.startswith("file:"):
        return f"{database}{'&' if '?' in database else '?'}mode=ro"
    return f"{Path(database).resolve().as_uri()}?mode=ro"


def _one(connection: sqlite3.Connection, statement: str) -> int:
    return connection.execute(statement).fetchone()[0]
