"""
A LangGraph graph that refunds an order if a person permits it.

    pip install 'placet[langgraph]' langgraph-checkpoint-sqlite
    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
    python langgraph_agent.py 4711

It asks, prints where to decide, and waits. Stop it while it waits and start it again, or kill
it: it goes on where it was, and it pays at most once.
"""

import sqlite3
import sys
from datetime import timedelta
from typing import TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph

import placet
from placet.adapters.langgraph import ReviewedGraph, approve

client = placet.Client()


class State(TypedDict, total=False):
    order: str
    result: str


def refund(state: State) -> State:
    permission = approve(
        client,
        "refund",
        {"order": state["order"], "customer": "M. Tanaka", "amount": 90},
        context={"rationale": "The parcel arrived damaged."},
    )
    if not permission.may_proceed:
        return {"result": f"Not refunded. {permission.words}".strip()}
    paid = permission.arguments["amount"]  # as amended by the reviewer, if they did
    client.report(permission.approval, "succeeded")
    return {"result": f"Refunded {paid} for order {state['order']}."}


def main(order: str, database: str = "langgraph_agent.sqlite") -> None:
    connection = sqlite3.connect(database, check_same_thread=False)
    builder = StateGraph(State).add_node("refund", refund).add_edge(START, "refund")
    graph = builder.compile(checkpointer=SqliteSaver(connection))
    reviewed = ReviewedGraph(graph, client, checkpoint="refunds")
    thread = {"configurable": {"thread_id": f"refund-{order}"}}

    if not graph.get_state(thread).values:
        reviewed.invoke({"order": order}, thread)
    run = reviewed.resume(thread)
    for approval in run.waiting:
        print("Decide at", approval.url, flush=True)
    if run.waiting:
        run = reviewed.resume(thread, wait=timedelta(minutes=30))
    print(run.values.get("result", "Nobody has decided yet; start me again."))
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:] or ["4711"])
