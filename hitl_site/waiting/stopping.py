"""Hearing of a signal before the server does."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT)


class Forewarning:
    """
    Calls `callback` in the event loop when SIGTERM or SIGINT comes, then the server's handler.

    The end of the lifespan would be too late: servers close connections first, and wait
    for those who wait. Where no handler is installed, or outside the main thread, there
    is nothing to hear; whoever runs the server there drains by itself.
    """

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def install(self) -> None:
        for number in ENDING:
            handler = signal.getsignal(number)
            if not callable(handler):
                continue
            try:
                signal.signal(number, self._hear)
            except ValueError:
                return
            self._before[number] = handler

    def remove(self) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._hear:
                signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._callback)
        self._before[number](number, frame)
