"""The database backend: who may write next, and that the lock never outlives its holder."""

import fcntl
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import OperationalError, connections, transaction
from django.db.utils import IntegrityError

from hitl_site.sqlite import DEFAULT_OPTIONS
from hitl_site.sqlite.write_lock import NotInTime, lock_for

ROOT = Path(__file__).resolve().parents[3]
ALIAS = "queued"


@pytest.fixture
def is_free(database):
    """Whether the next writer, of whatever thread, would get its turn at once."""

    def is_free() -> bool:
        lock = lock_for(str(database))
        try:
            lock.acquire(timeout=0.05)
        except NotInTime:
            return False
        lock.release()
        return True

    return is_free


class TestATransaction:
    def test_holds_the_lock_from_its_beginning_to_its_commit(self, insert, is_free, writers):
        with transaction.atomic(using=ALIAS):
            assert not is_free()
            insert("ada")
            assert not is_free()

        assert is_free()
        assert writers() == ["ada"]

    def test_gives_the_lock_back_on_an_error(self, insert, is_free, writers):
        def fail():
            with transaction.atomic(using=ALIAS):
                insert("ada")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

        assert is_free()
        assert writers() == []

    def test_holds_it_once_for_all_its_savepoints(self, insert, is_free, writers):
        with transaction.atomic(using=ALIAS, durable=True):
            insert("outer")
            with transaction.atomic(using=ALIAS):
                insert("inner")
            assert not is_free()
            with pytest.raises(IntegrityError), transaction.atomic(using=ALIAS):
                insert(None)
            assert not is_free()

        assert is_free()
        assert writers() == ["outer", "inner"]

    def test_gives_it_back_when_the_commit_fails(self, database, is_free):
        def break_a_deferred_promise():
            with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
                cursor.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
                cursor.execute(
                    "CREATE TABLE child (parent_id INTEGER REFERENCES parent (id)"
                    " DEFERRABLE INITIALLY DEFERRED)"
                )
                cursor.execute("INSERT INTO child VALUES (1)")

        with pytest.raises(IntegrityError):
            break_a_deferred_promise()

        assert is_free()

    def test_gives_it_back_when_it_cannot_begin(self, database, is_free, monkeypatch):
        monkeypatch.setattr(connections[ALIAS], "transaction_mode", "NONSENSE")

        with pytest.raises(OperationalError), transaction.atomic(using=ALIAS):
            raise AssertionError("began")

        assert is_free()

    def test_gives_it_back_when_its_connection_is_closed(self, insert, is_free, writers):
        with transaction.atomic(using=ALIAS):
            insert("ada")
            connections[ALIAS].close()
            assert is_free()

        assert writers() == []

    def test_that_a_thread_left_open_ends_with_the_thread(self, insert, is_free, writers):
        def leave():
            transaction.atomic(using=ALIAS).__enter__()
            insert("ada")

        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()

        assert is_free()
        assert writers() == []

    def test_says_after_the_timeout_that_the_database_is_locked(self, database, monkeypatch):
        monkeypatch.setitem(connections[ALIAS].settings_dict["OPTIONS"], "timeout", 0.1)
        lock = lock_for(str(database))
        lock.acquire(timeout=1)

        with (
            pytest.raises(OperationalError, match=r"^database is locked: others were writing"),
            transaction.atomic(using=ALIAS),
        ):
            raise AssertionError("began")

        lock.release()
        with transaction.atomic(using=ALIAS):
            assert connections[ALIAS].in_atomic_block


class TestWhatDoesNotQueue:
    def test_reads_and_single_statements(self, database, insert, writers):
        lock = lock_for(str(database))
        lock.acquire(timeout=1)

        insert("ada")

        assert writers() == ["ada"]
        lock.release()

    @pytest.mark.parametrize("name", [":memory:", "file:shared?mode=memory&cache=shared"])
    def test_a_database_in_memory(self, database, name, tmp_path):
        connection = connections[ALIAS].copy(alias="memory")
        connection.settings_dict["NAME"] = name

        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

        assert connection.connection.in_transaction
        assert connection._write_lock is None
        connection.rollback()
        assert list(tmp_path.glob("*memory*")) == []

    def test_deferred_transactions(self, database):
        lock = lock_for(str(database))
        lock.acquire(timeout=1)
        connection = connections[ALIAS].copy(alias="deferred")
        connection.settings_dict["OPTIONS"]["transaction_mode"] = None

        connection.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)

        assert connection.connection.in_transaction
        connection.close()
        lock.release()


