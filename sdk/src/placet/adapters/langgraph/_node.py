"""Asking from inside a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langgraph.config import get_config
from langgraph.types import interrupt
from pydantic import BaseModel

from placet import Approval, Client, GrantConsumed, NotFound
from placet._canonical import action_digest

from ._questions import Question, parsed
from ._rulings import TAKEN_BEFORE, Ruling
from ._taking import take
from ._threads import run_of


@dataclass(frozen=True)
class Permission:
    """
    What a person decided about a node's proposal.

    :ivar may_proceed: the one thing to obey
    :ivar arguments: what to run it with, as amended; empty if it may not run
    :ivar words: what people said, or why it may not run; for a model to read
    :ivar taken_before: it was permitted and taken by an earlier run of this node, which may
        or may not have come to act
    :ivar approval: to report the outcome of
    """

    may_proceed: bool
    arguments: dict[str, Any]
    words: str
    approval: Approval
    taken_before: bool = False


def approve(
    client: Client,
    action: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    description: str = "",
    **fields: Any,
) -> Permission:
    """
    Pause the graph until a person has decided; then take the permission.

    Call it once in a node, before the one thing that the node does: LangGraph runs a node
    from its start again when it is resumed. However often that happens, and whatever the
    graph is resumed with, the server is asked what was decided and gives the permission once.

    In an async node: `await asyncio.to_thread(approve, client, …)`.

    :param arguments: exactly what would run
    :param fields: of the submission, such as `checkpoint`, `context`, `risk_score`; they go
        before those of the `ReviewedGraph`. They are kept in the thread's checkpoints.
    :raises UnsendableValue: no JSON form would carry the arguments exactly
    """
    proposed = dict(arguments or {})
    digest = action_digest(action=action, arguments=proposed)
    value = {
        "type": "placet_approval",
        "action": action,
        "arguments": proposed,
        "description": description,
        "fields": fields,
    }
    while True:
        told = interrupt(value)
        approval = _decided(client, told, digest=digest)
        if approval is not None:
            return _permission(client, approval)
        # That was no answer to this question. It is asked again, as the next interrupt.


def _decided(client: Client, told: Any, *, digest: str) -> Approval | None:
    """The approval that we are told of, if it is one of this proposal in this thread."""
    id = told.get("approval") if isinstance(told, Mapping) else None
    if not isinstance(id, str) or not id:
        return None
    try:
        approval = client.get(id)
    except NotFound:
        return None
    submitted = action_digest(action=approval.action, arguments=approval.raw["arguments"])
    run = run_of(str(get_config()["configurable"]["thread_id"]))
    if approval.is_pending or submitted != digest or approval.raw.get("run") != run:
        return None
    return approval


def _permission(client: Client, approval: Approval) -> Permission:
    try:
        ruling = take(client, approval)
    except GrantConsumed:
        return Permission(False, {}, TAKEN_BEFORE, approval, taken_before=True)
    return Permission(ruling.is_yes, ruling.arguments, ruling.words, approval)


class _Asked(BaseModel):
    type: Literal["placet_approval"]
    action: str
    arguments: dict[str, Any]
    description: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class NodeApproval:
    """The shape that `approve` asks in."""

    question: Question
    client = "langgraph"
    takes_permission = True

    @property
    def questions(self) -> list[Question]:
        return [self.question]

    def answer(self, rulings: Sequence[Ruling], approvals: Sequence[str]) -> Any:
        return {"approval": approvals[0]}


def read(value: Any) -> NodeApproval | None:
    asked = parsed(_Asked, value)
    if asked is None:
        return None
    return NodeApproval(
        Question(
            action=asked.action,
            arguments=asked.arguments,
            allowed=("approve", "modify", "reject", "request_changes"),
            description=asked.description,
            fields=asked.fields,
        )
    )
