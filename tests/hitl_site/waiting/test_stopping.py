"""Hearing of a signal before the server does, and leaving no trace."""

import asyncio
import os
import signal

import pytest

from hitl_site.waiting.stopping import Forewarning


@pytest.fixture
def heard():
    """What the server's own handler has heard; it is installed for SIGTERM and SIGINT."""
    heard = []
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(n, lambda number, _: heard.append(number)) for n in numbers]
    yield heard
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


class TestForewarning:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_comes_and_the_server_still_hears_the_signal(self, heard, number):
        async def scenario():
            warned = asyncio.Event()
            Forewarning(warned.set).install()
            os.kill(os.getpid(), number)
            await asyncio.wait_for(warned.wait(), 5)

        asyncio.run(scenario())

        assert heard == [number]

    def test_is_taken_back(self, heard):
        before = signal.getsignal(signal.SIGTERM)

        async def scenario():
            forewarning = Forewarning(lambda: None)
            forewarning.install()
            assert signal.getsignal(signal.SIGTERM) != before
            forewarning.remove()

        asyncio.run(scenario())

        assert signal.getsignal(signal.SIGTERM) == before

    def test_is_not_given_where_signals_cannot_be_heard(self, heard):
        before = signal.getsignal(signal.SIGTERM)

        async def scenario():
            Forewarning(lambda: None).install()

        async def in_a_thread():
            await asyncio.to_thread(asyncio.run, scenario())

        asyncio.run(in_a_thread())

        assert signal.getsignal(signal.SIGTERM) == before
