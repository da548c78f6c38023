"""
What the embedded broker keeps: which messages wait, who holds them, and until when.

A message is a row. Taking one leases it to this process, settling it deletes it. What a
process held comes free when the process is gone, or when it stops renewing its lease.

Leases run on the machine's monotonic clock, which all processes share and nobody can set,
so a step of the wall clock changes nothing. After a reboot that clock starts again; a
lease that ends further off than any lease can is void.
"""

import logging
import os
import sqlite3
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hitl_site.broker_file import BrokerFile

logger = logging.getLogger(__name__)

DEAD_KEPT = 1000
_TEND_EVERY = timedelta(seconds=1)
_SHRINK_EVERY = timedelta(minutes=1)

_OLDEST_WAITING = "SELECT id FROM message WHERE queue = ? AND holder IS NULL ORDER BY id LIMIT 1"
_TAKE_OLDEST = """
    UPDATE message SET holder = ?, leased_until = ?, deliveries = deliveries + 1
    WHERE id = (
        SELECT id FROM message WHERE queue = ? AND holder IS NULL ORDER BY id LIMIT 1
    )
    RETURNING id, payload, deliveries"""
_FREE_OF_HOLDER = """
    UPDATE message SET holder = NULL, leased_until = NULL WHERE holder = ? RETURNING id"""
_LEASE_OVER = """
    SELECT id FROM message
    WHERE holder IS NOT NULL
        AND COALESCE(leased_until, 0) NOT BETWEEN :now AND :now + :lease
        AND NOT (holder IS :me AND id IN (SELECT value FROM json_each(:mine)))"""
# The lease is looked at again: between the two statements it may have been renewed.
_FREE_IF_STILL_OVER = """
    UPDATE message SET holder = NULL, leased_until = NULL
    WHERE id = :id AND holder IS NOT NULL
        AND COALESCE(leased_until, 0) NOT BETWEEN :now AND :now + :lease
    RETURNING id"""
_BURY = """
    INSERT OR IGNORE INTO dead
    SELECT id, queue, payload, published_at, deliveries, ?, ? FROM message WHERE id = ?"""
_FORGET_OLDEST_DEAD = """
    DELETE FROM dead WHERE id <= (SELECT id FROM dead ORDER BY id DESC LIMIT 1 OFFSET ?)"""


@dataclass(frozen=True)
class Taken:
    """A message this process now holds. `deliveries` counts this one."""

    id: int
    payload: str
    deliveries: int


@dataclass(frozen=True)
class DeadMessage:
    """A message nobody will try again, and why."""

    id: int
    queue: str
    payload: str
    deliveries: int
    published_at: datetime
    died_at: datetime
    reason: str


@dataclass(frozen=True)
class Tally:
    waiting: int
    held: int
    dead: int


