"""Sending an answer to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from hitl_site.waiting.threads import Answer, Headers

Send = Callable[[dict[str, Any]], Awaitable[None]]

# What Django asks of the front; nobody outside is told.
WAIT, STREAM = b"x-placet-wait", b"x-placet-stream"
WITHOUT_A_BODY = {204, 304}
# A client that takes no byte for so long is given up.
STALLED_SECONDS = 30.0


async def send_answer(answer: Answer, send: Send) -> None:
    try:
        await send(_start(answer.status, _headers(answer)))
        if answer.rest is None:
            await send({"type": "http.response.body", "body": answer.body})
            return
        await send_chunk(answer.body, send)
        async for chunk in answer.rest:
            await send_chunk(chunk, send)
        await send({"type": "http.response.body", "body": b""})
    finally:
        answer.close()


async def start_stream(headers: Headers, send: Send) -> None:
    await send(_start(200, headers))


async def send_chunk(chunk: bytes, send: Send) -> None:
    """
    One part of a long answer.

    :raises TimeoutError: the client stalls
    """
    async with asyncio.timeout(STALLED_SECONDS):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


def without_internal(headers: Headers) -> Headers:
    return [header for header in headers if header[0] not in (WAIT, STREAM)]


def _start(status: int, headers: Headers) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def _headers(answer: Answer) -> Headers:
    headers = without_internal(answer.headers)
    is_whole = answer.rest is None and answer.status not in WITHOUT_A_BODY
    if is_whole and answer.header(b"content-length") is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return headers
