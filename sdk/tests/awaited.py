"""An `AsyncClient` that blocks, so that one table of cases holds both clients to their word."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from fakes import FakeClock

import placet


class AwaitedClock:
    """The fake clock, for who awaits."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class Awaited:
    """Whatever it is asked for is awaited; approvals it gives are such ones again."""

    def __init__(self, subject: Any, run: Callable[[Any], Any]) -> None:
        self.__dict__.update(_subject=subject, _run=run)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._subject, name, value)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._subject, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            result = found(*arguments, **named)
            if inspect.isasyncgen(result):
                return self._items(result)
            return self._shown(self._run(result) if inspect.isawaitable(result) else result)

        return call

    def __enter__(self) -> "Awaited":
        return Awaited(self._run(self._subject.__aenter__()), self._run)

    def __exit__(self, *error: Any) -> None:
        self._run(self._subject.__aexit__(*error))

    def __repr__(self) -> str:
        return repr(self._subject)

    def _items(self, items: Any) -> Iterator[Any]:
        while True:
            try:
                yield self._shown(self._run(anext(items)))
            except StopAsyncIteration:
                return

    def _shown(self, result: Any) -> Any:
        if isinstance(result, list):
            return [self._shown(each) for each in result]
        is_approval = isinstance(result, placet.AsyncApproval)
        return Awaited(result, self._run) if is_approval else result


def connector(runner: asyncio.Runner) -> Callable[..., Awaited]:
    """Makes an awaited client, with the arguments of `placet.Client`."""

    def run(awaitable: Any) -> Any:
        async def awaiting() -> Any:
            return await awaitable

        return runner.run(awaiting())

    def connect(*arguments: Any, clock: FakeClock, **named: Any) -> Awaited:
        client = placet.AsyncClient(*arguments, clock=AwaitedClock(clock), **named)
        return Awaited(client, run)

    return connect
