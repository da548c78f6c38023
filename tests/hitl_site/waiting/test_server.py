"""The front behind a real socket, in a process of its own, with real signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hitl_site.waiting.stand_in import StandIn, create

ROOT = Path(__file__).resolve().parents[3]
WAITERS = 300
KEY = "Authorization: Bearer good"


class Server:
    """The stand-in's server; `pid` and `port` are its own."""

    def __init__(self, database: Path, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.hitl_site.waiting.stand_in"),
                *(str(database), str(self.port)),
            ],
            cwd=ROOT,
            env={**os.environ, **environment, "PLACET_IGNORE_DOTENV": "1"},
        )
        self.pid = self._process.pid
        end = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, "the server has ended"
            assert time.monotonic() < end, "the server does not answer"
            time.sleep(0.05)

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    def exit_code(self) -> int:
        return self._process.wait(timeout=30)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


@pytest.fixture
def start(database, django):
    started = []

    def start(**environment: str) -> Server:
        started.append(Server(database, **environment))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def server(start) -> Server:
    return start()


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory) -> Iterator[Server]:
    """For tests that leave it as it was, with a thing "t" that is pending."""
    database = tmp_path_factory.mktemp("lasting") / "things.sqlite3"
    create(database)
    StandIn(database).add("t")
    server = Server(database)
    yield server
    server.kill()


class Connection:
    def __init__(self, reader, writer) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, server: Server) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def send(self, *lines: str, body: bytes = b"") -> None:
        self._writer.write("\r\n".join([*lines, "Host: test", "", ""]).encode() + body)
        await self._writer.drain()

    async def send_raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 30)
        first, *lines = head.decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return int(first.split()[1]), headers, body

    async def read_until(self, text: bytes) -> bytes:
        return await asyncio.wait_for(self._reader.readuntil(text), 30)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self._reader.read(), 30)

    def close(self) -> None:
        self._writer.close()


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 60))


async def get(server, path, *headers):
    connection = await Connection.open(server)
    await connection.send(f"GET {path} HTTP/1.1", KEY, *headers)
    return connection


async def status_of(server, path):
    connection = await get(server, path)
    status, _, _ = await connection.answer()
    connection.close()
    return status


class TestHundredsOfWaiters:
    def test_take_no_thread_each_and_are_all_told(self, server, django):
        things = [f"w{number}" for number in range(WAITERS)]
        django.add(*things)

        async def scenario():
            waiters = [await get(server, f"/api/things/{t}?wait=50") for t in things]
            await self.are_parked(server)
            threads = server.threads()
            others = [await status_of(server, "/api/things/t") for _ in range(20)]
            await asyncio.to_thread(django.decide, *things)
            answers = [await waiter.answer() for waiter in waiters]
            for waiter in waiters:
                waiter.close()
            return threads, others, [json.loads(body)["status"] for _, _, body in answers]

        threads, others, statuses = run(scenario())

        assert threads < 50
        assert others == [200] * 20
        assert statuses == ["approved"] * WAITERS

    @staticmethod
    async def are_parked(server):
        """A wait of no length comes after all that were sent before it."""
        connection = await get(server, "/api/things/t?wait=0.01")
        await connection.answer()
        connection.close()


class TestADecision:
    def test_wakes_a_waiter_of_the_same_process(self, server):
        async def scenario():
            waiter = await get(server, "/api/things/t?wait=50")
            await asyncio.sleep(0.3)
            decider = await Connection.open(server)
            await decider.send("POST /api/things/t/decide HTTP/1.1", KEY, "Content-Length: 0")
            assert (await decider.answer())[0] == 200
            return json.loads((await asyncio.wait_for(waiter.answer(), 10))[2])

        assert run(scenario())["status"] == "approved"

    def test_reaches_a_page_that_streams(self, server, django):
        async def scenario():
            page = await get(server, "/stream")
            await page.read_until(b"retry: 2000\n\n")
            await asyncio.to_thread(django.decide, "t")
            return await page.read_until(b"}\n\n")

        assert b'event: changed\ndata: {"topic": "thing:t"' in run(scenario())


