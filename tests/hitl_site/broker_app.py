"""A tiny Celery application on the embedded broker, for workers started by the tests."""

import os
import signal
import time
from pathlib import Path

from celery import Celery

from hitl_site.sqlite_broker import broker_settings

DIRECTORY = Path(os.environ["BROKER_TEST_DIRECTORY"])

app = Celery("broker_test", set_as_current=False)
app.conf.update(broker_settings(DIRECTORY / "broker.sqlite3"))
if limit := os.environ.get("BROKER_TEST_DELIVERY_LIMIT"):
    app.conf.broker_transport_options["delivery_limit"] = int(limit)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_ignore_result=True,
    accept_content=["json"],
)


def write_down(line: str) -> None:
    """One short append is one write, so lines of several processes don't mix."""
    with open(DIRECTORY / "done.log", "a", encoding="utf-8") as log:
        log.write(f"{line}\n")


@app.task
def note(name: str, seconds: float = 0) -> None:
    write_down(f"started {name} {os.getpid()}")
    time.sleep(seconds)
    write_down(f"finished {name} {os.getpid()}")


@app.task
def kill_the_worker() -> None:
    write_down("started poison 0")
    os.kill(os.getpid(), signal.SIGKILL)
