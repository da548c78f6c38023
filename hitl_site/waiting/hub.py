"""
Who waits for what, in one process.

Everything here runs in the event loop and none of it blocks. A topic is text such as
"approval:<id>"; who subscribes to "approval:*" hears of every topic that begins with
"approval:". Being told is a hint to look again, never a fact.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable

EVERYTHING = "*"  # told to all when something may have been missed


class TooManyWaits(Exception):
    """The holder, or the process, has as many subscriptions as it may."""


class Hub:
    """
    :param limit: subscriptions at once, of all holders together
    :param memory: so many recent topics are remembered by name; for older ones
        `has_fired_since` answers true, which costs a needless look and loses nothing
    """

    def __init__(self, *, limit: int = 20_000, memory: int = 4_000) -> None:
        self.is_draining = False
        self.position = 0
        self._limit = limit
        self._memory = memory
        self._subscribers: dict[str, set[Subscription]] = {}
        self._held: Counter[str] = Counter()
        self._count = 0
        self._last_fired: OrderedDict[str, int] = OrderedDict()
        self._forgotten_until = 0
        self._when_somebody_waits: list[Callable[[], None]] = []

    def __len__(self) -> int:
        return self._count

    def when_somebody_waits(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the first subscriber of an idle process appears."""
        self._when_somebody_waits.append(callback)

    def subscription(self, topics: Iterable[str], *, holder: str, limit: int) -> Subscription:
        """
        Hear of `topics` inside a `with` block.

        :param holder: whose it is; a holder may have `limit` of them at once
        :raises TooManyWaits: on entering the block
        """
        return Subscription(self, tuple(dict.fromkeys(topics)), holder, limit)

    def fire(self, topic: str) -> None:
        """Tell everyone who waits for `topic`."""
        self.position += 1
        for name in (topic, *_patterns(topic)):
            self._remember(name)
            for subscription in self._subscribers.get(name, ()):
                subscription.tell(topic)

    def fire_all(self) -> None:
        """Something may have been missed: everyone looks again."""
        self.position += 1
        self._forgotten_until = self.position
        self._last_fired.clear()
        for subscription in set().union(*self._subscribers.values()):
            subscription.tell(EVERYTHING)

    def has_fired_since(self, position: int, topics: Iterable[str]) -> bool:
        """Whether one of `topics` may have been fired after `position`."""
        if position < self._forgotten_until:
            return True
        return any(self._last_fired.get(topic, 0) > position for topic in topics)

    def drain(self) -> None:
        """The server is about to stop: everyone looks one last time, and nobody waits again."""
        self.is_draining = True
        self.fire_all()

    def add(self, subscription: Subscription) -> None:
        """For Subscription alone, like `remove`."""
        holder = subscription.holder
        if self._held[holder] >= subscription.limit or self._count >= self._limit:
            raise TooManyWaits
        self._held[holder] += 1
        self._count += 1
        for topic in subscription.topics:
            self._subscribers.setdefault(topic, set()).add(subscription)
        if self._count == 1:
            for callback in self._when_somebody_waits:
                callback()

    def remove(self, subscription: Subscription) -> None:
        self._count -= 1
        self._held[subscription.holder] -= 1
        if not self._held[subscription.holder]:
            del self._held[subscription.holder]
        for topic in subscription.topics:
            others = self._subscribers[topic]
            others.discard(subscription)
            if not others:
                del self._subscribers[topic]

    def _remember(self, name: str) -> None:
        self._last_fired[name] = self.position
        self._last_fired.move_to_end(name)
        if len(self._last_fired) > self._memory:
            self._forgotten_until = self._last_fired.popitem(last=False)[1]


class Subscription:
    """What its holder has been told and not yet taken."""

    __slots__ = ("_hub", "_told", "_wake", "holder", "limit", "topics")

    def __init__(self, hub: Hub, topics: tuple[str, ...], holder: str, limit: int) -> None:
        self._hub = hub
        self.topics = topics
        self.holder = holder
        self.limit = limit
        self._told: dict[str, None] = {}
        self._wake: asyncio.Future[None] | None = None

    def __enter__(self) -> Subscription:
        self._hub.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._hub.remove(self)

    def tell(self, topic: str) -> None:
        self._told[topic] = None
        _settle(self._wake)

    def take(self) -> list[str]:
        """The topics told since the last time, oldest first."""
        told, self._told = self._told, {}
        return list(told)

    async def wait(self, *, seconds: float, unless: asyncio.Future) -> None:
        """Return when something was told, when `seconds` are over, or when `unless` is done."""
        if self._told or unless.done():
            return
        loop = asyncio.get_running_loop()
        self._wake = wake = loop.create_future()

        def give_up(_: object = None) -> None:
            _settle(wake)

        # One future and one timer, not asyncio.wait(): thousands of these are held at once.
        timer = loop.call_later(max(seconds, 0), give_up)
        unless.add_done_callback(give_up)
        try:
            await wake
        finally:
            self._wake = None
            timer.cancel()
            unless.remove_done_callback(give_up)


def _settle(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _patterns(topic: str) -> list[str]:
    """`a:b:c` → `a:*`, `a:b:*`."""
    parts = topic.split(":")
    return [":".join(parts[:length]) + ":*" for length in range(1, len(parts))]
