"""A command in our place: its signals reach it, its end is ours."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as a shell has it


@dataclass(frozen=True)
class Ended:
    """
    :ivar code: the exit code; 128 and the signal's number where one ended it
    :ivar how: that in words
    :ivar complaint: why it could not be started; empty where it could
    """

    code: int
    how: str
    complaint: str = ""


def run(argv: Sequence[str]) -> Ended:
    """Run it to its end, with our files and our environment, without a shell."""
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        early.append(number)
        for process in started:
            process.send_signal(early.pop())

    # A keyboard interrupt reaches the command by itself; what it means is for it to say.
    handlers = {**dict.fromkeys(ENDING, pass_on), signal.SIGINT: lambda number, frame: None}
    with handling(handlers):
        try:
            process = subprocess.Popen(argv)
        except (FileNotFoundError, ValueError) as error:  # a word may hold a NUL
            return Ended(NOT_FOUND, type(error).__name__, f"{argv[0]}: {error}")
        except OSError as error:
            return Ended(NOT_EXECUTABLE, type(error).__name__, f"{argv[0]}: {error}")
        started.append(process)
        for number in early:
            process.send_signal(number)
        code = process.wait()
    return Ended(128 - code, f"signal {-code}") if code < 0 else Ended(code, f"exit code {code}")


@contextmanager
def handling(
    handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]],
) -> Iterator[None]:
    """Within the block these signals are handled so."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
