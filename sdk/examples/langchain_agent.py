"""
A LangChain agent whose tools run when a person permits it.

    pip install 'placet[langchain]' langgraph-checkpoint-sqlite
    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
    python langchain_agent.py 4711

Its model is a stand-in that needs no key: it asks for one refund, and then repeats what it was
told. It asks, prints where to decide, and waits. Stop it while it waits and start it again, or
kill it: it goes on where it was, and no tool runs twice.
"""

import sqlite3
import sys
from datetime import timedelta
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.sqlite import SqliteSaver

import placet
from placet.adapters.langchain import ApprovalMiddleware, Question, ReviewedGraph


def refund(order: str, customer: str, amount: float) -> str:
    """Pay an order's money back."""
    return f"Refunded {amount:g} to {customer} for order {order}."


class StandIn(BaseChatModel):
    """Put the model of your choice in its place."""

    def bind_tools(self, tools: Any, **options: Any) -> "StandIn":
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, HumanMessage):
            order = last.text.split()[-1]
            arguments = {"order": order, "customer": "M. Tanaka", "amount": 90}
            call = {"id": f"refund-{order}", "name": "refund", "args": arguments}
            message = AIMessage("", tool_calls=[{**call, "type": "tool_call"}])
        else:
            message = AIMessage(last.text)
        return ChatResult(generations=[ChatGeneration(message=message)])

    @property
    def _llm_type(self) -> str:
        return "stand-in"


def reasons(question: Question) -> dict[str, str]:
    """What the reviewer is told besides the arguments; the checkpoint wants a rationale."""
    return {"rationale": f"The model called {question.action} for a damaged parcel."}


def main(order: str, database: str = "langchain_agent.sqlite") -> None:
    client = placet.Client()
    connection = sqlite3.connect(database, check_same_thread=False)
    agent = create_agent(
        StandIn(),
        [refund],
        middleware=[ApprovalMiddleware({"refund": True}, client=client)],
        checkpointer=SqliteSaver(connection),
    )
    reviewed = ReviewedGraph(agent, client, checkpoint="refunds", context=reasons)
    thread = {"configurable": {"thread_id": f"order-{order}"}}

    state = agent.get_state(thread)
    if not state.values:
        reviewed.invoke({"messages": [HumanMessage(f"Refund order {order}")]}, thread)
    elif state.next and not state.interrupts:
        reviewed.invoke(None, thread)  # it was killed at work
    run = reviewed.resume(thread)
    for approval in run.waiting:
        print("Decide at", approval.url, flush=True)
    if run.waiting:
        run = reviewed.resume(thread, wait=timedelta(minutes=30))
    print(run.values["messages"][-1].text if run.done else "Start me again to go on.")
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:] or ["4711"])
