"""
Django, called in a few threads that never change, so that each keeps its database connection.

a2wsgi makes the WSGI environment. Its caller is not used: it crosses between thread and
event loop four times for a request (0.25 ms of CPU, a fifth to a third of the throughput),
and its thread is lost for good when the client's task is cancelled.
"""

from __future__ import annotations

import asyncio
import contextvars
import io
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from a2wsgi.wsgi import build_environ

Headers = list[tuple[bytes, bytes]]

THREAD_NAMES = "django"

# A body up to this size is collected in the thread; the rest of a longer one is streamed.
COLLECTED_BYTES = 256 * 1024
# Crossing from thread to event loop takes long, so it's done for blocks of this size.
STREAMED_BYTES = 64 * 1024
BLOCKS_AHEAD = 4


class ClientGone(Exception):
    """Raised in the thread: nobody reads the answer any more."""


@dataclass(slots=True)
class Answer:
    """What Django said. `rest` follows `body` when the body is long."""

    status: int
    headers: Headers
    body: bytes
    rest: Rest | None = None

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key == name), None)

    async def collected(self) -> Answer:
        """The same with all of its body, so that no thread waits for it to be read."""
        if self.rest is None:
            return self
        body = self.body + b"".join([chunk async for chunk in self.rest])
        return Answer(self.status, self.headers, body)

    def close(self) -> None:
        """It won't be read."""
        if self.rest is not None:
            self.rest.close()


class Threads:
    def __init__(self, application: Callable[..., Iterable[bytes]], *, workers: int) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=THREAD_NAMES)

    async def ask(self, scope: dict[str, Any], body: bytes) -> Answer:
        """
        Django's answer to the request.

        Whoever gets an answer with a `rest` must read it or close() it: a thread waits.
        """
        loop = asyncio.get_running_loop()
        # Typed for a2wsgi's own body; WSGI asks for no more than a file.
        environ = build_environ(cast(Any, scope), cast(Any, io.BytesIO(body)))
        call = _Call(self._application, {**environ, "wsgi.errors": sys.stderr}, loop)
        self._pool.submit(contextvars.copy_context().run, call.run)
        return await call.answer

    def close(self) -> None:
        """Take no more; don't wait for what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class Rest:
    """The later chunks of a long body: made in a thread, read in the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._chunks: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(BLOCKS_AHEAD)
        self._is_closed = False

    def put(self, chunk: bytes | BaseException | None) -> None:
        """
        In the thread. None ends the body, an error breaks it off.

        :raises ClientGone:
        """
        asyncio.run_coroutine_threadsafe(self._put(chunk), self._loop).result()

    async def _put(self, chunk: bytes | BaseException | None) -> None:
        if self._is_closed:
            raise ClientGone
        await self._chunks.put(chunk)
        if self._is_closed:
            raise ClientGone

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        """In the event loop: let the thread go, whether or not it has finished."""
        self._is_closed = True
        while not self._chunks.empty():
            self._chunks.get_nowait()


class _Call:
    """One request, run once in a thread; `answer` is a future of the event loop."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._application = application
        self._environ = environ
        self._loop = loop
        self._status = 0
        self._headers: Headers = []
        self.answer: asyncio.Future[Answer] = loop.create_future()

    def run(self) -> None:
        try:
            self._answer()
        except ClientGone:
            pass
        except BaseException as error:
            _in_loop(self._loop, _fail, self.answer, error)

    def _answer(self) -> None:
        iterable = self._application(self._environ, self._start_response)
        try:
            chunks = iter(iterable)
            body = _collect(chunks, at_least=COLLECTED_BYTES)
            if len(body) < COLLECTED_BYTES:
                self._deliver(Answer(self._status, self._headers, body))
                return
            rest = Rest(self._loop)
            self._deliver(Answer(self._status, self._headers, body, rest))
            _stream(chunks, rest)
        finally:
            close = getattr(iterable, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> None:
        self._status = int(status[:3])
        self._headers = [
            (name.strip().lower().encode("latin1"), value.strip().encode("latin1"))
            for name, value in headers
        ]

    def _deliver(self, answer: Answer) -> None:
        _in_loop(self._loop, _settle, self.answer, answer)


def _collect(chunks: Iterator[bytes], *, at_least: int) -> bytes:
    """The next `at_least` bytes, or all that is left; each chunk is taken whole."""
    collected, size = [], 0
    for chunk in chunks:
        collected.append(chunk)
        size += len(chunk)
        if size >= at_least:
            break
    return b"".join(collected)


def _stream(chunks: Iterator[bytes], rest: Rest) -> None:
    try:
        while block := _collect(chunks, at_least=STREAMED_BYTES):
            rest.put(block)
    except ClientGone:
        raise
    except BaseException as error:
        rest.put(error)
        return
    rest.put(None)


def _in_loop(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: Any) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        pass  # The loop has been closed: the server stopped without waiting for us.


def _settle(future: asyncio.Future[Answer], answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
    else:
        answer.close()


def _fail(future: asyncio.Future[Answer], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
