"""
What one writes first, and what is found in the wild: every answer that arrives is passed on.

Kept beside the adapters so that their tests can show what each guard is for.
"""

from typing import Any

from langgraph.types import Command

from placet import Approval


def resume(graph: Any, config: Any, answer: Any) -> Any:
    return graph.invoke(Command(resume=answer), config)


def on_webhook(graph: Any, config: Any, approval: Approval) -> Any:
    """Agent Inbox's answer, whatever waits now."""
    kind = "accept" if approval.may_proceed else "ignore"
    return resume(graph, config, [{"type": kind, "args": None}])


def decisions_of(approvals: list[Approval]) -> dict[str, Any]:
    """LangChain's answer, made of what is decided by now."""
    decided = [approval for approval in approvals if not approval.is_pending]
    return {"decisions": [decision_of(approval) for approval in decided]}


def decision_of(approval: Approval) -> dict[str, Any]:
    if approval.status == "modified":
        action = {"name": approval.action, "args": approval.arguments}
        return {"type": "edit", "edited_action": action}
    return {"type": "approve" if approval.may_proceed else "reject"}
