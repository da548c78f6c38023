"""What an agent is told of an approval it asked for by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import AnswerLost, Approval, Client, Conflict, NotApproved
from . import _words


def told(approval: Approval) -> dict[str, Any]:
    """The approval in short; with arguments only where they may run."""
    decision = approval.decision
    return {
        "id": approval.id,
        "url": approval.url,
        "status": approval.status,
        "may_proceed": approval.may_proceed,
        "arguments": approval.arguments if approval.may_proceed else None,
        "via": decision.via if decision else None,
        "feedback": decision.feedback if decision else _words.said_so_far(approval),
        "answer": decision.answer if decision else None,
        "selected": _labels(approval, decision.selected) if decision else None,
    }


def take(client: Client, approval: Approval) -> dict[str, Any]:
    """Take the permission; what may run, or why nothing may."""
    try:
        client.consume(approval)
    except (AnswerLost, Conflict, NotApproved) as refusal:
        return {"taken": False, "reason": f"{refusal.detail} Do not run it."}
    return {"taken": True, "action": approval.action, "arguments": approval.arguments}


def response_for(options: Sequence[str] | None) -> dict[str, Any]:
    """The form of answer to a question: free, or any of these options."""
    if not options:
        return {"type": "freeform"}
    numbered = [{"id": str(number), "label": text} for number, text in enumerate(options, 1)]
    return {"type": "multiselect", "options": numbered}


def _labels(approval: Approval, selected: Sequence[str] | None) -> list[str] | None:
    if selected is None:
        return None
    options = (approval.raw.get("response") or {}).get("options") or ()
    labels = {option["id"]: option["label"] for option in options}
    return [labels.get(id, id) for id in selected]