class TestManyWriters:
    def test_of_one_process_never_find_the_database_locked(self, database, writers):
        errors = []
        start = threading.Barrier(40)

        def read_then_write(name: str) -> None:
            start.wait()
            try:
                for _ in range(5):
                    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM line")
                        cursor.execute("INSERT INTO line (writer) VALUES (%s)", [name])
            except OperationalError as error:
                errors.append(error)
            finally:
                connections[ALIAS].close()

        threads = [threading.Thread(target=read_then_write, args=[str(n)]) for n in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []
        assert len(writers()) == 200

    def test_of_one_process_are_served_in_the_order_they_came(self, database, writers):
        lock = lock_for(str(database))
        lock.acquire(timeout=1)
        threads = []

        def write(name: str) -> None:
            with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
                cursor.execute("INSERT INTO line (writer) VALUES (%s)", [name])
            connections[ALIAS].close()

        for number in range(5):
            threads.append(threading.Thread(target=write, args=[str(number)]))
            threads[-1].start()
            _until(lambda expected=number + 1: len(lock._threads._waiting) == expected)
        lock.release()
        for thread in threads:
            thread.join()

        assert writers() == ["0", "1", "2", "3", "4"]

    def test_of_several_processes_all_get_their_turns(self, database, process, writers):
        names = ["ada", "ben", "cleo", "robin"]
        processes = [process(str(database), name, "2") for name in names]
        for each in processes:
            assert each.stdout.readline() == "ready\n"
        for each in processes:
            each.stdin.write("go\n")
            each.stdin.flush()

        results = [json.loads(each.stdout.readline()) for each in processes]

        commits = [result["commits"] for result in results]
        assert min(commits) > statistics.mean(commits) / 10
        assert max(result["worst_wait"] for result in results) < 1.5  # seconds; usually 0.02
        assert [writers().count(name) for name in names] == commits

    def test_outlive_a_killed_one(self, database, process, insert, is_free, writers):
        holder = process("--hold", str(database))
        assert holder.stdout.readline() == "holding\n"
        assert not is_free()

        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

        with transaction.atomic(using=ALIAS):
            insert("ada")
        assert writers() == ["ada"]

    def test_give_up_on_one_that_holds_on(self, database, process, is_free):
        holder = process("--hold", str(database))
        assert holder.stdout.readline() == "holding\n"
        lock, asked = lock_for(str(database)), time.monotonic()

        with pytest.raises(NotInTime):
            lock.acquire(timeout=0.2)

        assert 0.1 < time.monotonic() - asked < 5
        holder.kill()
        holder.wait()
        _until(is_free)

    def test_in_a_forked_child_leave_the_parents_lock_alone(self, database, insert):
        with transaction.atomic(using=ALIAS):
            insert("ada")
            child = os.fork()
            if child == 0:
                try:
                    connections[ALIAS]._stop_holding()
                except BaseException:
                    os._exit(1)
                os._exit(0)

            _, status = os.waitpid(child, 0)
            assert status == 0
            with open(f"{database}.lock") as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def test_outlive_a_killed_one_whose_child_lives_on(self, database, is_free):
        """The child is forked, not executed, so it has all its parent's descriptors."""
        script = f"""
import os, time
from hitl_site.sqlite.write_lock import lock_for
lock_for({str(database)!r}).acquire(timeout=5)
if os.fork() == 0:
    print("forked", flush=True)
time.sleep(60)
"""
        parent = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        assert parent.stdout.readline() == "forked\n"
        assert not is_free()

        parent.kill()
        parent.wait()

        assert is_free()
        os.killpg(parent.pid, signal.SIGKILL)
        parent.stdout.close()


class TestManagementCommands:
    def test_migrate_and_sqlmigrate_work(self, database):
        script = f"""
import django
from django.conf import settings
from django.core.management import call_command
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
    DATABASES={{"default": {{
        "ENGINE": "hitl_site.sqlite", "NAME": {str(database)!r}, "OPTIONS": {DEFAULT_OPTIONS!r},
    }}}},
)
django.setup()
call_command("migrate", verbosity=0)
call_command("sqlmigrate", "auth", "0001")
call_command("migrate", "auth", "zero", verbosity=0)
"""
        answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

        assert answer.returncode == 0, answer.stderr
        assert 'CREATE TABLE "auth_user"' in answer.stdout

    def test_the_default_options_reach_the_connection(self, database):
        with connections[ALIAS].cursor() as cursor:
            values = [
                cursor.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys", "journal_size_limit")
            ]

        assert values == ["wal", 2, 1, 64 * 1024 * 1024]
        assert connections[ALIAS].transaction_mode == "IMMEDIATE"


def _until(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)
