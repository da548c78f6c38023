import asyncio
import subprocess
import sys
import threading

import pytest

from placet.adapters.langgraph import FileLocks, ProcessLocks
from placet.adapters.langgraph._locks import held, held_without_blocking


@pytest.fixture(params=["process", "file"])
def locks(request, tmp_path):
    return ProcessLocks() if request.param == "process" else FileLocks(tmp_path)


def test_one_at_a_time_holds_the_lock_of_a_thread(locks):
    with held(locks.of("t")):
        assert not locks.of("t").acquire(blocking=False)
        other = locks.of("u")
        assert other.acquire(blocking=False)
        other.release()

    assert locks.of("t").acquire(blocking=False)


def test_who_waits_gets_it_when_it_is_let_go(locks):
    order = []

    def wait():
        with held(locks.of("t")):
            order.append("second")

    with held(locks.of("t")):
        waiting = threading.Thread(target=wait)
        waiting.start()
        order.append("first")
    waiting.join(timeout=10)

    assert order == ["first", "second"]


def test_waiting_does_not_block_the_event_loop(locks):
    async def both():
        async with held_without_blocking(locks.of("t")):
            waiting = asyncio.create_task(take())
            await asyncio.sleep(0.2)
            assert not waiting.done()
        return await asyncio.wait_for(waiting, timeout=10)

    async def take():
        async with held_without_blocking(locks.of("t")):
            return "got it"

    assert asyncio.run(both()) == "got it"


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    program = """
import os, signal, sys
from placet.adapters.langgraph import FileLocks
lock = FileLocks(sys.argv[1]).of("t")
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert not FileLocks(tmp_path).of("t").acquire(blocking=False)
        holder.kill()

    lock = FileLocks(tmp_path).of("t")
    assert lock.acquire(blocking=False)
    lock.release()


def test_a_lock_that_is_not_held_is_not_let_go(tmp_path):
    with pytest.raises(RuntimeError):
        FileLocks(tmp_path).of("t").release()
