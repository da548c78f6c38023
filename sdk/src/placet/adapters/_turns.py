"""
One turn of an agent: its pending tool calls, asked about together, then awaited.

Knows no framework. An adapter makes a `Call` of everything its framework has pending, and
tells the framework what came of each.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from .._approval import Approval
from .._canonical import canonical
from .._client import Client
from .._errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    NotDecidedInTime,
    PlacetError,
    RateLimited,
    Refused,
    ServerFailed,
    ServerUnreachable,
    UnsendableValue,
)

# One look is one call that the server holds. Short, because a thread that waits for its
# answer cannot be cancelled: a program that ends would wait for it.
LOOK_SECONDS = 10.0
PAUSE_SECONDS = 1.0  # between looks at a server in trouble
REFUSED = "The arguments were refused."
ANSWERS = ("approve", "modify", "reject", "request_changes")

_ARGUMENTS = re.compile(r"/requests/(\d+)(/arguments(?:/.*)?)\Z", re.DOTALL)

logger = logging.getLogger("placet")


@dataclass(frozen=True)
class Call:
    """A tool call that waits for a person."""

    id: str
    tool: str
    arguments: Mapping[str, Any]
    schema: Mapping[str, Any] | None = None  # JSON Schema of the arguments, for typed editing
    agent: str | None = None
    is_question: bool = False  # wants an answer, not permission


@dataclass(frozen=True)
class Turn:
    """What was asked about one turn, by call id."""

    approvals: Mapping[str, Approval] = field(default_factory=dict)
    unaskable: Mapping[str, str] = field(default_factory=dict)  # why not, in words for the model

    @property
    def pending(self) -> dict[str, Approval]:
        return {id: approval for id, approval in self.approvals.items() if approval.is_pending}

    @property
    def is_decided(self) -> bool:
        return not self.pending


@dataclass(frozen=True)
class Asker:
    """
    Asks a server about turns.

    :ivar framework: whose calls they are, for the reviewer
    :ivar checkpoint: where they are reviewed, or what tells so of a call
    :ivar context: what the reviewer should know about a call; default: nothing
    """

    client: Client
    framework: str
    checkpoint: str | Callable[[Call], str]
    context: Callable[[Call], Mapping[str, Any]] | None = None

    def ask(self, calls: Sequence[Call], *, run: str) -> Turn:
        """
        Submit the calls of a turn together; asked again, they are the same approvals.

        A call whose arguments the server refuses is not put before anybody: the model is to
        hear why.

        :param run: names the run of the agent: the same when it is taken up again, never
            that of another run
        :raises ValueError: two calls have the same id
        """
        if len({call.id for call in calls}) < len(calls):
            raise ValueError("Two calls of a turn have the same id: answers would be mixed up.")
        unaskable = dict(_unsendable(calls))
        name = _name_of([call for call in calls if call.id not in unaskable], run=run)
        while asked := [call for call in calls if call.id not in unaskable]:
            try:
                found = self._submit(name, asked, run=run)
            except InvalidRequest as refusal:
                faults = _faults(refusal, asked)
                if not faults:
                    raise
                unaskable.update(faults)
                continue
            lost = [call.id for call in asked if call.id not in found]
            return Turn(found, {**unaskable, **dict.fromkeys(lost, REFUSED)})
        return Turn({}, unaskable)

    def wait(self, turn: Turn, *, timeout: timedelta | None) -> Turn:
        """
        The turn once all of it is decided, or as it stands when `timeout` has passed.

        :param timeout: None waits for as long as people may take; each checkpoint has an end
        """
        deadline = _deadline(timeout)
        while not turn.is_decided and time.monotonic() < deadline:
            turn = self._look(turn, deadline=deadline)
        return self._refreshed(turn)

    async def wait_async(self, turn: Turn, *, timeout: timedelta | None) -> Turn:
        """As `wait`, without holding the event loop."""
        deadline = _deadline(timeout)
        while not turn.is_decided and time.monotonic() < deadline:
            turn = await asyncio.to_thread(self._look, turn, deadline=deadline)
        return await asyncio.to_thread(self._refreshed, turn)

    def withdraw(self, turn: Turn, reason: str) -> None:
        """Take back what nobody decided yet. Never raises: at worst it ends by its deadline."""
        for approval in turn.pending.values():
            self._cancel(approval, reason)

    def read(self, ids: Mapping[str, str]) -> dict[str, Approval]:
        """The approvals with these ids, by call id as given."""
        return {call: self.client.get(id) for call, id in ids.items()}

    def _submit(self, name: str, calls: Sequence[Call], *, run: str) -> dict[str, Approval]:
        requests = [self._request(call, run=run) for call in calls]
        members: Iterable[Approval]
        try:
            members = self.client.submit_group(name, requests, idempotency_key=name)
        except IdempotencyKeyReused:
            # Asked before, in other words: perhaps a new version of the agent describes its
            # tools differently. People must not be asked twice about one call.
            members = self.client.group(name).members
        return {member.raw["source"]["native_id"]: member for member in members}

    def _request(self, call: Call, *, run: str) -> dict[str, Any]:
        given = {
            "checkpoint": self.checkpoint(call) if callable(self.checkpoint) else self.checkpoint,
            "action": call.tool,
            "arguments": call.arguments,
            "arguments_schema": call.schema,
            "context": self.context(call) if self.context else None,
            "response": {"type": "freeform"} if call.is_question else None,
            "allowed_decisions": ANSWERS,
            "run": run,
            "source": {"client": self.framework, "native_id": call.id}
            | ({"agent": call.agent} if call.agent else {}),
        }
        return {name: value for name, value in given.items() if value is not None}

    def _look(self, turn: Turn, *, deadline: float) -> Turn:
        """The turn after a short wait for one of its members."""
        id, approval = next(iter(turn.pending.items()))
        seconds = max(0.0, min(LOOK_SECONDS, deadline - time.monotonic()))
        try:
            newer = approval.wait(timeout=timedelta(seconds=seconds))
        except NotDecidedInTime:
            return turn
        except (ServerUnreachable, ServerFailed, RateLimited) as trouble:
            # Unknown is not undecided, but it will be known when the server is back.
            logger.warning("Still waiting for a decision on %s: %s", approval.id, trouble)
            asked = trouble.retry_after if isinstance(trouble, Refused) else None
            left = max(0.0, deadline - time.monotonic())
            time.sleep(min(asked or PAUSE_SECONDS, left))
            return turn
        return replace(turn, approvals={**turn.approvals, id: newer})

    def _refreshed(self, turn: Turn) -> Turn:
        """The turn as it stands now; what was sent back to the agent is withdrawn."""
        newer = {id: self.client.get(approval.id) for id, approval in turn.pending.items()}
        turn = replace(turn, approvals={**turn.approvals, **newer})
        for approval in turn.approvals.values():
            if approval.status == "changes_requested":
                self._cancel(approval, "The agent was told, and may propose it anew.")
        return turn

    def _cancel(self, approval: Approval, reason: str) -> None:
        try:
            self.client.cancel(approval, reason)
        except PlacetError as failure:
            logger.warning("%s was not withdrawn: %s", approval.id, failure)


def _deadline(timeout: timedelta | None) -> float:
    return math.inf if timeout is None else time.monotonic() + timeout.total_seconds()


def _name_of(calls: Iterable[Call], *, run: str) -> str:
    """
    The turn's name: the same for the same calls of the same run, whoever asks.

    Nothing else is in it. What describes a call may change between two tries; then the
    approvals of the first are found by this name.
    """
    proposed = [[call.id, call.tool, call.arguments] for call in calls]
    return f"turn-{hashlib.sha256(canonical([run, proposed])).hexdigest()[:40]}"


def _unsendable(calls: Iterable[Call]) -> Iterable[tuple[str, str]]:
    for call in calls:
        try:
            canonical(call.arguments)
        except UnsendableValue as unsendable:
            yield call.id, unsendable.detail


def _faults(refusal: InvalidRequest, calls: Sequence[Call]) -> dict[str, str]:
    """What is wrong with the arguments of single calls, by call id."""
    found: dict[str, str] = {}
    for error in refusal.errors:
        place = _ARGUMENTS.match(str(error.get("pointer", "")))
        if place is None:
            return {}  # something else is wrong, and no model can mend it
        id = calls[int(place[1])].id
        found[id] = f"{found.get(id, '')} {place[2]}: {error.get('detail')}.".strip()
    return found
