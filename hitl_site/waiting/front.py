"""The ASGI application: reads the request, asks Django, and sends, holds or streams the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

from hitl_site.waiting import problems
from hitl_site.waiting.answering import STREAM, WAIT, Send, send_answer
from hitl_site.waiting.asking_again import AskingAgain
from hitl_site.waiting.bodies import (
    Bodies,
    ClientLeft,
    NoRoom,
    Receive,
    TooLarge,
    TooSlow,
    Unreadable,
)
from hitl_site.waiting.buses import Bus
from hitl_site.waiting.hub import Hub
from hitl_site.waiting.long_polls import hold
from hitl_site.waiting.problems import API_PREFIX, Problem
from hitl_site.waiting.stopping import Forewarning
from hitl_site.waiting.streams import run_stream
from hitl_site.waiting.threads import Answer, Headers, Threads

logger = logging.getLogger(__name__)

INTERNAL_PREFIX = b"x-placet-"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
REASONS = {TooLarge: problems.TOO_LARGE, TooSlow: problems.TOO_SLOW, NoRoom: problems.BUSY}


class Front:
    """
    :param django: the WSGI application
    :param workers: threads in which Django answers
    :param queue: requests that may wait for a thread; more are answered 503
    :param api_body_bytes: limit of a body under /api/; `body_bytes` elsewhere
    :param drain_seconds: how long after SIGTERM those who wait get Django's answer; then
        they are told to ask again
    """

    def __init__(
        self,
        django: Callable[..., Iterable[bytes]],
        bus: Bus,
        *,
        workers: int = 6,
        queue: int = 5_000,
        api_body_bytes: int = 262_144,
        body_bytes: int = 5 * 1024 * 1024,
        drain_seconds: float = 5.0,
        bodies: Bodies | None = None,
        hub: Hub | None = None,
    ) -> None:
        self.hub = Hub() if hub is None else hub
        self._bus = bus
        self._bodies = bodies or Bodies()
        self._threads = Threads(django, workers=workers)
        self._most_inside = workers + queue
        self._inside = 0
        # A thousand who are woken, or come back, at once leave two threads to everyone else.
        self._again = AskingAgain(
            self._threads, self.hub, lanes=max(1, workers - 2), drain_seconds=drain_seconds
        )
        self._api_body_bytes = api_body_bytes
        self._body_bytes = body_bytes
        self._listener: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = _from_outside(scope["headers"])
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def drain(self) -> None:
        """Answer everyone who waits, now; nobody waits from here on."""
        self.hub.drain()

    async def _http(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        position = self.hub.position
        try:
            answer = await self._first_answer(scope, receive)
        except ClientLeft:
            return
        if answer.header(STREAM):
            self._listen()
            await run_stream(scope, receive, send, answer, hub=self.hub)
            return
        if not answer.header(WAIT):
            await send_answer(answer, send)
            return
        self._listen()
        held = hold(scope, receive, answer, position=position, hub=self.hub, again=self._again)
        del answer
        if final := await held:
            await send_answer(final, send)

    async def _first_answer(self, scope: dict[str, Any], receive: Receive) -> Answer:
        if objection := _objection_to_address(scope):
            return objection.answer(scope)
        is_api = scope["path"].startswith(API_PREFIX)
        limit = self._api_body_bytes if is_api else self._body_bytes
        try:
            body = await self._bodies.read(scope, receive, limit=limit)
        except ClientLeft:
            raise
        except Unreadable as reason:
            return REASONS[type(reason)].answer(scope)
        try:
            return await self._ask(scope, body)
        finally:
            self._bodies.forget(body)

    async def _ask(self, scope: dict[str, Any], body: bytes) -> Answer:
        if self._inside >= self._most_inside:
            return problems.BUSY.answer(scope)
        self._inside += 1
        try:
            async with self._again.lanes if _may_wait(scope) else nullcontext():
                return await self._threads.ask(_with_length(scope, len(body)), body)
        finally:
            self._inside -= 1
            if len(self.hub) and scope["method"] not in SAFE_METHODS:
                self._bus.nudge()

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = asyncio.ensure_future(self._keep_listening())

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._bus.run(self.hub)
            except Exception:
                logger.exception("The listener has failed; it starts again in a moment.")
                await asyncio.sleep(1)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._listen()
        forewarning = Forewarning(self.drain)
        forewarning.install()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        forewarning.remove()
        self.drain()
        if self._listener is not None:
            self._listener.cancel()
        self._threads.close()
        await send({"type": "lifespan.shutdown.complete"})


def _from_outside(headers: Headers) -> Headers:
    """
    The client's headers as they may reach Django.

    Without our internal ones, and without any name that has an underscore: WSGI can't
    tell it from a dash, so it could pass for one of ours, or for a trusted proxy's.
    """
    return [
        (name, value)
        for name, value in headers
        if b"_" not in name and not name.startswith(INTERNAL_PREFIX)
    ]


def _objection_to_address(scope: dict[str, Any]) -> Problem | None:
    """WSGI can't carry the one, and PostgreSQL no text with the other."""
    if not scope["query_string"].isascii():
        return problems.NOT_ESCAPED
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        return problems.NUL_IN_ADDRESS
    return None


def _may_wait(scope: dict[str, Any]) -> bool:
    """Whether the client says so; it is Django that knows."""
    prefer = next((value for name, value in scope["headers"] if name == b"prefer"), b"")
    return b"wait=" in prefer or b"wait=" in scope["query_string"]


def _with_length(scope: dict[str, Any], length: int) -> dict[str, Any]:
    """The body has been read: however it came, it has a length now."""
    framing = {b"content-length", b"transfer-encoding"}
    headers = [(name, value) for name, value in scope["headers"] if name not in framing]
    if length:
        headers.append((b"content-length", str(length).encode()))
    return {**scope, "headers": headers}
