"""
A LangChain agent that pays, in a process of its own.

    paying_agent.py CHECKPOINTS {start|resume|go_on} MODE [CHECKPOINT] THREAD…
"""

import json
import sqlite3
import sys
from typing import Any

from happenings import happen
from langchain.agents import create_agent
from langgraph.checkpoint.sqlite import SqliteSaver
from told_model import ToldModel, told

import placet
from placet.adapters.langchain import ApprovalMiddleware, ReviewedGraph


def refund(order: str, eur: float, lines: list[dict[str, Any]] | None = None) -> str:
    """Pay money back."""
    happen(tool="refund", order=order, eur=eur, lines=lines)
    return f"refunded {eur}"


def drop(path: str) -> str:
    """Delete a file."""
    happen(tool="drop", path=path)
    return f"dropped {path}"


def agent_with(middleware: Any, checkpoints: str) -> Any:
    connection = sqlite3.connect(checkpoints, check_same_thread=False, timeout=30)
    return create_agent(
        ToldModel(),
        [refund, drop],
        middleware=[middleware],
        checkpointer=SqliteSaver(connection),
    )


def calls_of(thread: str) -> dict[str, Any]:
    lines = [{"sku": "tea", "n": 2}]
    return told(
        (f"{thread}-1", "refund", {"order": thread, "eur": 900, "lines": lines}),
        (f"{thread}-2", "drop", {"path": f"/{thread}"}),
    )


def main(checkpoints: str, what: str, mode: str, checkpoint: str, *threads: str) -> dict[str, Any]:
    client = placet.Client()
    reviewed_tools = {"refund": True, "drop": {"allowed_decisions": ["approve", "reject"]}}
    middleware = ApprovalMiddleware(reviewed_tools, client=client, interrupt_mode=mode)
    reviewed = ReviewedGraph(agent_with(middleware, checkpoints), client, checkpoint=checkpoint)
    told_of = {}
    for thread in threads:
        config = {"configurable": {"thread_id": thread}}
        if what == "resume":
            run = reviewed.resume(config)
        else:
            run = reviewed.invoke(calls_of(thread) if what == "start" else None, config)
        told_of[thread] = {
            "waiting": [approval.id for approval in run.waiting],
            "done": run.done,
            "messages": [
                [message.type, getattr(message, "status", ""), message.text]
                for message in run.values["messages"][1:]
            ],
        }
    return told_of


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
