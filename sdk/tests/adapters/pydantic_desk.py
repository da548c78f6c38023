"""
An agent of Pydantic AI with tools and questions.

As a program it is one process of that agent: `pydantic_desk.py start|resume FOLDER`.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from effects import Effects
from pydantic import BaseModel, TypeAdapter
from pydantic_ai import Agent, CallDeferred, DeferredToolRequests, ModelMessagesTypeAdapter
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.toolsets import FunctionToolset

import placet
from placet.adapters.pydantic_ai import Gate

REQUESTS = TypeAdapter(DeferredToolRequests)


class Line(BaseModel):
    sku: str
    count: int


def tools(folder: Path) -> FunctionToolset[Any]:
    effects = Effects(folder)
    toolset: FunctionToolset[Any] = FunctionToolset()

    @toolset.tool_plain
    def refund(order: str, eur: float, lines: list[Line]) -> str:
        assert type(eur) is float
        effects.leave({"order": order, "eur": eur, "lines": [line.model_dump() for line in lines]})
        return f"refunded {order}"

    @toolset.tool_plain(requires_approval=True)
    def drop(path: str) -> str:
        effects.leave({"drop": path})
        if path == "/full":
            raise OSError("disk full")
        return f"dropped {path}"

    return toolset


def questions() -> FunctionToolset[Any]:
    toolset: FunctionToolset[Any] = FunctionToolset()

    @toolset.tool_plain
    def ask(question: str) -> str:
        raise CallDeferred(kind="question")

    @toolset.tool_plain
    def ship(order: str) -> str:
        raise CallDeferred

    return toolset


def refunding(id: str, **changes: Any) -> ToolCallPart:
    arguments = {"order": "A1", "eur": 900.0, "lines": [{"sku": "s", "count": 2}], **changes}
    # As text, as many providers send them.
    return ToolCallPart("refund", json.dumps(arguments), tool_call_id=id)


def dropping(id: str, path: str = "/reports") -> ToolCallPart:
    return ToolCallPart("drop", {"path": path}, tool_call_id=id)


def asking(id: str) -> ToolCallPart:
    return ToolCallPart("ask", {"question": "Which one?"}, tool_call_id=id)


def scripted(*turns: Sequence[ToolCallPart]) -> FunctionModel:
    """A model that makes these calls, turn by turn, and then says what it saw of all tools."""

    def respond(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        said = [message for message in messages if isinstance(message, ModelResponse)]
        if len(said) < len(turns):
            return ModelResponse(parts=list(turns[len(said)]))
        seen = {
            part.tool_call_id: [part.outcome, part.content]
            for message in messages
            for part in message.parts
            if isinstance(part, ToolReturnPart)
        }
        return ModelResponse(parts=[TextPart(json.dumps(seen))])

    return FunctionModel(respond)


def agent_of(
    toolset: Any, *turns: Sequence[ToolCallPart], capabilities: Any = ()
) -> Agent[Any, Any]:
    return Agent(
        scripted(*turns),
        toolsets=[toolset, questions()],
        output_type=[str, DeferredToolRequests],
        capabilities=list(capabilities),
    )


def main(what: str, folder: Path) -> None:
    saved, history = folder / "requests.json", folder / "messages.json"
    with placet.Client() as client:
        gate = Gate(client, checkpoint=lambda call: "questions" if call.is_question else "tools")
        turn = [refunding("c1"), refunding("c2", order="B2", eur=20.0), dropping("c3")]
        agent = agent_of(gate.toolset(tools(folder)), turn)
        if what == "start":
            result = agent.run_sync("Settle the complaints.")
            history.write_bytes(result.all_messages_json())
            saved.write_bytes(REQUESTS.dump_json(result.output))
            gate.ask_sync(result.output, run=folder.name)
            return
        requests = REQUESTS.validate_json(saved.read_bytes())
        results = gate.results_sync(requests, run=folder.name)
        result = agent.run_sync(
            message_history=ModelMessagesTypeAdapter.validate_json(history.read_bytes()),
            deferred_tool_results=results,
        )
        print(json.dumps({id: content for id, (_, content) in json.loads(result.output).items()}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
