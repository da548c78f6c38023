"""Calls an ASGI application in this process, without a socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Response:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_complete: bool = False

    def json(self):
        return json.loads(self.body)


class Call:
    """
    One request: `response` fills as the application answers.

    A `body` of several parts may have pauses (seconds, as floats) among them. A client
    that `reads` so many bytes takes no more.
    """

    def __init__(self, application, method, url, *, headers=(), body=b"", key="good", reads=None):
        path, _, query = url.partition("?")
        self._application = application
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "http_version": "1.1",
            "server": ("127.0.0.1", 8000),
            "client": ("192.0.2.1", 4711),
            "headers": [
                (b"host", b"testserver"),
                (b"authorization", f"Bearer {key}".encode()),
                *((name.lower().encode(), value.encode()) for name, value in dict(headers).items()),
            ],
        }
        self._reads = reads
        self._parts = [body] if isinstance(body, bytes) else list(body)
        self._has_left = asyncio.Event()
        self._news = asyncio.Event()
        self.response = Response()

    async def run(self) -> Response:
        await self._application(self.scope, self._receive, self._send)
        return self.response

    def leave(self) -> None:
        """The client closes its connection."""
        self._has_left.set()

    async def body_contains(self, text: str, *, times: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.response.body.count(text.encode()) < times:
                self._news.clear()
                await self._news.wait()

    async def _receive(self):
        if self._parts:
            part = self._parts.pop(0)
            if isinstance(part, float):
                await asyncio.sleep(part)
                return await self._receive()
            return {"type": "http.request", "body": part, "more_body": bool(self._parts)}
        await self._has_left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.response.status = message["status"]
            self.response.headers = {
                name.decode(): value.decode() for name, value in message["headers"]
            }
        else:
            self.response.body += message.get("body", b"")
            self.response.is_complete = not message.get("more_body", False)
        self._news.set()
        if self._reads is not None and len(self.response.body) >= self._reads:
            await asyncio.Event().wait()


async def ask(application, method, url, **kwargs) -> Response:
    return await Call(application, method, url, **kwargs).run()


@asynccontextmanager
async def calling(application, method, url, **kwargs) -> AsyncIterator[Call]:
    """A request under way; what is left of it afterwards is cancelled."""
    call = Call(application, method, url, **kwargs)
    call.task = asyncio.ensure_future(call.run())
    try:
        yield call
    finally:
        call.task.cancel()
        await asyncio.gather(call.task, return_exceptions=True)


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)