class TestStopping:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_answers_all_who_wait_and_ends_well(self, server, django, number):
        django.add("u")

        async def scenario():
            waiter = await get(server, "/api/things/u?wait=50")
            page = await get(server, "/stream")
            await page.read_until(b"retry: 2000\n\n")
            await asyncio.sleep(0.3)
            asked = time.monotonic()
            server.stop(number)
            status, _, body = await waiter.answer()
            end_of_page = await page.rest()
            return status, json.loads(body)["status"], end_of_page, time.monotonic() - asked

        status, thing, end_of_page, seconds = run(scenario())

        assert (status, thing) == (200, "pending")
        assert end_of_page.endswith(b"0\r\n\r\n")
        assert seconds < 8  # Nobody was cut off after the time for draining.
        assert server.exit_code() == 0

    def test_lets_a_request_in_hand_finish(self, start, django):
        server = start(WORK_SECONDS="0.5")

        async def scenario():
            connection = await get(server, "/api/things/t")
            await asyncio.sleep(0.2)
            server.stop()
            return await connection.answer()

        assert run(scenario())[0] == 200
        assert server.exit_code() == 0

    def test_does_not_wait_for_a_request_that_never_ends(self, start):
        server = start(WORK_SECONDS="100", DRAIN_SECONDS="1")

        async def scenario():
            await get(server, "/api/things/t")
            await asyncio.sleep(0.3)
            server.stop()

        run(scenario())

        assert server.exit_code() == 0


class TestWhatClientsMaySend:
    def test_a_slow_body_holds_no_thread(self, lasting_server):
        async def scenario():
            slow = [await Connection.open(lasting_server) for _ in range(20)]
            for connection in slow:
                await connection.send("POST /api/echo HTTP/1.1", "Content-Length: 10", body=b"x")
            quick = await asyncio.wait_for(status_of(lasting_server, "/api/things/t"), 10)
            for connection in slow:
                await connection.send_raw(b"y" * 9)
            return quick, [json.loads((await c.answer())[2]) for c in slow]

        quick, slow = run(scenario())

        assert quick == 200
        assert slow == [{"length": 10, "tail": "yyyyyyyy"}] * 20

    @pytest.mark.parametrize("size", [300_000, 3_000_000])
    def test_too_large_a_body_is_answered_and_the_answer_arrives(self, lasting_server, size):
        async def scenario():
            connection = await Connection.open(lasting_server)
            length = f"Content-Length: {size}"
            await connection.send("POST /api/echo HTTP/1.1", length, body=b"x" * size)
            return await connection.answer()

        status, headers, body = run(scenario())

        assert status == 413
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["code"] == "too_large"

    @pytest.mark.parametrize(
        "head",
        [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: +5",
            "Content-Length : 5",
            "Transfer-Encoding: xchunked",
        ],
    )
    def test_a_body_of_two_lengths_is_refused(self, lasting_server, head):
        async def scenario():
            connection = await Connection.open(lasting_server)
            await connection.send(f"POST /api/echo HTTP/1.1\r\n{head}", body=b"0\r\n\r\n")
            return await connection.answer()

        assert run(scenario())[0] == 400

    def test_bytes_that_are_no_address_are_refused(self, lasting_server):
        async def scenario():
            connection = await Connection.open(lasting_server)
            await connection.send("GET /api/things/t?q=é HTTP/1.1", KEY)
            return await connection.answer()

        assert run(scenario())[0] == 400

    @pytest.mark.parametrize(
        "head",
        [b"X: " + b"a" * 300_000, b"X: a\r\n" * 50_000, b"X: a\r\n" * 20_000 + b"\r\n"],
        ids=["one endless header", "endless headers", "too many headers"],
    )
    def test_a_head_that_is_too_large_ends_the_connection(self, lasting_server, head):
        async def scenario():
            connection = await Connection.open(lasting_server)
            try:
                await connection.send_raw(b"GET /api/echo HTTP/1.1\r\n" + head)
                answer = await asyncio.wait_for(connection.rest(), 10)
            except ConnectionError:
                return b""  # The answer may be lost: we were still sending.
            return answer

        assert b" 200 OK" not in run(scenario())

    def test_trailers_do_not_pass_for_headers(self, lasting_server):
        async def scenario():
            connection = await Connection.open(lasting_server)
            body = b"1\r\nx\r\n0\r\n" + KEY.encode() + b"\r\n\r\n"
            await connection.send(
                "POST /api/things/t/decide HTTP/1.1", "Transfer-Encoding: chunked", body=body
            )
            return await connection.answer()

        assert run(scenario())[0] == 401
