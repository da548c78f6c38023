"""
A LangGraph graph that pays, in a process of its own.

    paying_graph.py CHECKPOINTS {start|resume} {inbox|node|open} CHECKPOINT THREAD…
"""

import asyncio
import json
import os
import sqlite3
import sys
from typing import Any, Literal

from happenings import happen
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

import placet
from placet.adapters.langgraph import InDoubt, NotAnswerable, ReviewedGraph, approve

PAYMENT = {"eur": 900, "to": {"iban": "DE00", "name": "Ann"}}
client = placet.Client()


class State(TypedDict, total=False):
    thread: str
    said: str


class Answer(TypedDict):
    size: Literal["small", "large"]
    count: int


def inbox(state: State) -> State:
    """As Agent Inbox's users write it."""
    config = {"allow_accept": True, "allow_edit": True, "allow_ignore": True, "allow_respond": True}
    request = {
        "action_request": {"action": "pay", "args": PAYMENT},
        "config": config,
        "description": f"Pays for {state['thread']}.",
    }
    (answer,) = interrupt([request])
    if answer["type"] == "accept":
        happen(thread=state["thread"], **PAYMENT)
    if answer["type"] == "edit":
        happen(thread=state["thread"], **answer["args"]["args"])
    return {"said": json.dumps(answer)}


def node(state: State) -> State:
    """As ours write it."""
    permission = approve(client, "pay", PAYMENT, description=f"Pays for {state['thread']}.")
    if permission.may_proceed:
        happen(thread=state["thread"], **permission.arguments)
        client.report(permission.approval, "succeeded")
    return {"said": permission.words}


async def async_node(state: State) -> State:
    permission = await asyncio.to_thread(approve, client, "pay", PAYMENT)
    if permission.may_proceed:
        happen(thread=state["thread"], **permission.arguments)
    return {"said": permission.words}


def open_question(state: State) -> State:
    """Neither a tool nor an action: a form."""
    answer = interrupt("Which box, and how many?", response_schema=Answer)
    happen(thread=state["thread"], **answer)
    return {"said": json.dumps(answer)}


NODES = {"inbox": inbox, "node": node, "async": async_node, "open": open_question}


def builder(shape: str) -> StateGraph:
    graph = StateGraph(State)
    graph.add_node("pay", NODES[shape])
    graph.add_edge(START, "pay")
    return graph


def outcome(thread: str, run: Any) -> dict[str, Any]:
    waiting = [approval.id for approval in run.waiting]
    return {"waiting": waiting, "done": run.done, "said": run.values.get("said")}


def main(checkpoints: str, what: str, shape: str, checkpoint: str, *threads: str) -> Any:
    if shape == "async":
        return asyncio.run(in_a_loop(checkpoints, what, checkpoint, *threads))
    connection = sqlite3.connect(checkpoints, check_same_thread=False, timeout=30)
    graph = builder(shape).compile(checkpointer=SqliteSaver(connection))
    reviewed = ReviewedGraph(graph, client, checkpoint=checkpoint)
    ended = {}
    for thread in threads:
        config = {"configurable": {"thread_id": thread}}
        for _ in range(int(os.environ.get("DELIVERIES", "1"))):
            try:
                if what == "start":
                    run = reviewed.invoke({"thread": thread}, config)
                else:
                    run = reviewed.resume(config)
                ended[thread] = outcome(thread, run)
            except (InDoubt, NotAnswerable) as error:
                ended[thread] = {"raised": error.code}
    return ended


async def in_a_loop(checkpoints: str, what: str, checkpoint: str, *threads: str) -> Any:
    async with AsyncSqliteSaver.from_conn_string(checkpoints) as saver:
        graph = builder("async").compile(checkpointer=saver)
        reviewed = ReviewedGraph(graph, client, checkpoint=checkpoint)
        ended = {}
        for thread in threads:
            config = {"configurable": {"thread_id": thread}}
            if what == "start":
                run = await reviewed.ainvoke({"thread": thread}, config)
            else:
                runs = await asyncio.gather(*[reviewed.aresume(config) for _ in range(5)])
                run = runs[-1]
            ended[thread] = outcome(thread, run)
        return ended


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
