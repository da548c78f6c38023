"""What `placet-server web`, `worker`, `beat` and `up` run. Each returns its exit code."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import uvicorn
from celery import Celery, beat, signals
from celery.utils.imports import symbol_by_name

from hitl_site.environment import whole_number
from hitl_site.http_heads import BoundedHeads
from hitl_site.supervisor import Supervisor, end_with_parent
from hitl_site.waiting.threads import THREAD_NAMES

logger = logging.getLogger(__name__)

CELERY_APP = "hitl_site.celery:app"
ENDING = (signal.SIGTERM, signal.SIGINT)


def run_web(
    host: str,
    port: int,
    *,
    application: Any = "hitl_site.asgi:application",
    trusted_proxies: Sequence[str] = (),
    drain_seconds: int = 10,
) -> int:
    """
    Serve until SIGTERM or SIGINT, then let requests finish.

    :param trusted_proxies: whose X-Forwarded-* headers count (addresses or networks)
    :param drain_seconds: for requests to finish; then they are cut off
    """
    end_with_parent()
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http=BoundedHeads,
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,  # Django's logging is ours.
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        # Longer than proxies keep an idle connection: they must be the ones to close it.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=drain_seconds,
    )
    # Once drained, uvicorn raises the signal again for whoever had a handler before.
    before = {number: signal.signal(number, _ignore) for number in ENDING}
    try:
        uvicorn.Server(config).run()
    except SystemExit:  # It has said why: the port is taken, the application doesn't start.
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _leave_stuck_threads_behind()
    return 0


def run_worker(*, with_beat: bool = False, app: Celery | str = CELERY_APP) -> int:
    """
    Run tasks, in PLACET_WORKER_THREADS threads, until SIGTERM; those in hand finish.

    :param with_beat: keep the schedule too, in a thread: 56 MB less than a process
    """
    end_with_parent()
    _leave_logging_alone()
    celery = _celery(app)
    worker = celery.Worker(
        pool="threads",
        concurrency=whole_number("PLACET_WORKER_THREADS", 4, lowest=1),
        hostname=f"worker-{os.getpid()}@{socket.gethostname()}",
        loglevel=logging.INFO,
        quiet=True,
        without_mingle=True,
        without_gossip=True,
    )
    schedule = _BeatThread(celery) if with_beat else None
    if schedule is not None:
        schedule.start()
    worker.start()
    if schedule is not None:
        schedule.stop()
    return worker.exitcode or 0


def run_beat(*, app: Celery | str = CELERY_APP) -> int:
    """Keep the schedule until SIGTERM."""
    end_with_parent()
    _leave_logging_alone()
    try:
        _celery(app).Beat(loglevel=logging.INFO, quiet=True).run()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def run_all(
    host: str,
    port: int,
    announce: Callable[[], None],
    *,
    commands: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """
    Run web, worker and beat as children of this process until SIGTERM or SIGINT.

    :param announce: called once the web answers at `host` and `port`
    :param commands: instead of the usual ones, by name
    """
    if objection := _objection_to(host, port):
        print(objection, file=sys.stderr)
        return 1
    supervisor = Supervisor(commands or usual_commands(host, port))
    return supervisor.run(is_ready=lambda: _answers(host, port), announce=announce)


def usual_commands(host: str, port: int) -> dict[str, list[str]]:
    """What `run_all` runs, by name."""
    server = [sys.executable, "-m", "hitl_site.command_line"]
    return {
        "web": [*server, "web", "--host", host, "--port", str(port)],
        "worker": [*server, "worker", "--with-beat"],
    }


class _BeatThread(threading.Thread):
    """
    Celery's beat inside the worker.

    Celery's own embedded one would end for good, and unnoticed, with the first error,
    and ignores `beat_scheduler`.
    """

    PAUSE_SECONDS = 5.0

    def __init__(self, app: Celery) -> None:
        super().__init__(name="beat", daemon=True)
        self._app = app
        self._is_stopping = threading.Event()
        self._service = self._new_service()

    def run(self) -> None:
        self._app.set_current()
        while not self._is_stopping.is_set():
            try:
                self._service.start()
            except Exception:
                logger.exception("Beat has failed; it starts again in a moment.")
                self._is_stopping.wait(self.PAUSE_SECONDS)
                self._service = self._new_service()

    def stop(self) -> None:
        self._is_stopping.set()
        self._service.stop()
        self.join(timeout=5)

    def _new_service(self) -> beat.Service:
        return beat.Service(
            self._app,
            max_interval=1,  # second; so that it stops soon
            scheduler_cls=self._app.conf.beat_scheduler,
            remote_control=False,
        )


def _celery(app: Celery | str) -> Celery:
    return symbol_by_name(app)


def _leave_logging_alone() -> None:
    # Celery sets up logging unless somebody else says that they do.
    signals.setup_logging.connect(_ignore, weak=False)


def _ignore(*_: Any, **__: Any) -> None:
    pass


def _leave_stuck_threads_behind(seconds: float = 2.0) -> None:
    """
    Leave at once if requests that were cut off still run: Python would wait for their threads.

    Their transactions are rolled back by the database.
    """
    end = time.monotonic() + seconds
    for thread in threading.enumerate():
        if thread.name.startswith(THREAD_NAMES):
            thread.join(max(end - time.monotonic(), 0))
            if thread.is_alive():
                logger.warning("A request did not end in time and is cut off.")
                logging.shutdown()
                os._exit(0)


def _objection_to(host: str, port: int) -> str | None:
    """Why nobody can listen at this address, or None."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            return None
    except OSError as error:
        return f"Cannot listen on {host}, port {port}: {os.strerror(error.errno or 0)}."


def _answers(host: str, port: int) -> bool:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
    try:
        with socket.create_connection((everywhere.get(host, host), port), timeout=1):
            return True
    except OSError:
        return False


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
