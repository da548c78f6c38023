"""An agent's interrupts, put before people; their decisions, as what resumes the agent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..._approval import Approval
from .. import _taking

Wire = Mapping[str, Any]


def request_for(
    interrupt: Wire,
    *,
    checkpoint: str,
    at: datetime,
    tool_call: Wire | None = None,
    run: str | None = None,
) -> dict[str, Any]:
    """
    The submission that puts an interrupt before a person, for `Client.submit_group`.

    The reviewer is offered what the interrupt's `responseSchema` can carry: an edit only if
    it has `editedArgs`, words or data if it has no `approved`.

    :param tool_call: the call it names, as in the thread's messages:
        `{"id", "type", "function": {"name", "arguments"}}`
    :param at: now, aware
    :param run: the thread's id
    :raises ValueError: it has expired, or it names a call that was not given
    """
    schema = _schema(interrupt)
    request: dict[str, Any] = {
        "checkpoint": checkpoint,
        "action": str(interrupt["reason"]),
        "context": {
            key: interrupt[key] for key in ("message", "reason") if interrupt.get(key) is not None
        },
        "source": {"client": "ag-ui", "native_id": interrupt["id"]},
    }
    if run is not None:
        request["run"] = run
    if left := _seconds_left(interrupt, at=at):
        request["expires_in_seconds"] = left
    if interrupt.get("toolCallId") is not None:
        request |= _of_call(interrupt, tool_call)
    if _wants_approval(interrupt):
        allowed = (
            ["approve", "modify", "reject"] if _takes_edits(interrupt) else ["approve", "reject"]
        )
        return {**request, "allowed_decisions": [*allowed, "request_changes"]}
    return {**request, "response": {"type": "freeform", "schema": schema}}


def resume(
    interrupts: Sequence[Wire], approvals: Mapping[str, Approval], *, at: datetime
) -> list[dict[str, Any]]:
    """
    The `resume` list of the next run: an entry for every interrupt, or nothing at all.

    :param approvals: by interrupt id
    :raises ValueError: one is not decided yet, or was not asked about; leaving it out
        would not abandon it
    """
    missing = [i["id"] for i in interrupts if i["id"] not in approvals]
    pending = [
        i["id"] for i in interrupts if i["id"] in approvals and approvals[i["id"]].is_pending
    ]
    if missing or pending:
        raise ValueError(f"Not all is decided: not asked {missing}, pending {pending}.")
    return [_entry(interrupt, approvals[interrupt["id"]], at=at) for interrupt in interrupts]


def _of_call(interrupt: Wire, tool_call: Wire | None) -> dict[str, Any]:
    if tool_call is None or tool_call["id"] != interrupt["toolCallId"]:
        raise ValueError(f"Interrupt {interrupt['id']} is about call {interrupt['toolCallId']}.")
    arguments = json.loads(tool_call["function"]["arguments"] or "{}")
    found = {"action": tool_call["function"]["name"], "arguments": arguments}
    edited = _schema(interrupt).get("properties", {}).get("editedArgs", {})
    if _takes_edits(interrupt) and edited.get("properties"):
        # Its description is for the form; what it says of the arguments is what counts.
        found["arguments_schema"] = edited
    return found


def _schema(interrupt: Wire) -> dict[str, Any]:
    return dict(interrupt.get("responseSchema") or {})


def _wants_approval(interrupt: Wire) -> bool:
    """Whether a yes or a no answers it."""
    schema = _schema(interrupt)
    return (
        interrupt["reason"] in ("tool_call", "confirmation")
        or "approved" in schema.get("properties", {})
        or schema.get("type") == "boolean"
    )


def _takes_edits(interrupt: Wire) -> bool:
    properties = _schema(interrupt).get("properties", {})
    # A fingerprint is of the action as proposed: an edited one could not echo it.
    return "editedArgs" in properties and "approvedActionFingerprint" not in properties


def _seconds_left(interrupt: Wire, *, at: datetime) -> int | None:
    """Whole seconds until it expires; None if it does not, or says so in no way we can read."""
    ends = _expiry(interrupt)
    if ends is None:
        return None
    left = int((ends - at).total_seconds())
    if left < 1:
        raise ValueError(f"Interrupt {interrupt['id']} has expired; it can only be abandoned.")
    return left


def _expiry(interrupt: Wire) -> datetime | None:
    # The protocol does not constrain the format; the date it conventionally is, is read.
    try:
        ends = datetime.fromisoformat(str(interrupt.get("expiresAt")).replace("Z", "+00:00"))
    except ValueError:
        return None
    return ends if ends.tzinfo else ends.replace(tzinfo=timezone.utc)


def _entry(interrupt: Wire, approval: Approval, *, at: datetime) -> dict[str, Any]:
    decision = approval.decision
    proof = {
        "approval_id": approval.id,
        "status": approval.status,
        "via": decision.via if decision else None,
        "grant": approval.grant,  # signed: the agent can check it, and must consume it
    }
    entry = {"interruptId": interrupt["id"], "metadata": {"placet": proof}}
    ends = _expiry(interrupt)
    if approval.status == "cancelled" or (ends is not None and ends <= at):
        return {**entry, "status": "cancelled"}
    if _wants_approval(interrupt):
        return {**entry, "status": "resolved", "payload": _verdict(interrupt, approval)}
    if approval.may_proceed and decision is not None and decision.answer is not None:
        return {**entry, "status": "resolved", "payload": decision.answer}
    return {**entry, "status": "cancelled"}  # asked for data, and there is none


def _verdict(interrupt: Wire, approval: Approval) -> Any:
    schema = _schema(interrupt)
    if schema.get("type") == "boolean" or (not schema and interrupt["reason"] == "confirmation"):
        return approval.may_proceed
    properties = schema.get("properties", {})
    payload: dict[str, Any] = {"approved": approval.may_proceed}
    if "approvedActionFingerprint" in properties:
        governance = (interrupt.get("metadata") or {}).get("governance") or {}
        payload["approvedActionFingerprint"] = governance.get("actionFingerprint")
    if approval.status == "modified":
        payload["editedArgs"] = approval.arguments  # the whole of them, never a patch
    if not approval.may_proceed and (
        "reason" in properties or schema.get("additionalProperties") is not False
    ):
        payload["reason"] = _taking.denial(approval)
    return payload
