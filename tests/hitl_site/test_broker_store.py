"""What the embedded broker's file promises, whoever uses it and however they die."""

import multiprocessing
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hitl_site import broker_file, broker_store
from hitl_site.broker_store import MessageStore, store_at

ROOT = Path(__file__).resolve().parents[2]
THREE_HOURS = 3 * 3600

HOLD_ONE = """
import sys
from datetime import timedelta
from pathlib import Path
from hitl_site.broker_store import store_at

lease = timedelta(seconds=float(sys.argv[2]))
store = store_at(Path(sys.argv[1]), lease=lease, delivery_limit=5)
print(store.take("q").payload, flush=True)
sys.stdin.read()
"""
PUT_FIFTY = """
import sys
from datetime import timedelta
from pathlib import Path
from hitl_site.broker_store import store_at

store = store_at(Path(sys.argv[1]), lease=timedelta(seconds=60), delivery_limit=5)
for number in range(50):
    store.put("q", f"{sys.argv[2]} {number}")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "broker.sqlite3"


@pytest.fixture
def store(path: Path) -> MessageStore:
    return store_at(path, lease=timedelta(seconds=60), delivery_limit=5)


@pytest.fixture
def another_process(path: Path) -> Iterator[Callable]:
    """Starts a process that takes one message of queue `q` and keeps it."""
    started = []

    def start(*, lease: float = 60) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD_ONE, str(path), str(lease)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        process.holds = process.stdout.readline().strip()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def taken_within(seconds: float, store: MessageStore, queue: str = "q") -> str | None:
    """What polling yields: payload of the next message, or None if none comes in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if taken := store.take(queue):
            return taken.payload
        time.sleep(0.05)
    return None


