"""Locks that let one resumer at a time work on a thread."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import threading
import time
import weakref
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import ClassVar, Protocol

ASKED_AGAIN_SECONDS = 0.05


class Lock(Protocol):
    """As `threading.Lock`: may be released by another thread than took it."""

    def acquire(self, blocking: bool = True) -> bool: ...

    def release(self) -> None: ...


class Locks(Protocol):
    """A lock for each thread of a graph; bring your own if several machines resume."""

    def of(self, thread_id: str) -> Lock: ...


class ProcessLocks:
    """
    Shared by everything in this process, and by nothing outside it.

    Two graphs whose threads have the same id wait for each other; that costs time only.
    """

    _guard = threading.Lock()
    _locks: ClassVar[weakref.WeakValueDictionary[str, Lock]] = weakref.WeakValueDictionary()

    def of(self, thread_id: str) -> Lock:
        with self._guard:
            lock = self._locks.get(thread_id)
            if lock is None:
                lock = self._locks[thread_id] = threading.Lock()
            return lock


class FileLocks:
    """
    Shared by all processes of this machine that name the same folder.

    The operating system lets go when a process dies, however it dies. The folder must not be
    on a network file system.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)

    def of(self, thread_id: str) -> Lock:
        name = hashlib.sha256(thread_id.encode()).hexdigest()
        return _FileLock(self._folder / f"{name}.lock")


class _FileLock:
    # SQLite's lock on a file is the one in the standard library that every system has.

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: sqlite3.Connection | None = None

    def acquire(self, blocking: bool = True) -> bool:
        while not self._try():
            if not blocking:
                return False
            time.sleep(ASKED_AGAIN_SECONDS)
        return True

    def release(self) -> None:
        if self._held is None:
            raise RuntimeError("released a lock that is not held")
        self._held.close()
        self._held = None

    def _try(self) -> bool:
        if self._held is not None:
            return False
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as busy:
            connection.close()
            if busy.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        self._held = connection
        return True


@contextmanager
def held(lock: Lock) -> Iterator[None]:
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def held_without_blocking(lock: Lock) -> AsyncIterator[None]:
    # Not in a thread: one that is cancelled would take the lock later, for nobody.
    while not lock.acquire(blocking=False):
        await asyncio.sleep(ASKED_AGAIN_SECONDS)
    try:
        yield
    finally:
        lock.release()
