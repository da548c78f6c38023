"""The embedded broker's file on disk: its tables, its connection, and who is alive."""

import fcntl
import os
import secrets
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

# A caller waits this long for another process's write, which takes milliseconds.
BUSY_TIMEOUT = timedelta(seconds=2)
_FREE_PAGES_KEPT = 256
_OPENING_BYTE = 0

# `id` is never reused: a late acknowledgement must not delete somebody else's message.
# Columns ending in `_at` are wall-clock seconds, for people; `leased_until` is not.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    published_at REAL NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    holder INTEGER,
    leased_until REAL
);
CREATE INDEX IF NOT EXISTS message_waiting ON message (queue, id) WHERE holder IS NULL;
CREATE INDEX IF NOT EXISTS message_held ON message (holder) WHERE holder IS NOT NULL;
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    published_at REAL NOT NULL,
    deliveries INTEGER NOT NULL,
    died_at REAL NOT NULL,
    reason TEXT NOT NULL
);
"""


class BrokerFile:
    """
    One process's connection to the file, safe to use from all its threads.

    A process that takes messages is a *holder*: a random number, and a lock on that byte
    of a side file for as long as the process lives. The kernel drops the lock however the
    process dies, so "is it gone?" has an answer that is known rather than guessed. Process
    ids wouldn't do: they are reused, and differ from container to container. The lock is
    of the POSIX kind, which a forked child doesn't share.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._locks: int | None = None

    def run(self, sql: str, parameters: Any = ()) -> list[tuple]:
        """
        Run one statement in a transaction of its own; all its rows.

        Raises `sqlite3.Error` if the file can't be used: at once when the disk refuses,
        after `BUSY_TIMEOUT` when others are in the way.
        """
        with self.lock:
            try:
                if self._connection is None:
                    self._connection = self._connected()
                return self._connection.execute(sql, parameters).fetchall()
            except OSError as error:
                raise sqlite3.OperationalError(f"{self.path}: {error.strerror}") from error
            except sqlite3.Error as error:
                if not is_busy(error):
                    # The file may have been replaced, or the disk come back: open it anew.
                    self._connection = None
                raise

    def shrink(self) -> None:
        """Give the pages of a past burst back to the disk."""
        with self.lock:
            if self.run("PRAGMA freelist_count")[0][0] > _FREE_PAGES_KEPT and self._connection:
                # As a script, because `execute` would stop at the pragma's first page.
                self._connection.executescript("PRAGMA incremental_vacuum")

    def become_holder(self) -> int:
        """A holder's number, locked until this process ends."""
        holder = 1 + secrets.randbits(60)
        try:
            fcntl.lockf(self._lock_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, holder)
        except OSError as error:
            raise sqlite3.OperationalError(f"{self.path}: {error.strerror}") from error
        return holder

    def is_gone(self, holder: int) -> bool:
        """Whether that other process has ended. (Of our own number a lock tells nothing.)"""
        try:
            fcntl.lockf(self._lock_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, holder)
        except OSError:
            return False
        fcntl.lockf(self._lock_file(), fcntl.LOCK_UN, 1, holder)
        return True

    def _lock_file(self) -> int:
        # Never closed: closing any descriptor of a file drops all the process's locks on it.
        if self._locks is None:
            self._locks = os.open(f"{self.path}-holders", os.O_RDWR | os.O_CREAT, 0o600)
        return self._locks

    def _connected(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Owner only; SQLite gives its side files the same rights.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(
            self.path,
            timeout=BUSY_TIMEOUT.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
        )
        # Two first starts at once would trip over each other's switch to WAL.
        fcntl.lockf(self._lock_file(), fcntl.LOCK_EX, 1, _OPENING_BYTE)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            # Survives any death of a process. A power cut may lose the last moments, which
            # will do: what a message announces is in the database, and a sweep finds it.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA journal_size_limit = 4194304")
            connection.executescript(_SCHEMA)
        finally:
            fcntl.lockf(self._lock_file(), fcntl.LOCK_UN, 1, _OPENING_BYTE)
        return connection


def is_busy(error: sqlite3.Error) -> bool:
    """Whether others merely had the file in use for too long."""
    primary_code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return primary_code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
