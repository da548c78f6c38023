from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._answers import object_of, results_of


@dataclass(frozen=True)
class FeedEvent:
    """Something that happened to one of the agent's approvals."""

    seq: int
    type: str  # such as approval.settled
    timestamp: str
    approval: str  # its id
    data: dict[str, Any]


@dataclass(frozen=True)
class FeedPage:
    """
    Events in the order they were committed.

    :ivar next_cursor: pass it to the next call, once these events are dealt with
    """

    events: tuple[FeedEvent, ...]
    next_cursor: str | None


def page_from(body: Any, *, cursor: str | None) -> FeedPage:
    """
    :param cursor: the one asked with; kept where the answer has no newer one
    """
    events = tuple(
        FeedEvent(
            seq=row["seq"],
            type=row["type"],
            timestamp=row["timestamp"],
            approval=row["approval"],
            data=row["data"],
        )
        for row in results_of(body)
    )
    return FeedPage(events=events, next_cursor=object_of(body).get("next_cursor") or cursor)
