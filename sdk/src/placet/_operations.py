"""
What each call of a client comes to: flows, for a client of either kind to run.

Whoever runs a flow blocks or awaits; everything else that a call means is decided here and
in what is imported here. Nothing happens before a flow is run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from . import _answers, _calls, _grants, _waiting
from ._approval import ApprovalState, GroupState, as_approval, as_group, awaits_a_person
from ._calls import Call
from ._errors import DigestMismatch, NotDecidedInTime, UnexpectedAnswer
from ._feed import FeedPage, page_from
from ._waiting import Backoff, Flow, Ticking

A = TypeVar("A", bound=ApprovalState)
G = TypeVar("G", bound=GroupState[Any])


@dataclass(frozen=True)
class Page(Generic[A]):
    """Some of the agent's approvals, and where the next ones are."""

    approvals: list[A]
    next_cursor: str | None


@dataclass(frozen=True)
class Operations(Generic[A, G]):
    """
    :ivar approval: makes the client's kind of approval of an answer
    :ivar group: makes the client's kind of group
    :ivar retry_for: how long a failing call is repeated
    """

    approval: Callable[[dict[str, Any]], A]
    group: Callable[..., G]
    clock: Ticking
    retry_for: timedelta

    def submit(
        self, body: Mapping[str, Any], *, idempotency_key: str | None, wait: timedelta | None
    ) -> Flow[A]:
        if wait is not None and not isinstance(wait, timedelta):
            raise TypeError("`wait` is a timedelta, such as timedelta(minutes=30).")
        submitted = yield from self.one(_calls.submit(body, idempotency_key=idempotency_key))
        # The id is in hand before the waiting begins, whatever happens to the connection.
        return submitted if wait is None else (yield from self.wait(submitted, timeout=wait))

    def submit_group(
        self, group: str, requests: Iterable[Mapping[str, Any]], *, idempotency_key: str | None
    ) -> Flow[list[A]]:
        call = _calls.submit_group(group, requests, idempotency_key=idempotency_key)
        rows = _answers.results_of((yield from self.answer(call)))
        return [self._approval(row) for row in rows]

    def wait(self, approval: A, *, timeout: timedelta) -> Flow[A]:
        body = yield from self._poll(
            lambda seconds: _calls.approval(approval.id, wait_seconds=seconds),
            done=lambda body: not awaits_a_person(_answers.object_of(body)),
            timeout=timeout,
        )
        newer = self._approval(body)
        if newer.id != approval.id:
            raise UnexpectedAnswer(f"Asked for {approval.id}, answered with {newer.id}.")
        if newer.is_pending:
            raise NotDecidedInTime(f"Approval {newer.id} is not decided yet.", last_seen=newer)
        return newer

    def turn(self, id: str, *, wait: timedelta | None) -> Flow[G]:
        if wait is None:
            return self._group((yield from self.answer(_calls.group(id))))
        body = yield from self._poll(
            lambda seconds: _calls.group(id, wait_seconds=seconds),
            done=lambda body: not any(map(awaits_a_person, as_group(body)["members"])),
            timeout=wait,
        )
        group = self._group(body)
        if any(member.is_pending for member in group.members):
            raise NotDecidedInTime(f"Group {id} is not decided yet.", last_seen=group)
        return group

    def page(self, call: Call) -> Flow[Page[A]]:
        body = yield from self.answer(call)
        approvals = [self._approval(row) for row in _answers.results_of(body)]
        return Page(approvals, _answers.object_of(body).get("next_cursor"))

    def consume(self, approval: ApprovalState) -> Flow[dict[str, Any]]:
        digest = approval.final_digest()
        if approval.grant is not None and _grants.unverified_act(approval.grant) != digest:
            raise DigestMismatch("What would run is not what the grant is for.")
        taken = yield from self.thing(_calls.consume(approval.id, digest=digest))
        # A page for maintenance says 200, too. What runs on this runs on a person's word.
        said = (taken.get("id"), taken.get("digest"))
        if said != (approval.id, digest) or not isinstance(taken.get("consumed_at"), str):
            raise UnexpectedAnswer("The answer does not say that this permission was taken.")
        return taken

    def feed(self, cursor: str | None, *, wait: timedelta | None) -> Flow[FeedPage]:
        if wait is None:
            return page_from((yield from self.answer(_calls.feed(cursor=cursor))), cursor=cursor)
        body = yield from self._poll(
            lambda seconds: _calls.feed(cursor=cursor, wait_seconds=seconds),
            done=lambda body: bool(_answers.results_of(body)),
            timeout=wait,
        )
        return page_from(body, cursor=cursor)

    def one(self, call: Call) -> Flow[A]:
        """Of a call that is answered with an approval."""
        return self._approval((yield from self.answer(call)))

    def thing(self, call: Call) -> Flow[dict[str, Any]]:
        """Of a call that is answered with any other object."""
        return _answers.object_of((yield from self.answer(call)))

    def things(self, call: Call) -> Flow[list[dict[str, Any]]]:
        """Of a call that is answered with a list."""
        return _answers.results_of((yield from self.answer(call)))

    def answer(self, call: Call) -> Flow[Any]:
        """The JSON that answers `call`; see `_waiting.exchange`."""
        deadline = self.clock.monotonic() + self.retry_for.total_seconds()
        return _waiting.exchange(call, deadline=deadline, clock=self.clock, backoff=Backoff())

    def _poll(
        self, look: Callable[[int], Call], *, done: Callable[[Any], bool], timeout: timedelta
    ) -> Flow[Any]:
        deadline = self.clock.monotonic() + timeout.total_seconds()
        return _waiting.poll(
            look, done=done, deadline=deadline, clock=self.clock, backoff=Backoff()
        )

    def _approval(self, body: Any) -> A:
        return self.approval(as_approval(body))

    def _group(self, body: Any) -> G:
        raw = as_group(body)
        return self.group(
            id=raw["id"],
            complete=raw["complete"] is True,
            members=tuple(map(self._approval, raw["members"])),
            raw=raw,
        )
