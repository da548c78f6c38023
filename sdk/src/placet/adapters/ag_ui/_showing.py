"""An approval, shown as an interrupt; what a person said in reply, as a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._approval import Approval

Wire = Mapping[str, Any]


def interrupt_for(approval: Approval) -> dict[str, Any]:
    """
    An approval that waits, as an interrupt for a frontend that speaks AG-UI.

    :raises ValueError: a plan, whose steps no interrupt can show; it is decided on its page
    """
    raw = approval.raw
    if raw.get("steps"):
        raise ValueError(f"A plan is decided step by step, at {raw.get('url')}.")
    asks = (raw.get("response") or {}).get("type", "binary")
    interrupt = {
        "id": approval.id,
        "reason": "tool_call" if asks == "binary" else "input_required",
        "message": raw.get("effect") or approval.action,
        "responseSchema": _answer_schema(raw, asks=asks),
        "expiresAt": raw.get("expires_at"),
        "metadata": {
            "placet": {
                "asks": asks,
                "url": raw.get("url"),
                "revision": approval.revision,
                "digest": approval.digest,
                "action": approval.action,
                "arguments": raw["arguments"],
                "context": raw.get("context"),
                "risk": raw.get("risk"),
                "flags": raw.get("flags"),
            }
        },
    }
    call = (raw.get("source") or {}).get("native_id")
    if asks == "binary" and call is None:
        interrupt["reason"] = "confirmation"  # `tool_call` must name one
    return {**interrupt, "toolCallId": call} if call is not None else interrupt


def decision_for(interrupt: Wire, entry: Wire) -> dict[str, Any] | None:
    """
    What a person said in a frontend, as a body for `POST approvals/{id}/decisions/`.

    It names the revision and the digest that the interrupt showed: what has changed since is
    not decided on. Send it with that person's token; an agent's key can never decide.

    :param interrupt: one that `interrupt_for` made
    :return: None for a cancelled entry: to walk away is no decision
    :raises ValueError: the entry is for another interrupt, or does not fit what was asked
    """
    if entry["interruptId"] != interrupt["id"]:
        raise ValueError(f"{entry['interruptId']} was not asked; {interrupt['id']} was.")
    if entry["status"] == "cancelled":
        return None
    if entry["status"] != "resolved":
        raise ValueError(f"There is no status {entry['status']!r}.")
    seen = interrupt["metadata"]["placet"]
    body = {"revision": seen["revision"], "digest": seen["digest"]}
    payload = entry.get("payload")
    if seen["asks"] != "binary":
        if payload is None:
            raise ValueError("There is no answer.")
        answer = "selected" if seen["asks"] == "multiselect" else "answer"
        return {**body, "verdict": "approve", answer: payload}
    if not isinstance(payload, Mapping) or not isinstance(payload.get("approved"), bool):
        raise ValueError("The payload must say approved: true or false.")  # "yes" and 1 do not
    words = {"feedback": payload["reason"]} if payload.get("reason") else {}
    if not payload["approved"]:
        return {**body, **words, "verdict": "reject"}
    if payload.get("editedArgs") is None:
        return {**body, **words, "verdict": "approve"}
    return {**body, **words, "verdict": "modify", "arguments": payload["editedArgs"]}


def _answer_schema(raw: Wire, *, asks: str) -> dict[str, Any]:
    if asks == "freeform":
        return dict(raw["response"].get("schema") or {"type": "string"})
    if asks == "multiselect":
        options = [option["id"] for option in raw["response"]["options"]]
        return {"type": "array", "items": {"enum": options}, "uniqueItems": True}
    properties: dict[str, Any] = {"approved": {"type": "boolean"}, "reason": {"type": "string"}}
    if "modify" in (raw.get("allowed_decisions") or ()):
        properties["editedArgs"] = dict(raw.get("arguments_schema") or {"type": "object"})
    return {"type": "object", "properties": properties, "required": ["approved"]}
