from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import httpx2

from . import _waiting, _wire
from ._answers import Answer, NoAnswer
from ._calls import Call

T = TypeVar("T")


class Connection:
    """
    Carries calls to one server, and blocks until they are answered.

    The only part that does I/O. What to send, when to pause and what an answer means is
    decided elsewhere, so an awaiting connection is this file again and nothing more.
    """

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None,
        timeout: timedelta,
        retry_for: timedelta,
        transport: httpx2.BaseTransport | None,
        clock: _waiting.Clock,
    ) -> None:
        self.url = _wire.server_url(url)
        self._timeout_seconds = timeout.total_seconds()
        self._retry_for_seconds = retry_for.total_seconds()
        self._clock = clock
        self._http = httpx2.Client(
            base_url=self.url, headers=_wire.default_headers(api_key), transport=transport
        )

    def exchange(self, call: Call) -> Any:
        """The JSON that answers `call`; see `_waiting.exchange`."""
        deadline = self._clock.monotonic() + self._retry_for_seconds
        return self._run(
            _waiting.exchange(
                call, deadline=deadline, clock=self._clock, backoff=_waiting.Backoff()
            )
        )

    def poll(
        self, look: Callable[[int], Call], *, done: Callable[[Any], bool], timeout: timedelta
    ) -> Any:
        """The JSON of the last look; see `_waiting.poll`."""
        deadline = self._clock.monotonic() + timeout.total_seconds()
        return self._run(
            _waiting.poll(
                look, done=done, deadline=deadline, clock=self._clock, backoff=_waiting.Backoff()
            )
        )

    def close(self) -> None:
        self._http.close()

    def _run(self, flow: _waiting.Flow[T]) -> T:
        """Do what the flow asks for until it returns."""
        reply: Answer | NoAnswer | None = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, _waiting.Pause):
                self._clock.sleep(step.seconds)
                reply = None
            else:
                reply = self._send(step.call)

    def _send(self, call: Call) -> Answer | NoAnswer:
        request = _wire.request_of(call, timeout_seconds=self._timeout_seconds)
        try:
            return _wire.answer_of(self._http.request(**request))
        except httpx2.RequestError as failure:
            return _wire.no_answer(failure)
