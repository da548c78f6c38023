"""What was decided, as the framework wants to hear it."""

from __future__ import annotations

from typing import Any

from pydantic_ai import DeferredToolRequests, DeferredToolResults, ToolApproved, ToolDenied
from pydantic_ai.exceptions import ToolFailed

from ..._approval import Approval
from .. import _taking
from .._turns import Turn
from ._toolset import APPROVAL


def results_of(requests: DeferredToolRequests, turn: Turn) -> DeferredToolResults:
    """
    The results of a decided turn, each under the id of its call.

    Arguments are passed on only where a reviewer changed them; what then runs is what the
    server has, whatever happens to these results on their way.
    """
    results = requests.build_results(
        approvals={
            part.tool_call_id: ToolDenied(f"Not carried out. {turn.unaskable[part.tool_call_id]}")
            for part in requests.approvals
            if part.tool_call_id in turn.unaskable
        },
        calls={
            part.tool_call_id: ToolFailed(f"Not asked. {turn.unaskable[part.tool_call_id]}")
            for part in requests.calls
            if part.tool_call_id in turn.unaskable
        },
    )
    permissions = {part.tool_call_id for part in requests.approvals}
    for id, approval in turn.approvals.items():
        if id in permissions:
            results.approvals[id] = _permission(approval)
            results.metadata[id] = {APPROVAL: approval.id}
        else:
            results.calls[id] = _answer(approval)
        results.answered_by[id] = _who(approval)
    return results


def _permission(approval: Approval) -> ToolApproved | ToolDenied:
    if not approval.may_proceed:
        return ToolDenied(_taking.denial(approval))
    changed = approval.status == "modified"
    return ToolApproved(override_args=approval.arguments if changed else None)


def _answer(approval: Approval) -> Any:
    decision = approval.decision
    if not approval.may_proceed or decision is None or decision.answer is None:
        return ToolFailed(_taking.denial(approval))
    return decision.answer


def _who(approval: Approval) -> str:
    decision = approval.decision
    names = [str(vote["name"]) for vote in decision.by] if decision else []
    return ", ".join(names) or (decision.via if decision else approval.status)
