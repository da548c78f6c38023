"""
Asking Django again for those who waited, without starving everyone else.

A decision on a thousand things wakes a thousand at once, and a thousand separate
requests take Django seconds. Where Django's header names a place that answers for many,

    "together": {"path": "/api/v1/…", "key": "<id>"}

those who wait with the very same headers (so with the same rights) are asked for in one
request: `POST path` with `{"keys": [...]}`, answered 200 with

    {"answers": {"<key>": {"status": 200, "headers": {"ETag": "…"}, "body": "…"}}}

Each is what a GET of that one would say, X-Placet-Wait included while there is nothing
to tell; `body` is text. A key that is missing there, or a place that answers anything
but 200, costs only the advantage: the request is then made by itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from hitl_site.waiting.hub import Hub
from hitl_site.waiting.threads import Answer, Headers, Threads

logger = logging.getLogger(__name__)

# Tells Django that the client has asked before: no throttling, no line in the log.
WAITED = (b"x-placet-waited", b"1")

MOST_TOGETHER = 100

BELONG_TO_THE_FIRST = {
    b"prefer",
    b"expect",
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"transfer-encoding",
    b"idempotency-key",
}
CONDITIONS = {b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since"}
# These name one request; they don't change what may be seen.
NAMES = {b"x-request-id", b"traceparent", b"tracestate"}


class Stopping(Exception):
    """The server stops and there is no time left to ask again."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    :param path: what to GET, as reverse() gives it
    :param together: the place that answers for many, and our key there
    """

    path: str
    together: tuple[str, str] | None = None


class AskingAgain:
    """
    :param lanes: how many requests at once
    :param drain_seconds: once the hub drains, so long may still be asked
    """

    def __init__(self, threads: Threads, hub: Hub, *, lanes: int, drain_seconds: float) -> None:
        self._threads = threads
        self._hub = hub
        self._drain_seconds = drain_seconds
        self._drained_by: float | None = None  # by the loop's clock
        self.lanes = asyncio.Semaphore(lanes)
        self._crowds: dict[Any, _Crowd] = {}

    async def ask(self, scope: dict[str, Any], question: Question) -> Answer:
        """
        What Django has to say to the client of `scope` now.

        :raises Stopping:
        """
        headers = _later_headers(scope)
        if question.together is None or any(name in CONDITIONS for name, _ in headers):
            return await self._ask_alone(scope, headers=headers, path=question.path)
        place, key = question.together
        crowd = self._crowd(scope, headers=headers, place=place)
        return await crowd.ask(key) or await self._ask_alone(
            scope, headers=headers, path=question.path
        )

    async def _ask_alone(self, scope: dict[str, Any], *, headers: Headers, path: str) -> Answer:
        async with self.lanes:
            self._check_time()
            return await self._threads.ask(
                _request(scope, method="GET", path=path, headers=headers), b""
            )

    def _crowd(self, scope: dict[str, Any], *, headers: Headers, place: str) -> _Crowd:
        client = scope.get("client") or ("",)
        same = tuple(header for header in headers if header[0] not in NAMES)
        name = (place, client[0], same)
        if name not in self._crowds:
            crowd = _Crowd(self, scope=scope, headers=headers, place=place)
            self._crowds[name] = crowd
            crowd.start(when_done=lambda: self._crowds.pop(name))
        return self._crowds[name]

    async def ask_together(
        self, keys: list[str], *, scope: dict[str, Any], headers: Headers, place: str
    ) -> dict[str, Answer]:
        self._check_time()
        body = json.dumps({"keys": keys}).encode()
        framing = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        request = _request(scope, method="POST", path=place, headers=[*headers, *framing])
        answer = await (await self._threads.ask(request, body)).collected()
        if answer.status != 200:
            return {}
        return {key: _parse(said) for key, said in json.loads(answer.body)["answers"].items()}

    def _check_time(self) -> None:
        if not self._hub.is_draining:
            return
        now = asyncio.get_running_loop().time()
        if self._drained_by is None:
            self._drained_by = now + self._drain_seconds
        if now > self._drained_by:
            raise Stopping


class _Crowd:
    """Those who wait with the same headers, while some of them are being asked for."""

    def __init__(
        self, asking: AskingAgain, *, scope: dict[str, Any], headers: Headers, place: str
    ) -> None:
        self._asking = asking
        self._about: dict[str, Any] = {"scope": scope, "headers": headers, "place": place}
        self._waiting: dict[str, list[asyncio.Future[Answer | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self, *, when_done: Callable[[], object]) -> None:
        self._task = asyncio.ensure_future(self._work(when_done))

    async def ask(self, key: str) -> Answer | None:
        """The answer for `key`, or None if it has to be asked for by itself."""
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(future)
        return await future

    async def _work(self, when_done: Callable[[], object]) -> None:
        async with self._asking.lanes:
            while self._waiting:
                keys = list(self._waiting)[:MOST_TOGETHER]
                futures = {key: self._waiting.pop(key) for key in keys}
                await self._answer(futures)
            # Before anything else runs: who comes now must find a crowd that still works.
            when_done()

    async def _answer(self, futures: dict[str, list[asyncio.Future[Answer | None]]]) -> None:
        answers: dict[str, Answer] = {}
        error: Stopping | None = None
        try:
            if sum(map(len, futures.values())) > 1:
                answers = await self._asking.ask_together(list(futures), **self._about)
        except Stopping as caught:
            error = caught
        except Exception:
            logger.exception("Asking for many at once has failed; each is asked for by itself.")
        for key, waiting in futures.items():
            for future in waiting:
                if future.done():
                    continue
                if error is None:
                    future.set_result(answers.get(key))
                else:
                    future.set_exception(error)


def _request(scope: dict[str, Any], *, method: str, path: str, headers: Headers) -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        **scope,
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": headers,
    }


def _later_headers(scope: dict[str, Any]) -> Headers:
    is_read = scope["method"] in ("GET", "HEAD")
    left_out = BELONG_TO_THE_FIRST if is_read else BELONG_TO_THE_FIRST | CONDITIONS
    return [*(header for header in scope["headers"] if header[0] not in left_out), WAITED]


def _parse(said: dict[str, Any]) -> Answer:
    headers = [
        (name.lower().encode("latin1"), value.encode("latin1"))
        for name, value in said.get("headers", {}).items()
    ]
    return Answer(said["status"], headers, said["body"].encode())
