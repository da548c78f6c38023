"""
Holding a request until there is something to tell.

Django says so with a header on an answer that is valid as it stands ("still pending"):

    X-Placet-Wait: {"topics": ["approval:<id>"], "seconds": 25, "path": "/api/v1/…?…",
                    "holder": "agent:<id>", "limit": 1000}

`path` is what to GET when a topic was fired or the seconds are over, as reverse() gives
it. That request carries the client's own headers, so its rights are checked anew.
`asking_again.py` tells of one more member, "together".
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from hitl_site.waiting.answering import WAIT
from hitl_site.waiting.asking_again import AskingAgain, Question, Stopping
from hitl_site.waiting.bodies import Receive
from hitl_site.waiting.hub import Hub, Subscription, TooManyWaits
from hitl_site.waiting.problems import STOPPING, TOO_MANY_WAITS
from hitl_site.waiting.threads import Answer

# Between two looks that brought nothing, so that a busy topic can't keep a thread busy.
PAUSE_SECONDS = 0.1

# What a POST's own answer says and a GET of the same thing doesn't.
KEPT_FROM_THE_FIRST = {b"location", b"idempotent-replayed", b"preference-applied"}


@dataclass(frozen=True, slots=True)
class Wait:
    """
    :param seconds: at most
    :param limit: waits at once of this `holder`
    """

    topics: tuple[str, ...]
    seconds: float
    question: Question
    holder: str
    limit: int

    @classmethod
    def parse(cls, header: bytes) -> Wait:
        fields = json.loads(header)
        together = fields.get("together")
        return cls(
            topics=tuple(fields["topics"]),
            seconds=fields["seconds"],
            question=Question(
                fields["path"], (together["path"], together["key"]) if together else None
            ),
            holder=fields["holder"],
            limit=fields["limit"],
        )


async def hold(
    scope: dict[str, Any],
    receive: Receive,
    first: Answer,
    *,
    position: int,
    hub: Hub,
    again: AskingAgain,
) -> Answer | None:
    """
    The answer to send in the end, or None if the client has left.

    :param first: Django's answer, which has the header
    :param position: the hub's before `first` was asked for, so that nothing told since
        then is missed
    """
    wait = Wait.parse(first.header(WAIT) or b"")
    # The work of a POST is done: whatever happens now, its answer must not be lost. Of a
    # GET nothing is kept, for thousands of these wait.
    spare = None if scope["method"] in ("GET", "HEAD") else await first.collected()
    first.close()
    del first
    gone = asyncio.ensure_future(receive())
    try:
        with hub.subscription(wait.topics, holder=f"wait {wait.holder}", limit=wait.limit) as told:
            if hub.has_fired_since(position, wait.topics):
                told.tell(wait.topics[0])
            answer = await _until_something_to_tell(
                wait, scope=scope, told=told, gone=gone, hub=hub, again=again
            )
    except TooManyWaits:
        return spare or TOO_MANY_WAITS.answer(scope)
    except Stopping:
        return spare or STOPPING.answer(scope)
    finally:
        gone.cancel()
    return _in_place_of(spare, answer) if answer and spare else answer


async def _until_something_to_tell(
    wait: Wait,
    *,
    scope: dict[str, Any],
    told: Subscription,
    gone: asyncio.Future[Any],
    hub: Hub,
    again: AskingAgain,
) -> Answer | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait.seconds
    while not hub.is_draining:
        await told.wait(seconds=deadline - loop.time(), unless=gone)
        if gone.done():
            return None
        told.take()
        if loop.time() >= deadline:
            break
        answer = await again.ask(scope, wait.question)
        if answer.header(WAIT) is None:
            return answer
        answer.close()
        await asyncio.sleep(PAUSE_SECONDS)
    return await again.ask(scope, wait.question)


def _in_place_of(first: Answer, answer: Answer) -> Answer:
    """`answer`, dressed as the answer to the POST that `first` answered."""
    if answer.status >= 500:
        answer.close()
        return first
    if answer.status >= 400:
        return answer
    kept = [header for header in first.headers if header[0] in KEPT_FROM_THE_FIRST]
    others = [header for header in answer.headers if header[0] not in KEPT_FROM_THE_FIRST]
    return Answer(first.status, others + kept, answer.body, answer.rest)
