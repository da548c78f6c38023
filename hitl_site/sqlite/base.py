"""
`ENGINE = "hitl_site.sqlite"`: Django's SQLite backend with a fair queue for writers.

SQLite makes a writer that finds the database locked sleep and try again, and whoever
happens to try at the right moment wins: of four busy processes two committed once in two
seconds. Here the outermost transaction first takes a lock that is handed to whoever has
waited longest, among threads and processes alike. Reads, single statements outside a
transaction and in-memory databases don't touch it.
"""

import sqlite3
import threading
from typing import Any

from django.db.backends.sqlite3 import base as sqlite_backend
from django.db.utils import OperationalError

from hitl_site.sqlite.write_lock import NotInTime, WriteLock, lock_for

# Modes in which BEGIN itself takes SQLite's write lock.
WRITING_MODES = {"IMMEDIATE", "EXCLUSIVE"}
SQLITE_DEFAULT_TIMEOUT = 5.0  # seconds


class DatabaseWrapper(sqlite_backend.DatabaseWrapper):
    transaction_mode: str | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._write_lock: WriteLock | None = None
        self._hold: _Hold | None = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        connection = super().get_new_connection(conn_params)
        self._write_lock = None
        if self.transaction_mode in WRITING_MODES and not self.is_in_memory_db():
            # SQLite's own word for the file: NAME may be relative, a Path or a URI.
            path = connection.execute("PRAGMA database_list").fetchone()[2]
            self._write_lock = lock_for(path) if path else None
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        self._queue_for_writing()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._stop_holding()
            raise

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]
        finally:
            self._stop_holding_unless_in_transaction()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._stop_holding_unless_in_transaction()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._stop_holding()

    def _queue_for_writing(self) -> None:
        if self._write_lock is None:
            return
        timeout = self.settings_dict["OPTIONS"].get("timeout", SQLITE_DEFAULT_TIMEOUT)
        try:
            self._write_lock.acquire(timeout=timeout)
        except NotInTime as error:
            raise OperationalError(
                f"database is locked: others were writing for {timeout:g} seconds"
            ) from error
        except OSError as error:
            raise OperationalError(f"cannot lock the database for writing: {error}") from error
        self._hold = _Hold(self._write_lock, self.connection)

    def _stop_holding_unless_in_transaction(self) -> None:
        # A failed COMMIT may leave the transaction open; Django then rolls it back.
        if self.connection is None or not self.connection.in_transaction:
            self._stop_holding()

    def _stop_holding(self) -> None:
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.release()


class _Hold:
    """The lock, held by the current thread for the transaction of `connection`."""

    def __init__(self, lock: WriteLock, connection: sqlite3.Connection) -> None:
        self._lock = lock
        self._connection = connection
        self._holds = _thread.last_will.holds
        self._holds.add(self)

    def release(self) -> None:
        if self in self._holds:
            self._holds.discard(self)
            self._lock.release()

    def abandon(self) -> None:
        """End the transaction of a thread that ended without doing so."""
        self._connection.close()
        self.release()


class _LastWill:
    """Owned by its thread alone, so that it goes when the thread goes."""

    def __init__(self) -> None:
        self.holds: set[_Hold] = set()

    def __del__(self) -> None:
        for hold in list(self.holds):
            hold.abandon()


class _Thread(threading.local):
    def __init__(self) -> None:
        self.last_will = _LastWill()


_thread = _Thread()
