"""
An agent of the OpenAI Agents SDK with two tools.

As a program it is one process of that agent: `openai_desk.py start|resume FOLDER`.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call
from effects import Effects
from pydantic import BaseModel

import placet
from placet.adapters.openai_agents import Gate, Paused

set_tracing_disabled(True)


class Line(BaseModel):
    sku: str
    count: int


def tools(folder: Path) -> list[Any]:
    effects = Effects(folder)

    @function_tool
    def refund(order: str, eur: float, lines: list[Line]) -> str:
        assert type(eur) is float
        effects.leave({"order": order, "eur": eur, "lines": [line.model_dump() for line in lines]})
        return f"refunded {order}"

    @function_tool
    def drop(path: str) -> str:
        effects.leave({"drop": path})
        if path == "/full":
            raise OSError("disk full")
        return f"dropped {path}"

    return [refund, drop]


def _outputs(call: Any) -> list[Any]:
    seen = {
        item["call_id"]: item["output"]
        for item in call.input
        if isinstance(item, dict) and item.get("type") == "function_call_output"
    }
    return [assistant_message(json.dumps(seen))]


# The last turn of the scripted models: what all tools put out, as the final answer.
says_what_it_saw = ModelStep.respond(_outputs)


def refunding(id: str, **changes: Any) -> Any:
    arguments = {"order": "A1", "eur": 900.0, "lines": [{"sku": "s", "count": 2}], **changes}
    return function_call("refund", arguments, call_id=id)


def dropping(id: str, path: str = "/reports") -> Any:
    return function_call("drop", {"path": path}, call_id=id)


def agent_of(tools: list[Any], *turns: Any) -> Agent[Any]:
    """An agent whose model says these turns."""
    return Agent(name="desk", model=ScriptedModel(turns), tools=tools)


async def main(what: str, folder: Path) -> None:
    with placet.Client() as client:
        gate = Gate(client, checkpoint="tools")
        gated = [gate.tool(tool) for tool in tools(folder)]
        saved = folder / "paused.json"
        if what == "start":
            turn = [refunding("c1"), refunding("c2", order="B2", eur=20.0), dropping("c3")]
            agent = agent_of(gated, turn)
            result = await Runner.run(agent, "Settle the complaints.")
            paused = await gate.ask(result, run=folder.name)
            assert paused
            saved.write_text(paused.to_json())
            return
        agent = agent_of(gated, says_what_it_saw)
        paused = await Paused.from_json(agent, saved.read_text())
        result = await gate.resume(agent, paused)
        print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
