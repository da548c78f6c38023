"""
When to send, when to pause, when to give up.

Written as generators that yield what is to be done and are sent what came of it, so that a
client which blocks and one which awaits can both drive them.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from ._answers import Answer, NoAnswer, body_of
from ._calls import LONGEST_WAIT_SECONDS, Call
from ._errors import (
    AnswerLost,
    PlacetError,
    RateLimited,
    Refused,
    ServerFailed,
    ServerUnreachable,
)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
HELD_SECONDS = 5.0  # a server that took this long to say "not yet" was waiting with us

logger = logging.getLogger("placet")


class Ticking(Protocol):
    """What tells the time."""

    def monotonic(self) -> float: ...


class Clock(Ticking, Protocol):
    """What tells the time and lets it pass; the module `time` is one."""

    def sleep(self, seconds: float, /) -> None: ...


class AsyncClock(Ticking, Protocol):
    """What tells the time and lets it pass while others work."""

    async def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True)
class Send:
    """Make this call; send back its Answer or NoAnswer."""

    call: Call


@dataclass(frozen=True)
class Pause:
    """Let this much time pass; send back None."""

    seconds: float


T = TypeVar("T")
Flow = Generator[Send | Pause, Answer | NoAnswer | None, T]


@dataclass
class Backoff:
    """Pauses that double, each shortened at random so that many clients spread out."""

    random: Callable[[], float] = random.random
    _next: float = field(default=FIRST_PAUSE_SECONDS, init=False)

    def pause(self, *, at_least: float | None = None) -> float:
        """
        Seconds to stay away.

        :param at_least: what the server asked for; kept, and a little is added
        """
        spread = self.random()
        if at_least:
            return at_least * (1 + spread / 10)
        pause = self._next * (1 + spread) / 2
        self._next = min(self._next * 2, LONGEST_PAUSE_SECONDS)
        return pause

    def reset(self) -> None:
        self._next = FIRST_PAUSE_SECONDS


def exchange(
    call: Call | Callable[[], Call], *, deadline: float, clock: Ticking, backoff: Backoff
) -> Flow[Any]:
    """
    The JSON that answers `call`, trying again where that is harmless and may help.

    :param call: a function where a second try should be another call than the first
    :param deadline: by the clock; after it nothing is tried again
    :raises PlacetError: the last failure
    """
    while True:
        current = call if isinstance(call, Call) else call()
        failure: PlacetError
        try:
            return _read((yield Send(current)), call=current)
        except PlacetError as error:
            failure = error
        failure.idempotency_key = current.headers.get("Idempotency-Key")
        left = deadline - clock.monotonic()
        asked = failure.retry_after if isinstance(failure, Refused) else None
        if left <= 0 or (asked or 0) > left or not _worth_repeating(failure, call=current):
            raise failure
        pause = backoff.pause(at_least=asked)
        # A pause of our own is cut short to try once more; one the server asked for is not.
        pause = pause if asked else min(pause, left)
        logger.info("%s Trying again in %.1f s.", failure.detail, pause)
        yield Pause(pause)


def poll(
    look: Callable[[int], Call],
    *,
    done: Callable[[Any], bool],
    deadline: float,
    clock: Ticking,
    backoff: Backoff,
) -> Flow[Any]:
    """
    Look until `done`, or until the deadline; the JSON of the last look.

    Looks at least once. Whatever goes wrong in between is waited out, as far as `exchange`
    does. If that lasts beyond the deadline the failure is raised: the state is unknown then,
    and unknown is not "undecided".

    :param look: makes the call, given how many seconds the server is to hold it
    """

    def next_look() -> Call:
        left = deadline - clock.monotonic()
        return look(max(0, min(LONGEST_WAIT_SECONDS, math.ceil(left))))

    while True:
        began = clock.monotonic()
        body = yield from exchange(next_look, deadline=deadline, clock=clock, backoff=backoff)
        now = clock.monotonic()
        if done(body) or now >= deadline:
            return body
        # A server that is draining or overloaded may not hold the call; then we don't hurry it.
        if now - began < HELD_SECONDS:
            yield Pause(min(backoff.pause(), deadline - now))
        else:
            backoff.reset()


def _read(reply: Answer | NoAnswer | None, *, call: Call) -> Any:
    if isinstance(reply, Answer):
        return body_of(reply)
    reason = reply.reason if reply else "nothing was sent"
    if reply and reply.sent and not call.repeatable:
        raise AnswerLost(
            f"No answer to {call.method} {call.path}: {reason}. It may have taken effect."
        )
    raise ServerUnreachable(f"No answer to {call.method} {call.path}: {reason}.")


def _worth_repeating(failure: PlacetError, *, call: Call) -> bool:
    if isinstance(failure, RateLimited):
        return True
    if isinstance(failure, ServerUnreachable):
        return not isinstance(failure, AnswerLost)
    if isinstance(failure, ServerFailed):
        # 503 means it was turned away; after any other it may have been done.
        return call.repeatable or failure.status == 503
    return False
