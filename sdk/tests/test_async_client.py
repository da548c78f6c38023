"""What the awaiting client has beyond the table of cases that it shares with the other."""

import asyncio
import inspect
from datetime import timedelta

import httpx2
import pytest
from fakes import ID

import placet

A_MINUTE = timedelta(minutes=1)


class StuckServer:
    """Takes a call and never answers it."""

    def __init__(self):
        self.asked = asyncio.Event()
        self.requests = []
        self.left_waiting = 0
        self.transport = httpx2.MockTransport(self._handle)

    async def _handle(self, request):
        self.requests.append(request)
        self.asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.left_waiting += 1
            raise


async def cancelled(awaitable, *, once):
    task = asyncio.ensure_future(awaitable)
    await asyncio.wait_for(once.wait(), timeout=10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def stuck():
    server = StuckServer()
    return server, placet.AsyncClient("http://h.example", "k", transport=server.transport)


class TestACancelledCall:
    def test_sends_nothing_more(self, approved):
        async def scenario():
            server, client = stuck()
            permitted = placet.AsyncApproval(approved(), client)
            for call in (
                client.submit("refund", checkpoint="refunds"),
                client.get(ID),
                client.consume(permitted),
                permitted.wait(timeout=A_MINUTE),
            ):
                server.asked.clear()
                await cancelled(call, once=server.asked)
            return server

        server = asyncio.run(scenario())

        assert len(server.requests) == server.left_waiting == 4

    def test_leaves_the_client_as_it_was(self, body):
        async def scenario():
            answers = iter([asyncio.sleep(3600), None])
            asked = asyncio.Event()

            async def handle(request):
                asked.set()
                if waiting := next(answers):
                    await waiting
                return httpx2.Response(200, json=body())

            client = placet.AsyncClient(
                "http://h.example", "k", transport=httpx2.MockTransport(handle)
            )
            await cancelled(client.get(ID), once=asked)
            return await client.get(ID)

        assert asyncio.run(scenario()).id == ID

    def test_that_pauses_between_two_tries_does_not_try_again(self):
        async def scenario():
            seen, pausing = [], asyncio.Event()

            class Clock:
                def monotonic(self):
                    return 0.0

                async def sleep(self, seconds):
                    pausing.set()
                    await asyncio.sleep(3600)

            def refuse(request):
                seen.append(request)
                raise httpx2.ConnectError("refused")

            client = placet.AsyncClient(
                "http://h.example", "k", transport=httpx2.MockTransport(refuse), clock=Clock()
            )
            await cancelled(client.submit("refund", checkpoint="refunds"), once=pausing)
            return seen

        assert len(asyncio.run(scenario())) == 1


def test_many_wait_at_the_same_time(approved, body):
    async def scenario():
        everybody = asyncio.Barrier(20)

        async def handle(request):
            await everybody.wait()
            return httpx2.Response(200, json=approved())

        client = placet.AsyncClient("http://h.example", "k", transport=httpx2.MockTransport(handle))
        pending = placet.AsyncApproval(body(), client)
        return await asyncio.gather(*(pending.wait(timeout=A_MINUTE) for _ in range(20)))

    assert all(approval.may_proceed for approval in asyncio.run(scenario()))


def test_both_clients_have_the_same_calls_with_the_same_parameters():
    def calls(kind):
        return {
            name: [
                (each.name, each.kind, each.default)
                for each in inspect.signature(call).parameters.values()
            ]
            for name, call in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert calls(placet.AsyncClient) == calls(placet.Client)
