"""
One tool call, one permission: what the MCP server and the Claude Code hook share.

Both are asked about a call by a client that gives up, dies and asks again, and neither may
keep anything: the server's list of approvals is the memory. A call is known by what would
run, where and in which session, so a retry finds its decision. Every permission is taken
before "allow" is said, so that the next call that looks the same finds it spent, and asks
anew.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, cast

from .. import (
    AlreadySettled,
    AnswerLost,
    Approval,
    Client,
    GrantConsumed,
    NotDecidedInTime,
    PlacetError,
    ServerUnreachable,
)
from .._canonical import canonical
from . import _words

# Between two looks a caller that gave up is noticed, and one that waits is told so.
LOOK_FOR = timedelta(seconds=5)
# Long enough for the retry that is to hear the no; then the same call may be put again,
# because the reviewer may have said "run the tests first".
A_NO_STANDS_FOR = timedelta(minutes=10)
LOOK_BACK = 50  # newest approvals of the run that are searched for an earlier, same call


@dataclass(frozen=True)
class ToolCall:
    """
    A call that wants permission, as the agent describes it.

    :ivar arguments: exactly what would run
    :ivar run: the session; approvals are shared within it and never beyond
    :ivar says: what else the agent says of it; shown to the reviewer as its claim
    """

    action: str
    arguments: Mapping[str, Any]
    checkpoint: str
    run: str
    client: str
    says: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    response: Mapping[str, Any] | None = None

    def fingerprint(self) -> str:
        """
        The same for the same call, in any process.

        :raises UnsendableValue: no JSON would carry the arguments exactly
        """
        return hashlib.sha256(canonical([self.client, self.body()])).hexdigest()

    def body(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "arguments": dict(self.arguments),
            "checkpoint": self.checkpoint,
            "context": {**self.context, "agent_says": dict(self.says)},
            "run": self.run[-200:],  # the server's limit; all of it is in what the agent says
            "response": self.response,
        }


@dataclass(frozen=True)
class Answer:
    """
    What to tell the client.

    :ivar arguments: what to run, as finally approved; None: nothing may run
    :ivar sentence: why not, or what the reviewer said
    :ivar pending: a person may still say yes; ask again
    """

    arguments: dict[str, Any] | None
    sentence: str = ""
    pending: bool = False


def permit(
    client: Client,
    call: ToolCall,
    *,
    wait: timedelta,
    on_wait: Callable[[Approval], None] = lambda approval: None,
) -> Answer:
    """
    Ask for permission to run `call` once, and take it if it is given.

    Submits the call unless a request for it stands already, waits for the decision, and
    takes the permission. What the server or the connection refuses is an answer, too.

    :param on_wait: called before each look at the server, and before anything is taken;
        what it raises ends the call with the permission untouched
    """
    deadline = time.monotonic() + wait.total_seconds()
    try:
        approval = _newest(client, call) or _submit(client, call, after=None)
        while True:
            found_pending = approval.is_pending
            approval = watch(client, approval, deadline=deadline, on_wait=on_wait)
            on_wait(approval)
            answer = _answer_of(client, approval, found_pending=found_pending)
            if answer is not None:
                return answer
            approval = _submit(client, call, after=approval)
    except PlacetError as error:
        return Answer(None, f"Placet gives no permission: {error}")


def request(client: Client, call: ToolCall) -> Approval:
    """
    The request for `call` that is still pending, or else a new one.

    For clients that hold on to its id. A decided one is not shared: whether its permission
    is spent cannot be seen, and an answer given once is not the answer for ever.
    """
    newest = _newest(client, call)
    if newest is not None and newest.is_pending:
        return newest
    source = {"client": call.client, "call": call.fingerprint()}
    return client.submit(**call.body(), source=source)


def watch(
    client: Client,
    approval: Approval,
    *,
    deadline: float,
    on_wait: Callable[[Approval], None],
) -> Approval:
    """
    The approval once it is decided or a reviewer said something, else as it is at `deadline`.

    :raises ServerUnreachable: out of reach at `deadline`; how it stands is unknown
    """
    heard = len(approval.raw.get("feedback", ()))
    while approval.is_pending and len(approval.raw.get("feedback", ())) == heard:
        left = timedelta(seconds=deadline - time.monotonic())
        if left <= timedelta(0):
            break
        on_wait(approval)
        try:
            approval = client.wait(approval, timeout=min(LOOK_FOR, left))
        except NotDecidedInTime as undecided:
            approval = cast(Approval, undecided.last_seen)
        except ServerUnreachable:
            # It has tried for as long as this look was to last.
            if time.monotonic() >= deadline:
                raise
    return approval


def _answer_of(client: Client, approval: Approval, *, found_pending: bool) -> Answer | None:
    """What to say; None if this permission is spent and the call has to be put again."""
    if approval.is_pending:
        return Answer(None, _words.still_pending(approval), pending=True)
    if approval.may_proceed:
        return _take(client, approval, found_pending=found_pending)
    if approval.status == "changes_requested":
        return _hand_on_the_wish(client, approval)
    if not found_pending and _may_be_put_again(approval):
        return None
    return Answer(None, _words.refused(approval))


def _take(client: Client, approval: Approval, *, found_pending: bool) -> Answer | None:
    try:
        client.consume(approval)
    except GrantConsumed:
        # Somebody who waited for the same decision was faster: they have its one run.
        return Answer(None, _words.taken_by_another(approval)) if found_pending else None
    except AlreadySettled:
        return None  # approved, but too long ago to be run
    except AnswerLost:
        return Answer(None, _words.perhaps_taken(approval))
    return Answer(approval.arguments, _words.permitted(approval))


def _hand_on_the_wish(client: Client, approval: Approval) -> Answer:
    """
    Tell the agent what to change, and withdraw the request.

    What it does next is another call, which makes its own request; this one would wait for
    a revision that never comes.
    """
    sentence = _words.wants_changes(approval)
    try:
        client.cancel(approval, reason="The agent was told what to change; it will ask anew.")
    except AlreadySettled:
        pass  # whoever else waited for it has done so
    except PlacetError as error:
        sentence += f" (The request could not be withdrawn: {error.detail})"
    return Answer(None, sentence)


def _may_be_put_again(approval: Approval) -> bool:
    if approval.status in ("pending", "changes_requested"):
        return False
    decided_at = approval.decision.decided_at if approval.decision else None
    if approval.status != "rejected" or decided_at is None:
        return True
    return datetime.now(timezone.utc) - decided_at > A_NO_STANDS_FOR


def _newest(client: Client, call: ToolCall) -> Approval | None:
    """The last request for the same call, if it is among the last of the run."""
    label = call.fingerprint()
    latest = islice(client.list(run=call.body()["run"], limit=LOOK_BACK), LOOK_BACK)
    labelled = (seen for seen in latest if _source(seen).get("call") == label)
    return next((seen for seen in labelled if _runs(seen, call)), None)


def _runs(approval: Approval, call: ToolCall) -> bool:
    """Whether this was asked for what `call` would run: a label alone is not believed."""
    return (
        approval.raw["checkpoint"]["name"] == call.checkpoint
        and approval.action == call.action
        and canonical(approval.raw["arguments"]) == canonical(call.arguments)
    )


def _submit(client: Client, call: ToolCall, *, after: Approval | None) -> Approval:
    """
    Put the call, as the successor of `after`.

    The key follows from the call and its place in the row of same calls: whoever puts it at
    the same time puts the same request.
    """
    fingerprint = call.fingerprint()
    place = 0 if after is None else _source(after).get("place", 0) + 1
    body = call.body()
    if after is not None:
        body["context"]["same_call_before"] = {"approval": after.id, "came_to": after.status}
    return client.submit(
        **body,
        source={"client": call.client, "call": fingerprint, "place": place},
        idempotency_key=f"{fingerprint}-{place}",
    )


def _source(approval: Approval) -> Mapping[str, Any]:
    return approval.raw.get("source") or {}