def edit(path: Path, sql: str, *values: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(sql, values)
    connection.close()


class TestQueues:
    def test_hand_out_messages_in_the_order_they_came(self, store):
        for number in range(12):
            store.put("q", f"{number}")

        assert [store.take("q").payload for _ in range(12)] == [f"{n}" for n in range(12)]
        assert store.take("q") is None

    def test_are_apart_from_each_other(self, store):
        store.put("mail", "to mail")
        store.put("q", "to q")

        assert store.take("q").payload == "to q"
        assert store.take("q") is None
        assert store.waiting("mail") == 1

    def test_give_a_released_message_its_old_place(self, store):
        store.put("q", "first")
        store.put("q", "second")
        first = store.take("q")

        store.release(first.id, counts=False)

        assert store.take("q").payload == "first"

    def test_forget_a_settled_message(self, store):
        store.put("q", "done")

        store.settle(store.take("q").id)

        assert store.tally() == broker_store.Tally(waiting=0, held=0, dead=0)

    def test_purging_spares_what_is_being_worked_on(self, store):
        for payload in ("worked on", "waiting", "waiting too"):
            store.put("q", payload)
        store.take("q")

        assert store.purge("q") == 2
        assert store.tally() == broker_store.Tally(waiting=0, held=1, dead=0)

    def test_a_late_acknowledgement_never_deletes_a_newer_message(self, store):
        store.put("q", "old")
        old = store.take("q")
        store.settle(old.id)
        store.put("q", "new")

        store.settle(old.id)

        assert store.take("q").payload == "new"

    def test_survive_several_processes_opening_the_file_for_the_first_time(self, path, store):
        writers = [
            subprocess.Popen([sys.executable, "-c", PUT_FIFTY, str(path), str(who)], cwd=ROOT)
            for who in range(4)
        ]

        assert [writer.wait(20) for writer in writers] == [0, 0, 0, 0]
        assert store.waiting("q") == 200


class TestPoison:
    def test_is_dead_and_visible_after_five_deliveries(self, store):
        store.put("q", "poison")
        store.put("q", "wholesome")
        for _ in range(5):
            store.release(store.take("q").id, counts=True)

        assert store.take("q").payload == "wholesome"
        [dead] = store.dead()
        assert (dead.payload, dead.queue, dead.reason) == (
            "poison",
            "q",
            "taken 5 times, never settled",
        )

    def test_is_not_what_an_orderly_stop_gives_back(self, store):
        store.put("q", "long work")
        for _ in range(20):
            store.release(store.take("q").id, counts=False)

        assert store.take("q").deliveries == 1

    def test_is_kept_in_bounded_numbers(self, store, monkeypatch):
        monkeypatch.setattr(broker_store, "DEAD_KEPT", 3)
        for number in range(7):
            store.put("q", f"{number}")
            store.bury(store.take("q").id, reason="rejected")

        assert [dead.payload for dead in store.dead()] == ["6", "5", "4"]


class TestLeases:
    def test_a_killed_process_leaves_its_message_to_others_at_once(self, store, another_process):
        store.put("q", "work")
        worker = another_process()
        assert worker.holds == "work"

        worker.send_signal(signal.SIGKILL)
        worker.wait()

        assert taken_within(3, store) == "work"

    def test_a_living_process_keeps_its_message_beyond_the_lease(self, path, another_process):
        store = store_at(path, lease=timedelta(seconds=0.6), delivery_limit=5)
        store.put("q", "long work")
        another_process(lease=0.6)

        assert taken_within(2, store) is None

    def test_a_frozen_process_loses_its_message_with_the_lease(self, path, another_process):
        store = store_at(path, lease=timedelta(seconds=0.6), delivery_limit=5)
        store.put("q", "work")
        worker = another_process(lease=0.6)

        worker.send_signal(signal.SIGSTOP)

        assert taken_within(4, store) == "work"

    def test_a_step_of_the_wall_clock_changes_nothing(self, store, another_process, monkeypatch):
        store.put("q", "work")
        another_process()
        now = time.time()

        for step in (THREE_HOURS, -THREE_HOURS):
            monkeypatch.setattr(time, "time", lambda step=step: now + step)

            assert taken_within(1.2, store) is None

    def test_one_that_ends_hours_ahead_is_void(self, path, store, another_process):
        store.put("q", "work")
        another_process()

        edit(path, "UPDATE message SET leased_until = leased_until + ?", THREE_HOURS)

        assert taken_within(3, store) == "work"

    def test_one_that_ended_hours_ago_does_not_make_a_process_repeat_its_own_work(
        self, path, store, another_process
    ):
        store.put("q", "work")
        store.take("q")

        edit(path, "UPDATE message SET leased_until = leased_until - ?", THREE_HOURS)

        assert taken_within(1.5, store) is None
        store.renew()
        worker = multiprocessing.get_context("spawn").Process(target=expect_nothing, args=(path,))
        worker.start()
        worker.join()
        assert worker.exitcode == 0

    def test_do_not_cross_a_fork(self, path, store):
        store.put("q", "the parent's")
        store.put("q", "the child's")
        store.take("q")

        child = multiprocessing.get_context("fork").Process(target=take_and_exit, args=(path,))
        child.start()
        child.join()

        assert child.exitcode == 0
        assert taken_within(3, store) == "the child's"
        stranger = multiprocessing.get_context("spawn").Process(target=expect_nothing, args=(path,))
        stranger.start()
        stranger.join()
        assert stranger.exitcode == 0


def take_and_exit(path: Path) -> None:
    store = store_at(path, lease=timedelta(seconds=60), delivery_limit=5)
    sys.exit(store.take("q").payload != "the child's")


def expect_nothing(path: Path) -> None:
    store = store_at(path, lease=timedelta(seconds=60), delivery_limit=5)
    sys.exit(taken_within(1.5, store) is not None)


class TestTheFile:
    def test_shrinks_after_a_burst(self, path, store, monkeypatch):
        monkeypatch.setattr(broker_store, "_SHRINK_EVERY", timedelta(0))
        monkeypatch.setattr(broker_store, "_TEND_EVERY", timedelta(0))
        for _ in range(600):
            store.put("q", "x" * 4000)
        store.purge("q")
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 500

            store.take("q")

            assert connection.execute("PRAGMA page_count").fetchone()[0] < 50
        connection.close()

    def test_is_for_its_owner_only(self, path, store):
        store.put("q", "work")

        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o077 == 0, file

    def test_is_opened_anew_when_it_was_unusable_for_a_while(self, path, store):
        path.mkdir()
        with pytest.raises(sqlite3.OperationalError, match="Is a directory"):
            store.put("q", "lost")
        path.rmdir()

        store.put("q", "kept")

        assert store.take("q").payload == "kept"

    def test_makes_nobody_wait_long_when_others_lock_it(self, path, store, monkeypatch):
        monkeypatch.setattr(broker_file, "BUSY_TIMEOUT", timedelta(seconds=0.2))
        store.open()
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()

        with pytest.raises(sqlite3.OperationalError) as raised:
            store.put("q", "late")

        assert broker_file.is_busy(raised.value)
        assert time.monotonic() - started < 1
        blocker.close()
        store.put("q", "in time")
        assert store.waiting("q") == 1