class MessageStore:
    """
    The messages, as one process sees and holds them. Get it from `store_at`.

    Every method raises `sqlite3.Error` if the file can't be used, see `BrokerFile.run`.
    """

    def __init__(self, file: BrokerFile, *, lease: timedelta, delivery_limit: int) -> None:
        self.file = file
        self.lease = lease
        self.delivery_limit = delivery_limit
        self._me: int | None = None
        self._mine: set[int] = set()
        self._tended_at = self._shrunk_at = float("-inf")

    def put(self, queue: str, payload: str) -> None:
        """Add a message; when this returns, it survives the death of every process."""
        self.file.run(
            "INSERT INTO message (queue, payload, published_at) VALUES (?, ?, ?)",
            (queue, payload, time.time()),
        )

    def take(self, queue: str) -> Taken | None:
        """
        Lease the oldest waiting message of `queue`, or None.

        A message taken more than `delivery_limit` times without being settled has
        probably been killing its workers: it is buried instead.
        """
        with self.file.lock:
            self._tend()
            # Looking first keeps idle pollers away from the write lock.
            while self.file.run(_OLDEST_WAITING, (queue,)):
                for row in self.file.run(_TAKE_OLDEST, (self._holder(), self._lease_end(), queue)):
                    taken = Taken(*row)
                    if taken.deliveries <= self.delivery_limit:
                        self._mine.add(taken.id)
                        return taken
                    self.bury(taken.id, reason=f"taken {self.delivery_limit} times, never settled")
            return None

    def settle(self, message_id: int) -> None:
        """The work is done: forget the message, whoever holds it by now."""
        with self.file.lock:
            self._mine.discard(message_id)
            self.file.run("DELETE FROM message WHERE id = ?", (message_id,))

    def release(self, message_id: int, *, counts: bool) -> None:
        """Give a message back to its old place in the queue; `counts`: as a failed delivery."""
        with self.file.lock:
            self._mine.discard(message_id)
            self.file.run(
                "UPDATE message SET holder = NULL, leased_until = NULL, deliveries = deliveries - ?"
                " WHERE id = ? AND holder = ?",
                (0 if counts else 1, message_id, self._me),
            )

    def bury(self, message_id: int, *, reason: str) -> None:
        """Move a message to the dead, of whom the latest `DEAD_KEPT` stay to be looked at."""
        with self.file.lock:
            # No transaction: interrupted between the statements, the message is buried again.
            self.file.run(_BURY, (time.time(), reason, message_id))
            self.settle(message_id)
            self.file.run(_FORGET_OLDEST_DEAD, (DEAD_KEPT,))
        logger.error("Broker message %s is dead: %s", message_id, reason)

    def waiting(self, queue: str) -> int:
        query = "SELECT count(*) FROM message WHERE queue = ? AND holder IS NULL"
        return self.file.run(query, (queue,))[0][0]

    def purge(self, queue: str) -> int:
        """Delete what waits in `queue`, leave what is being worked on; returns how many."""
        query = "DELETE FROM message WHERE queue = ? AND holder IS NULL RETURNING id"
        return len(self.file.run(query, (queue,)))

    def tally(self) -> Tally:
        """How many messages there are, over all queues."""
        messages = "SELECT count(*) - count(holder), count(holder) FROM message"
        return Tally(*self.file.run(messages)[0], *self.file.run("SELECT count(*) FROM dead")[0])

    def dead(self, *, limit: int = 100) -> list[DeadMessage]:
        """The latest dead messages, newest first."""
        query = """
            SELECT id, queue, payload, deliveries, published_at, died_at, reason
            FROM dead ORDER BY id DESC LIMIT ?"""
        return [
            DeadMessage(
                id=message_id,
                queue=queue,
                payload=payload,
                deliveries=deliveries,
                published_at=datetime.fromtimestamp(published_at, UTC),
                died_at=datetime.fromtimestamp(died_at, UTC),
                reason=reason,
            )
            for message_id, queue, payload, deliveries, published_at, died_at, reason in (
                self.file.run(query, (limit,))
            )
        ]

    def open(self) -> None:
        """Make sure the file can be used."""
        self.file.run("SELECT 1 FROM message LIMIT 1")

    def renew(self) -> None:
        """Extend the leases of what this process is still working on."""
        with self.file.lock:
            if self._mine:
                self.file.run(
                    "UPDATE message SET leased_until = ?"
                    " WHERE holder = ? AND id IN (SELECT value FROM json_each(?))",
                    (self._lease_end(), self._me, str(list(self._mine))),
                )

    def _tend(self) -> None:
        """Every second: free what the dead held and what no lease covers; shrink if need be."""
        now = time.monotonic()
        if now - self._tended_at < _TEND_EVERY.total_seconds():
            return
        self._tended_at = now
        self._free_what_the_gone_held()
        self._free_what_no_lease_covers()
        if now - self._shrunk_at >= _SHRINK_EVERY.total_seconds():
            self._shrunk_at = now
            self.file.shrink()

    def _free_what_the_gone_held(self) -> None:
        others = "SELECT DISTINCT holder FROM message WHERE holder IS NOT NULL AND holder IS NOT ?"
        for (holder,) in self.file.run(others, (self._me,)):
            if self.file.is_gone(holder):
                freed = self.file.run(_FREE_OF_HOLDER, (holder,))
                logger.warning("Freed %d broker messages of a worker that is gone", len(freed))

    def _free_what_no_lease_covers(self) -> None:
        terms = {"now": time.monotonic(), "lease": self.lease.total_seconds()}
        ours = {"me": self._me, "mine": str(list(self._mine))}
        for (message_id,) in self.file.run(_LEASE_OVER, terms | ours):
            if self.file.run(_FREE_IF_STILL_OVER, terms | {"id": message_id}):
                logger.warning("Freed broker message %d, whose lease was over", message_id)

    def _lease_end(self) -> float:
        return time.monotonic() + self.lease.total_seconds()

    def _holder(self) -> int:
        if self._me is None:
            self._me = self.file.become_holder()
            threading.Thread(target=self._keep_leases, name="broker-leases", daemon=True).start()
        return self._me

    def _keep_leases(self) -> None:
        """In a thread of its own: a busy or draining worker must not lose what it runs."""
        while True:
            time.sleep(self.lease.total_seconds() / 3)
            try:
                self.renew()
            except sqlite3.Error as error:
                logger.warning("Could not renew broker leases: %s", error)


_stores: dict[Path, MessageStore] = {}
_stores_lock = threading.Lock()
_of_the_parent: list[dict[Path, MessageStore]] = []


def store_at(path: Path, *, lease: timedelta, delivery_limit: int) -> MessageStore:
    """
    This process's store for the file; only one, so that it is one holder.

    The first caller's `lease` and `delivery_limit` stand. Every process that uses the
    file must be given the same.
    """
    path = path.resolve()
    with _stores_lock:
        if path not in _stores:
            file = BrokerFile(path)
            _stores[path] = MessageStore(file, lease=lease, delivery_limit=delivery_limit)
        return _stores[path]


def _start_afresh() -> None:
    """
    In a forked child: connection, lock and thread are the parent's.

    They are kept unused rather than closed, which would reach into the parent's file.
    """
    global _stores, _stores_lock
    _of_the_parent.append(_stores)
    _stores, _stores_lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_start_afresh)
