"""Bounds on the head of a request, which uvicorn reads without any."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Of a head that comes in pieces some bytes are counted twice, so half of it is always allowed.
HEAD_BYTES = 64 * 1024
HEADER_OVERHEAD = 32  # bytes that each header counts beside its own, as in HTTP/2
HEAD_SECONDS = 30.0


class HeadTooLarge(ValueError):
    """Raised inside the parser, which makes it a malformed request."""


class BoundedHeads(HttpToolsProtocol):
    """
    uvicorn's HTTP/1.1, which gives up on a head that is too large or too slow.

    Trailers are dropped: uvicorn adds them to the headers, so they could pass for some
    that a proxy has checked.
    """

    # Beside the instance's dictionary, which would grow by a kilobyte: thousands may be open.
    __slots__ = ("_clock", "_head_bytes")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._clock: asyncio.TimerHandle | None = None  # runs while a head is awaited
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._clock is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._clock is None:
            return  # a trailer
        self._head_bytes += len(name) + len(value) + HEADER_OVERHEAD
        if self._head_bytes > HEAD_BYTES:
            raise HeadTooLarge
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._end_head()
        self._head_bytes = 0
        self._clock = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _end_head(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
