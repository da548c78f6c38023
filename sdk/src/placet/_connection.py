"""The only part that blocks."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

import httpx2

from . import _wire
from ._answers import Answer, NoAnswer
from ._calls import Call
from ._waiting import Clock, Flow, Pause

T = TypeVar("T")


class Connection:
    """Carries calls to one server, and blocks until they are answered."""

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None,
        timeout: timedelta,
        transport: httpx2.BaseTransport | None,
        clock: Clock,
    ) -> None:
        self.url = _wire.server_url(url)
        self._timeout_seconds = timeout.total_seconds()
        self._clock = clock
        self._http = httpx2.Client(
            base_url=self.url, headers=_wire.default_headers(api_key), transport=transport
        )

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it returns."""
        reply: Answer | NoAnswer | None = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                self._clock.sleep(step.seconds)
                reply = None
            else:
                reply = self._send(step.call)

    def close(self) -> None:
        self._http.close()

    def _send(self, call: Call) -> Answer | NoAnswer:
        request = _wire.request_of(call, timeout_seconds=self._timeout_seconds)
        try:
            return _wire.answer_of(self._http.request(**request))
        except httpx2.RequestError as failure:
            return _wire.no_answer(failure)
