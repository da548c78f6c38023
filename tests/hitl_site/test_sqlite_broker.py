"""The embedded broker under real Celery workers, and what publishers meet."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

from hitl_site.broker_file import BrokerFile
from hitl_site.broker_store import MessageStore, Tally, store_at
from hitl_site.sqlite_broker import DELIVERY_LIMIT, LEASE, WORKER_FLAGS, broker_settings

ROOT = Path(__file__).resolve().parents[2]
TASK = "tests.hitl_site.broker_app.note"
# The workers are to show the broker alone: not the product, which Celery would load for the
# first of these, and not another broker, which the second would name.
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if name not in ("DJANGO_SETTINGS_MODULE", "BROKER_URL")
}
POISON = "tests.hitl_site.broker_app.kill_the_worker"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "broker.sqlite3"


@pytest.fixture
def store(path: Path) -> MessageStore:
    return store_at(path, lease=LEASE, delivery_limit=DELIVERY_LIMIT)


@pytest.fixture
def app(path: Path) -> Iterator[Celery]:
    app = Celery("publisher", set_as_current=False)
    app.conf.update(broker_settings(path))
    yield app
    app.close()


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[Callable]:
    """Starts a Celery worker, four threads strong, on the broker in `tmp_path`."""
    started = []

    def start(**environment: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "celery", "-A", "tests.hitl_site.broker_app", "worker"]
        flags = ["--pool=threads", "--concurrency=4", "--loglevel=INFO", *WORKER_FLAGS]
        with open(tmp_path / "worker.log", "a") as log:
            worker = subprocess.Popen(
                [*command, *flags, f"--hostname=w{len(started)}"],
                cwd=ROOT,
                env=ENVIRONMENT | {"BROKER_TEST_DIRECTORY": str(tmp_path)} | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()


def lines(tmp_path: Path, event: str) -> list[tuple[str, str]]:
    """(name, process) of each task that got so far, in order."""
    log = tmp_path / "done.log"
    written = log.read_text().splitlines() if log.exists() else []
    return [(name, process) for what, name, process in map(str.split, written) if what == event]


def names(tmp_path: Path, event: str) -> list[str]:
    return [name for name, _ in lines(tmp_path, event)]


def wait_until(condition: Callable[[], object], *, within: float = 15) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class TestWorkers:
    def test_lose_nothing_to_kill_9(self, app, store, start_worker, tmp_path):
        for number in range(8):
            app.send_task(TASK, args=[f"task-{number}", 0.8])
        worker = start_worker()
        wait_until(lambda: len(names(tmp_path, "started")) >= 4)

        worker.send_signal(signal.SIGKILL)
        worker.wait()
        finished_before = set(names(tmp_path, "finished"))
        start_worker()

        everything = {f"task-{number}" for number in range(8)}
        wait_until(lambda: set(names(tmp_path, "finished")) == everything, within=20)
        assert finished_before < everything
        wait_until(lambda: store.tally() == Tally(waiting=0, held=0, dead=0))

    def test_share_a_burst_and_do_each_task_once(self, app, store, start_worker, tmp_path):
        workers = [start_worker(), start_worker()]
        for number in range(500):
            app.send_task(TASK, args=[f"task-{number}", 0.002])

        wait_until(lambda: len(names(tmp_path, "finished")) >= 500, within=20)

        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(20) for worker in workers] == [0, 0]
        assert Counter(names(tmp_path, "started")) == {f"task-{n}": 1 for n in range(500)}
        assert {process for _, process in lines(tmp_path, "finished")} == {
            str(worker.pid) for worker in workers
        }
        assert store.tally() == Tally(waiting=0, held=0, dead=0)

    def test_finish_what_they_run_before_an_orderly_stop(self, app, store, start_worker, tmp_path):
        for number in range(6):
            app.send_task(TASK, args=[f"task-{number}", 1])
        worker = start_worker()
        wait_until(lambda: len(names(tmp_path, "started")) == 4)

        worker.send_signal(signal.SIGTERM)

        assert worker.wait(20) == 0
        done = names(tmp_path, "finished")
        assert len(done) >= 4
        assert sorted(done) == sorted(names(tmp_path, "started"))
        assert store.tally() == Tally(waiting=6 - len(done), held=0, dead=0)

    def test_are_killed_by_poison_only_so_often(self, app, store, start_worker, tmp_path):
        limit = {"BROKER_TEST_DELIVERY_LIMIT": "2"}
        app.send_task(POISON)
        for _ in range(2):
            assert start_worker(**limit).wait(20) == -signal.SIGKILL
        app.send_task(TASK, args=["wholesome"])

        start_worker(**limit)

        wait_until(lambda: names(tmp_path, "finished") == ["wholesome"])
        assert names(tmp_path, "started").count("poison") == 2
        assert [POISON in dead.payload for dead in store.dead()] == [True]

    def test_refuse_hostile_messages_and_go_on(self, app, store, path, start_worker, tmp_path):
        trap = tmp_path / "pickle-was-loaded"
        app.send_task(TASK, args=[Evil(trap)], serializer="pickle")
        app.send_task("no.such.task")
        good = json.loads(stored(path)[0])
        hostile = [
            "not json",
            "[" * 100_000,
            "[]",
            "{}",
            json.dumps(good | {"properties": None}),
            json.dumps(good | {"properties": good["properties"] | {"delivery_info": []}}),
            json.dumps(good | {"headers": ["task"]}),
            json.dumps(good | {"headers": {"task": TASK}}),
            json.dumps(good | {"headers": {"task": TASK, "id": 7, "eta": "soon"}}),
            json.dumps(good | {"body": "%%%"}),
            json.dumps(good | {"body": {"a": 1}}),
            json.dumps(good | {"content-type": "application/x-python-serialize"}),
        ]
        for payload in hostile:
            store.put("celery", payload)
        app.send_task(TASK, args=["wholesome"])

        worker = start_worker()

        wait_until(lambda: names(tmp_path, "finished") == ["wholesome"])
        assert worker.poll() is None
        assert not trap.exists()
        wait_until(lambda: store.tally().waiting == store.tally().held == 0)
        reasons = Counter(dead.reason.split(":")[0] for dead in store.dead())
        assert reasons["cannot be read"] >= 7
        assert reasons["rejected by the worker"] >= 3


class Evil:
    """Makes a directory when it is unpickled."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self):
        return os.mkdir, (str(self.trap),)


