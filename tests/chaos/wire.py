"""HTTP/1.1 on one kept connection, small enough for thousands of them in one process."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

FORM = "application/x-www-form-urlencoded"


class Unknown(Exception):
    """The connection broke: whether the server did what was asked, nobody can tell from here."""


class Unreachable(Exception):
    """Nobody listens there, so nothing was asked."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, list[str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """
    One caller's connection to 127.0.0.1:`port`, opened when needed and again when lost.

    :param bearer: an agent's key or a person's token
    """

    def __init__(self, port: int, *, bearer: str = "") -> None:
        self.port = port
        self.headers = {"Host": f"127.0.0.1:{port}"}
        if bearer:
            self.headers["Authorization"] = f"Bearer {bearer}"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def request(
        self, method: str, path: str, body: Any = None, *, seconds: float = 60, **headers: str
    ) -> Answer:
        """
        One request and its answer. `headers` are written with underscores: `Idempotency_Key`.

        :raises Unreachable: it was not sent
        :raises Unknown: no whole answer came, or not within `seconds`
        """
        payload = json.dumps(body).encode() if body is not None else b""
        content_type = "application/json" if body is not None else ""
        return await self._exchange(method, path, payload, content_type, seconds, headers)

    async def post_form(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        payload = urlencode(fields).encode()
        return await self._exchange("POST", path, payload, FORM, 60, headers)

    async def open(self) -> Self:
        if self._streams is None:
            try:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError as error:
                raise Unreachable(str(error)) from error
        return self

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(
        self,
        method: str,
        path: str,
        payload: bytes,
        content_type: str,
        seconds: float,
        headers: dict[str, str],
    ) -> Answer:
        await self.open()
        reader, writer = self._streams
        sent = {**self.headers, "Content-Length": str(len(payload))}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if content_type:
            sent["Content-Type"] = content_type
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        try:
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
            async with asyncio.timeout(seconds):
                answer = await _read(reader)
        except (OSError, EOFError, TimeoutError) as error:
            self.close()
            raise Unknown(repr(error)) from error
        except BaseException:
            # Given up half-way: what comes later must not pass for the next answer.
            self.close()
            raise
        if "close" in answer.headers.get("connection", []):
            self.close()
        return answer


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in filter(None, head[1:]):
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    length = int(headers.get("content-length", ["0"])[0])
    return Answer(int(head[0].split()[1]), headers, await reader.readexactly(length))
