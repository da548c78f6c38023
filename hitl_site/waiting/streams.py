"""
Server-sent events: a page hears that it should look again.

Django grants a stream with a header on an otherwise empty answer:

    X-Placet-Stream: {"topics": ["approval:*"], "holder": "reviewer:<id>", "limit": 20}
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hitl_site.waiting.answering import (
    STREAM,
    Send,
    send_answer,
    send_chunk,
    start_stream,
    without_internal,
)
from hitl_site.waiting.bodies import Receive
from hitl_site.waiting.hub import EVERYTHING, Hub, Subscription, TooManyWaits
from hitl_site.waiting.problems import TOO_MANY_WAITS
from hitl_site.waiting.threads import Answer, Headers

PING_SECONDS = 15.0
GAP_SECONDS = 1.0  # between two events of one stream
LIFE_SECONDS = 15 * 60.0  # then the client comes back, and its rights are checked anew
RETRY_MS = 2_000
MOST_TOPICS = 50  # named in one event; beyond, it says "*"

REPLACED = {b"content-type", b"content-length", b"cache-control"}


async def run_stream(
    scope: dict[str, Any], receive: Receive, send: Send, granted: Answer, *, hub: Hub
) -> None:
    """
    Send events until the client leaves, the stream is old, or the server stops.

    An event is `event: changed` with `{"topic": …, "topics": […]}`: the latest topic and
    all of them since the last event; "*" when something may have been missed.
    """
    terms = json.loads(granted.header(STREAM) or b"")
    holder = f"stream {terms['holder']}"
    gone = asyncio.ensure_future(receive())
    try:
        with hub.subscription(terms["topics"], holder=holder, limit=terms["limit"]) as told:
            await start_stream(_headers(granted), send)
            await send_chunk(b"retry: %d\n\n" % RETRY_MS, send)
            await _tell(told, gone=gone, send=send, hub=hub)
            await send({"type": "http.response.body", "body": b""})
    except TooManyWaits:
        await send_answer(TOO_MANY_WAITS.answer(scope), send)
    finally:
        gone.cancel()


async def _tell(told: Subscription, *, gone: asyncio.Future[Any], send: Send, hub: Hub) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + LIFE_SECONDS
    while not hub.is_draining:
        await told.wait(seconds=min(PING_SECONDS, end - loop.time()), unless=gone)
        if gone.done() or hub.is_draining or loop.time() >= end:
            return
        topics = told.take()
        await send_chunk(_event(topics) if topics else b": ping\n\n", send)
        if topics:
            await asyncio.sleep(GAP_SECONDS)


def _event(topics: list[str]) -> bytes:
    if EVERYTHING in topics or len(topics) > MOST_TOPICS:
        topics = [EVERYTHING]
    data = json.dumps({"topic": topics[-1], "topics": topics})
    return f"event: changed\ndata: {data}\n\n".encode()


def _headers(granted: Answer) -> Headers:
    """Django's own headers (security, cookies), with those of a stream."""
    kept = [header for header in without_internal(granted.headers) if header[0] not in REPLACED]
    return [
        *kept,
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
