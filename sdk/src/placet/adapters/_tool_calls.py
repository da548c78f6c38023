"""
Calls that want permission, and the requests made for them.

A client gives up, dies and asks again, and nothing is kept here: the server's list of
approvals is the memory. A call is known by what would run, where and in which session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .. import Approval, Client
from .._canonical import canonical

LOOK_BACK = 20  # newest approvals of the run that are searched for an earlier, same call


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
            "run": self.run[-200:],  # the server takes no longer name
            "response": self.response,
        }


def request(client: Client, call: ToolCall) -> Approval:
    """
    The request for `call` that is still pending, or else a new one.

    For clients that hold on to its id. A decided one is not shared: whether its permission
    is spent cannot be seen, and an answer given once is not the answer for ever.
    """
    earlier = newest(client, call)
    if earlier is not None and earlier.is_pending:
        return earlier
    source = {"client": call.client, "call": call.fingerprint()}
    return client.submit(**call.body(), source=source)


def newest(client: Client, call: ToolCall) -> Approval | None:
    """The last request for the same call, if it is among the last of the run."""
    label = call.fingerprint()
    latest = islice(client.list(run=call.body()["run"], limit=LOOK_BACK), LOOK_BACK)
    labelled = (seen for seen in latest if _source(seen).get("call") == label)
    return next((seen for seen in labelled if _runs(seen, call)), None)


def submit(client: Client, call: ToolCall, *, after: Approval | None) -> Approval:
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


def _runs(approval: Approval, call: ToolCall) -> bool:
    """Whether this was asked for what `call` would run: a label alone is not believed."""
    return (
        approval.raw["checkpoint"]["name"] == call.checkpoint
        and approval.action == call.action
        and canonical(approval.raw["arguments"]) == canonical(call.arguments)
    )


def _source(approval: Approval) -> Mapping[str, Any]:
    return approval.raw.get("source") or {}