def stored(path: Path) -> list[str]:
    return [row[0] for row in BrokerFile(path).run("SELECT payload FROM message ORDER BY id")]


class TestPublishing:
    def test_names_the_file_whatever_its_path(self, tmp_path):
        path = tmp_path / "a b;c#d?e%20f+é" / "broker.sqlite3"
        app = Celery("publisher", set_as_current=False)
        app.conf.update(broker_settings(path))

        app.send_task(TASK, args=["x"])

        assert len(stored(path)) == 1
        app.close()

    @pytest.mark.parametrize("obstacle", ["not a directory", "is a directory", "not a database"])
    def test_fails_at_once_when_the_file_cannot_be_used(self, app, path, tmp_path, obstacle):
        if obstacle == "not a directory":
            (tmp_path / "file").touch()
            app.conf.update(broker_settings(tmp_path / "file" / "broker.sqlite3"))
        elif obstacle == "is a directory":
            path.mkdir()
        else:
            path.write_text("This is not a database, it is prose, and long enough. " * 200)
        started = time.monotonic()

        with pytest.raises(OperationalError, match="embedded broker's file"):
            app.send_task(TASK, args=["x"])

        assert time.monotonic() - started < 1

    def test_fails_at_once_when_the_disk_fills_up_later(self, app, store):
        app.send_task(TASK, args=["fits"])
        pages = store.file.run("PRAGMA page_count")[0][0]
        store.file.run(f"PRAGMA max_page_count = {pages}")
        started = time.monotonic()

        with pytest.raises(OperationalError, match="full"):
            app.send_task(TASK, args=["x" * 100_000])

        assert time.monotonic() - started < 1
        app.send_task(TASK, args=["x" * 100_000])
        assert store.waiting("celery") == 2


class TestConsumingWithKombu:
    """What Celery seldom does and other users of kombu may."""

    @pytest.fixture
    def connection(self, path: Path) -> Iterator[Connection]:
        settings = broker_settings(path)
        with Connection(
            settings["broker_url"], transport_options=settings["broker_transport_options"]
        ) as connection:
            yield connection

    def test_says_when_a_message_was_delivered_before(self, connection):
        queue = connection.SimpleQueue("q")
        queue.put({"n": 1})

        first = queue.get(timeout=2)
        first.requeue()
        second = queue.get(timeout=2)

        assert not first.delivery_info["redelivered"]
        assert second.delivery_info["redelivered"]
        second.ack()
        assert queue.qsize() == 0

    def test_settles_on_receipt_where_no_acknowledgement_is_wanted(self, connection, store):
        queue = connection.SimpleQueue("q", no_ack=True)
        queue.put({"n": 1})
        queue.put({"n": 2})

        assert queue.get(timeout=2).payload == {"n": 1}
        assert connection.default_channel.basic_get("q", no_ack=True).payload == {"n": 2}
        assert store.tally() == Tally(waiting=0, held=0, dead=0)

    def test_gives_back_what_a_closed_channel_held(self, connection, store):
        connection.SimpleQueue("q").put({"n": 1})
        channel = connection.channel()
        message = channel.basic_get("q")

        channel.close()

        assert store.tally() == Tally(waiting=1, held=0, dead=0)
        message.ack()
        assert store.tally() == Tally(waiting=0, held=0, dead=0), "the work was done after all"

    def test_a_wait_ends_on_time(self, connection):
        connection.SimpleQueue("q").consumer.consume()
        started = time.monotonic()

        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.3)

        assert 0.25 < time.monotonic() - started < 1
