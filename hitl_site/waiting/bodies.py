"""Reading request bodies in the event loop, so that a slow or huge one never holds a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]

# A body over the limit is read on and thrown away up to here: a client that is still
# sending when the connection closes never sees the answer.
DISCARDED_BYTES = 16 * 1024 * 1024


class Unreadable(Exception):
    """There will be no body, for one of the reasons below."""


class TooLarge(Unreadable):
    pass


class TooSlow(Unreadable):
    pass


class NoRoom(Unreadable):
    """All bodies together take as much memory as they may."""


class ClientLeft(Unreadable):
    """Nobody is there to be answered."""


class Bodies:
    """
    :param seconds: for the whole of a body to arrive
    :param most_bytes: of all bodies held at once
    """

    def __init__(self, *, seconds: float = 30.0, most_bytes: int = 128 * 1024 * 1024) -> None:
        self._seconds = seconds
        self._room = most_bytes

    async def read(self, scope: dict[str, Any], receive: Receive, *, limit: int) -> bytes:
        """
        The body. It counts as held until `forget`.

        :raises Unreadable: one of its kinds
        """
        headers = dict(scope["headers"])
        if _is_waiting_to_be_asked(headers) and _declared_length(headers) > limit:
            raise TooLarge
        try:
            async with asyncio.timeout(self._seconds):
                return await self._read(receive, limit=limit)
        except TimeoutError as error:
            raise TooSlow from error

    def forget(self, body: bytes) -> None:
        self._room += len(body)

    async def _read(self, receive: Receive, *, limit: int) -> bytes:
        parts: list[bytes] = []
        size, is_complete = 0, False
        try:
            while not is_complete and size <= limit:
                part, is_complete = await _next_part(receive)
                self._take_room(len(part))
                size += len(part)
                parts.append(part)
            if size > limit:
                parts.clear()
                await _discard(receive, is_complete=is_complete)
                raise TooLarge
        except BaseException:
            self._room += size
            raise
        return b"".join(parts)

    def _take_room(self, size: int) -> None:
        if size > self._room:
            raise NoRoom
        self._room -= size


async def _discard(receive: Receive, *, is_complete: bool) -> None:
    size = 0
    while not is_complete and size < DISCARDED_BYTES:
        part, is_complete = await _next_part(receive)
        size += len(part)


async def _next_part(receive: Receive) -> tuple[bytes, bool]:
    """The next bytes, and whether they are the last."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return message.get("body", b""), not message.get("more_body", False)


def _is_waiting_to_be_asked(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"expect", b"").lower() == b"100-continue"


def _declared_length(headers: dict[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() else 0
