"""
One tool call, one permission: what the MCP server and the Claude Code hook share.

Every permission is taken before "allow" is said. So a retry finds its decision, and the next
call that looks the same finds the permission spent, and asks anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
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
from . import _words
from ._tool_calls import ToolCall, newest, submit

# Between two looks a caller that gave up is noticed, and one that waits is told so.
LOOK_FOR = timedelta(seconds=5)
# Long enough for the retry that is to hear the no; then the same call may be put again,
# because the reviewer may have said "run the tests first".
A_NO_STANDS_FOR = timedelta(minutes=10)


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
        approval = newest(client, call) or submit(client, call, after=None)
        while True:
            found_pending = approval.is_pending
            approval = watch(client, approval, deadline=deadline, on_wait=on_wait)
            on_wait(approval)
            answer = _answer_of(client, approval, found_pending=found_pending)
            if answer is not None:
                return answer
            approval = submit(client, call, after=approval)
    except PlacetError as error:
        return Answer(None, f"Placet gives no permission: {error}")


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
    """Whether this end of it, found and not waited for, leaves room for the same call anew."""
    if approval.status == "cancelled":
        return True
    decided_at = approval.decision.decided_at if approval.decision else None
    if approval.status != "rejected" or decided_at is None:
        return False
    return datetime.now(timezone.utc) - decided_at > A_NO_STANDS_FOR
