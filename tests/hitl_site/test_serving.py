"""What the commands run: a worker that finishes its task, a schedule, and all of it together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PLACET_IGNORE_DOTENV": "1"}
ENVIRONMENT.pop("DJANGO_SETTINGS_MODULE", None)  # Celery would set Django up.

APP = """
import logging, pathlib, sys, threading, time
from celery import Celery
from hitl_site import serving
from hitl_site.sqlite_broker import broker_settings

logging.basicConfig(level="INFO", format="our own format: %(message)s")
here = pathlib.Path(sys.argv[1])
app = Celery("stand_in")
app.conf.update(
    **broker_settings(here / "broker.sqlite3"),
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={"often": {"task": "mark", "schedule": 0.2}},
)

def note(text):
    with (here / "notes").open("a") as file:
        file.write(text + "\\n")

@app.task(name="mark")
def mark():
    note(f"marked in {threading.current_thread().name}")

@app.task(name="take_long")
def take_long():
    note("began")
    time.sleep(0.7)
    note("finished")
"""


@pytest.fixture
def celery(tmp_path):
    """Run a line of Python after APP, in a process of its own."""
    started = []

    def celery(line: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", APP + line, str(tmp_path)],
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        started.append(process)
        return process

    yield celery
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def notes(tmp_path):
    def notes() -> list[str]:
        path = tmp_path / "notes"
        return path.read_text().splitlines() if path.exists() else []

    return notes


def until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


class TestTheWorker:
    def test_finishes_the_task_in_hand_when_it_is_asked_to_end(self, celery, notes):
        assert celery("take_long.delay()").wait(timeout=20) == 0
        worker = celery("sys.exit(serving.run_worker(app=app))")
        until(lambda: "began" in notes())

        worker.send_signal(signal.SIGTERM)

        assert worker.wait(timeout=20) == 0
        assert notes() == ["began", "finished"]

    def test_keeps_the_schedule_too_in_a_thread_if_told_so(self, celery, notes):
        worker = celery("sys.exit(serving.run_worker(app=app, with_beat=True))")

        until(lambda: len(notes()) >= 2)

        assert not Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=20) == 0

    def test_keeps_the_schedule_when_it_has_failed_once(self, celery, notes):
        worker = celery(
            """
from celery.beat import Scheduler
serving._BeatThread.PAUSE_SECONDS = 0.05
class FailsOnce(Scheduler):
    has_failed = False
    def tick(self, *args, **kwargs):
        if not FailsOnce.has_failed:
            FailsOnce.has_failed = True
            raise OSError("the disk is full")
        return super().tick(*args, **kwargs)
app.conf.beat_scheduler = FailsOnce
sys.exit(serving.run_worker(app=app, with_beat=True))
"""
        )

        until(lambda: len(notes()) >= 1)

        worker.send_signal(signal.SIGTERM)
        assert "the disk is full" in worker.communicate(timeout=20)[1]

    def test_logs_as_the_site_does(self, celery, notes):
        worker = celery("sys.exit(serving.run_worker(app=app, with_beat=True))")
        until(lambda: len(notes()) >= 1)
        worker.send_signal(signal.SIGTERM)

        lines = worker.communicate(timeout=20)[1].splitlines()

        assert any(line.startswith("our own format: Task mark") for line in lines)


class TestBeat:
    def test_sends_what_is_due_until_it_is_asked_to_end(self, celery, notes):
        beat = celery("sys.exit(serving.run_beat(app=app))")
        celery("sys.exit(serving.run_worker(app=app))")
        until(lambda: len(notes()) >= 2)

        beat.send_signal(signal.SIGTERM)

        assert beat.wait(timeout=20) == 0


class TestAllTogether:
    WEB = """
import socket, sys, time
from hitl_site.supervisor import end_with_parent
end_with_parent()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
time.sleep(60)
"""

    @pytest.fixture
    def port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            return free.getsockname()[1]

    def up(self, port: int) -> subprocess.Popen:
        code = f"""
import sys
from hitl_site import serving
commands = {{"web": [sys.executable, "-c", {self.WEB!r}, "{port}"]}}
announce = lambda: print("it is up", flush=True)
sys.exit(serving.run_all("127.0.0.1", {port}, announce, commands=commands))
"""
        return subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )

    def test_is_announced_when_the_web_answers(self, port):
        process = self.up(port)

        assert process.stdout.readline() == "it is up\n"

        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        process.communicate()

    def test_says_so_when_somebody_else_has_the_port(self, port):
        with socket.create_server(("127.0.0.1", port)):
            out, complaint = self.up(port).communicate(timeout=20)

        assert out == ""
        assert complaint == f"Cannot listen on 127.0.0.1, port {port}: Address already in use.\n"

    def test_runs_the_web_and_a_worker_with_the_schedule(self):
        code = """
from hitl_site import serving
for name, command in serving.usual_commands("::1", 8123).items():
    print(name, *command[1:])
"""
        answer = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT
        )

        assert answer.stdout.splitlines() == [
            "web -m hitl_site.command_line web --host ::1 --port 8123",
            "worker -m hitl_site.command_line worker --with-beat",
        ]
