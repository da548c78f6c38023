"""The only part that awaits."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TypeVar

import httpx2

from . import _wire
from ._answers import Answer, NoAnswer
from ._calls import Call
from ._waiting import AsyncClock, Flow, Pause

T = TypeVar("T")


class AsyncConnection:
    """
    Carries calls to one server without blocking.

    Cancelled, it closes the connection of the call at hand and sends nothing more.
    """

    def __init__(
        self,
        url: str | None,
        *,
        api_key: str | None,
        timeout: timedelta,
        transport: httpx2.AsyncBaseTransport | None,
        clock: AsyncClock,
    ) -> None:
        self.url = _wire.server_url(url)
        self._timeout_seconds = timeout.total_seconds()
        self._clock = clock
        self._http = httpx2.AsyncClient(
            base_url=self.url, headers=_wire.default_headers(api_key), transport=transport
        )

    async def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it returns."""
        reply: Answer | NoAnswer | None = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            if isinstance(step, Pause):
                await self._clock.sleep(step.seconds)
                reply = None
            else:
                reply = await self._send(step.call)

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(self, call: Call) -> Answer | NoAnswer:
        request = _wire.request_of(call, timeout_seconds=self._timeout_seconds)
        try:
            return _wire.answer_of(await self._http.request(**request))
        except httpx2.RequestError as failure:
            return _wire.no_answer(failure)


class AwaitedTime:
    """The time of the machine, waited for without blocking the event loop."""

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float, /) -> None:
        await asyncio.sleep(seconds)
