"""
The embedded broker: a Celery transport on one SQLite file, so that no service is needed.

    app = Celery("placet")
    app.conf.update(broker_settings(Path("var/broker.sqlite3")))
    app.conf.task_acks_late = True

Importing this module teaches kombu the scheme `sqlitebroker:///absolute/path`.

At least once: a message is deleted when its task is done (with `task_acks_late`), not
when it is fetched, so a worker killed at any moment loses nothing; see `broker_store` for
how its messages come free. First in, first out for each queue; priorities are ignored.
A message that can't be read, that a worker rejects, or that was taken too often without
being finished goes to the table `dead`. All processes must be on the machine that has the
file. There is no fan-out: run workers with `WORKER_FLAGS`, and without remote control.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from kombu import Connection
from kombu.exceptions import OperationalError
from kombu.log import get_logger
from kombu.transport import TRANSPORT_ALIASES, virtual
from kombu.utils.json import dumps, loads

from hitl_site.broker_file import is_busy
from hitl_site.broker_store import MessageStore, Taken, store_at

logger = get_logger(__name__)

SCHEME = "sqlitebroker"
# What these flags switch off needs fan-out, and is of no use on one machine.
WORKER_FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")
LEASE = timedelta(seconds=60)
DELIVERY_LIMIT = 5
POLL_EVERY = timedelta(milliseconds=50)
# Whatever broken or hostile text can raise on its way to a message; none may stop a worker.
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def broker_settings(path: Path, *, poll_every: timedelta = POLL_EVERY) -> dict[str, Any]:
    """
    The Celery settings that make `path` the broker.

    `poll_every` bounds how long an idle worker overlooks a new message.
    """
    return {
        "broker_url": f"{SCHEME}://{quote(str(path.absolute()))}",
        "broker_transport_options": {
            "polling_interval": poll_every.total_seconds(),
            "lease_seconds": LEASE.total_seconds(),
            "delivery_limit": DELIVERY_LIMIT,
            # A publisher hears at once that the disk is unusable; workers do retry.
            "max_retries": 0,
        },
        "task_publish_retry": False,
        "broker_connection_retry_on_startup": True,
        "worker_enable_remote_control": False,
    }


@contextmanager
def _as_broker_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OperationalError(f"The embedded broker's file can't be used: {error}") from error


class Channel(virtual.Channel):
    """Kombu's calls, said to the store. The delivery tag is the message's id."""

    def __init__(self, connection: "Transport", **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        # Kept here because tasks may end, and be acknowledged, after the connection closed.
        self.store = connection.store
        self._room_made = connection.room_made

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        with _as_broker_errors():
            self.store.put(queue, dumps(message))

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        with _as_broker_errors():
            while taken := self._take(queue):
                try:
                    return self._message(taken)
                except _UNREADABLE as error:
                    self.store.bury(taken.id, reason=f"cannot be read: {error!r:.200}")
        raise Empty

    def _take(self, queue: str) -> Taken | None:
        try:
            return self.store.take(queue)
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return None

    def _message(self, taken: Taken) -> dict[str, Any]:
        message = loads(taken.payload)
        message["properties"]["delivery_tag"] = str(taken.id)
        message["properties"]["delivery_info"]["redelivered"] = taken.deliveries > 1
        self.Message(message, channel=self)
        return message

    def _size(self, queue: str) -> int:
        with _as_broker_errors():
            return self.store.waiting(queue)

    def _purge(self, queue: str) -> int:
        with _as_broker_errors():
            return self.store.purge(queue)

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable, consumer_tag: str, **kwargs: Any
    ) -> None:
        def received(message: virtual.Message) -> Any:
            if no_ack:
                self._settle(message.delivery_tag)
            return callback(message)

        super().basic_consume(queue, no_ack, received, consumer_tag, **kwargs)

    def basic_get(self, queue: str, no_ack: bool = False, **kwargs: Any) -> virtual.Message | None:
        message = super().basic_get(queue, no_ack=no_ack, **kwargs)
        if message and no_ack:
            self._settle(message.delivery_tag)
        return message

    # The calls to `super()` below only count the message off against the prefetch limit.

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        try:
            self._settle(delivery_tag)
        finally:
            super().basic_ack(delivery_tag)
            self._room_made.set()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            with _as_broker_errors():
                if requeue:
                    self.store.release(int(delivery_tag), counts=True)
                else:
                    self.store.bury(int(delivery_tag), reason="rejected by the worker")
        finally:
            super().basic_reject(delivery_tag, requeue=False)
            self._room_made.set()

    def _settle(self, delivery_tag: str) -> None:
        with _as_broker_errors():
            self.store.settle(int(delivery_tag))

    def _restore(self, message: virtual.Message) -> None:
        """An orderly stop gives back what it didn't finish, without holding it against it."""
        try:
            self.store.release(int(message.delivery_tag), counts=False)
        except sqlite3.Error as error:
            logger.warning("Message %s waits for its lease: %s", message.delivery_tag, error)


class Transport(virtual.Transport):
    Channel = Channel

    can_parse_url = True
    driver_type = "sqlite"
    driver_name = "sqlite3"
    connection_errors = (  # type: ignore[assignment]
        *virtual.Transport.connection_errors,
        OperationalError,
    )
    client: Connection

    def __init__(self, client: Connection, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.room_made = threading.Event()

    @property
    def store(self) -> MessageStore:
        options = self.client.transport_options or {}
        return store_at(
            Path(unquote(urlsplit(self.client.hostname).path)),
            lease=timedelta(seconds=options.get("lease_seconds", LEASE.total_seconds())),
            delivery_limit=options.get("delivery_limit", DELIVERY_LIMIT),
        )

    def establish_connection(self) -> "Transport":
        with _as_broker_errors():
            self.store.open()
        return super().establish_connection()

    def drain_events(
        self, connection: "Transport", timeout: float | None = None, **kwargs: Any
    ) -> None:
        """Deliver one message, or raise `TimeoutError`; a finished task cuts the wait short."""
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            self.room_made.clear()
            try:
                return self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]
            except Empty:
                remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self.room_made.wait(min(self.polling_interval, remaining))

    def driver_version(self) -> str:
        return sqlite3.sqlite_version

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        return uri


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
