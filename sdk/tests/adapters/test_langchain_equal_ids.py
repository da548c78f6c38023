"""The model writes the ids of its calls; two that are the same must not lend each other a pass."""

import sqlite3
import uuid

import pytest
from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from told_model import ToldModel, told

from placet.adapters.langchain import ApprovalMiddleware, ReviewedGraph

LARGE = ("x", "refund", {"order": "A1", "eur": 90_000.0})
HARMLESS = {
    "another tool": ("x", "search", {"query": "a"}),
    "what `when` lets pass": ("x", "refund", {"order": "B", "eur": 1.0}),
}
REVIEWED = {
    "another tool": {"refund": True},
    "what `when` lets pass": {
        "refund": {
            "allowed_decisions": ["approve", "reject"],
            "when": lambda request: request.tool_call["args"]["eur"] > 100,
        }
    },
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("mode", ["batched", "per_call"])
@pytest.mark.parametrize("beside", HARMLESS)
def test_a_reviewed_call_waits_beside_one_of_the_same_id(robin, mode, beside, order):
    ran = []

    def refund(order: str, eur: float) -> str:
        """Pay."""
        ran.append((order, eur))
        return "refunded"

    def search(query: str) -> str:
        """Search."""
        return "found"

    middleware = ApprovalMiddleware(REVIEWED[beside], client=robin, interrupt_mode=mode)
    memory = sqlite3.connect(":memory:", check_same_thread=False)
    agent = create_agent(
        ToldModel(), [refund, search], middleware=[middleware], checkpointer=SqliteSaver(memory)
    )
    graph = ReviewedGraph(agent, robin, checkpoint="tools")
    thread = {"configurable": {"thread_id": str(uuid.uuid4())}}

    graph.invoke(told(*[LARGE, HARMLESS[beside]][::order]), thread)

    memory.close()
    assert ("A1", 90_000.0) not in ran
