"""
One parent for several parts: starts them, restarts what crashes, and ends with them.

A part notices the end of its parent, even by `kill -9`, because the pipe between them
breaks: it calls `end_with_parent()` when it starts.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

# The descriptor of the pipe, in a part's environment.
PIPE_VARIABLE = "PLACET_PARENT_PIPE"
TICK_SECONDS = 0.1


class Supervisor:
    """
    :param commands: what to run, by name
    :param stop_seconds: for a part to end after SIGTERM; then it is killed
    :param tries: give up when a part has ended so often in a row within `settled_seconds`
    :param backoff: seconds before the first restart; doubled for each further one
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        stop_seconds: float = 15.0,
        tries: int = 5,
        settled_seconds: float = 10.0,
        backoff: float = 0.5,
    ) -> None:
        self._stop_seconds = stop_seconds
        self._tries = tries
        self._read_end, self._write_end = os.pipe()
        self._parts = [
            _Part(name, command, settled_seconds=settled_seconds, backoff=backoff)
            for name, command in commands.items()
        ]
        self._is_stopping = False

    def run(self, *, is_ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """
        Run the parts until SIGTERM or SIGINT; return the exit code: 0, or 1 after giving up.

        :param announce: called once, as soon as `is_ready`
        """
        before = {
            number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            return self._look_after(is_ready=is_ready, announce=announce)
        finally:
            self._end_all()
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._read_end)
            os.close(self._write_end)

    def _look_after(self, *, is_ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        is_announced = False
        while not self._is_stopping:
            for part in self._parts:
                part.keep_running(self._read_end)
                if part.failures >= self._tries:
                    print(f"{part.name} does not start. Giving up.", file=sys.stderr)
                    return 1
            if not is_announced and is_ready():
                announce()
                is_announced = True
            time.sleep(TICK_SECONDS)
        return 0

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self._is_stopping and number == signal.SIGINT:
            self._stop_seconds = 0.0  # Ctrl-C twice: now.
        self._is_stopping = True

    def _end_all(self) -> None:
        self._is_stopping = True
        for part in self._parts:
            part.signal(signal.SIGTERM)
        asked_at = time.monotonic()
        while any(part.is_running for part in self._parts):
            if time.monotonic() > asked_at + self._stop_seconds:
                for part in self._parts:
                    part.signal(signal.SIGKILL)
            time.sleep(TICK_SECONDS / 5)


class _Part:
    def __init__(
        self, name: str, command: Sequence[str], *, settled_seconds: float, backoff: float
    ) -> None:
        self.name = name
        self.failures = 0
        self._command = command
        self._settled_seconds = settled_seconds
        self._backoff = backoff
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = self._start_at = 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def keep_running(self, pipe: int) -> None:
        if self.is_running:
            return
        now = time.monotonic()
        if self._process is not None:
            self._note_end(self._process.returncode, now=now)
        if now >= self._start_at:
            self._start(pipe)

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(number)

    def _note_end(self, code: int, *, now: float) -> None:
        self._process = None
        has_settled = now - self._started_at > self._settled_seconds
        self.failures = 1 if has_settled else self.failures + 1
        self._start_at = now + self._backoff * 2 ** (self.failures - 1)
        print(f"{self.name} has ended ({_in_words(code)}); starting it again.", file=sys.stderr)

    def _start(self, pipe: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603  (our own commands)
            self._command,
            env={**os.environ, PIPE_VARIABLE: str(pipe)},
            pass_fds=[pipe],
            # Ctrl-C reaches the parent alone, which then asks the parts to end.
            start_new_session=True,
        )
        self._started_at = time.monotonic()


def end_with_parent(*, stop_seconds: float = 15.0) -> None:
    """
    From now on, end when the supervisor that started this process has ended.

    Without a supervisor nothing happens. Ending is SIGTERM first, and after
    `stop_seconds` for good.
    """
    pipe = os.environ.pop(PIPE_VARIABLE, None)
    if pipe is None:
        return

    def watch() -> None:
        os.read(int(pipe), 1)  # Nobody writes: this returns when the other end closes.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(stop_seconds)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _in_words(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
