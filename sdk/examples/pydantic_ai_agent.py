"""
A refund that a person approves, with Pydantic AI.

    pip install 'placet[pydantic-ai]'
    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
    python pydantic_ai_agent.py      # asks, saves where it stands, and ends
    python pydantic_ai_agent.py      # waits for the decision, and goes on from there

The server needs a checkpoint `refunds` (`placet-server load_policy --starter` has one). The
model is scripted, so that this runs without a key: give the agent yours.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai import Agent, DeferredToolRequests, ModelMessagesTypeAdapter
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.toolsets import FunctionToolset

import placet
from placet.adapters.pydantic_ai import Call, Gate

SAVED = Path("pydantic_ai_agent.paused.json")
REQUESTS = TypeAdapter(DeferredToolRequests)

tools: FunctionToolset[Any] = FunctionToolset()


@tools.tool_plain
def refund(order: str, amount: float) -> str:
    """Refund an order."""
    print(f"*** refunding {amount} for order {order}")
    return f"Refunded {amount}."


def why(call: Call) -> dict[str, Any]:
    """What the reviewer is told besides the call itself."""
    return {"rationale": f"The customer of {call.arguments.get('order')} says it arrived broken."}


def model(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Stands in for a real one: asks for a refund, then repeats what came of it."""
    if len(messages) == 1:
        return ModelResponse(parts=[ToolCallPart("refund", {"order": "4711", "amount": 90.0})])
    (came_of_it,) = [part for part in messages[-1].parts if isinstance(part, ToolReturnPart)]
    return ModelResponse(parts=[TextPart(came_of_it.model_response_str())])


def main() -> None:
    with placet.Client() as client:
        gate = Gate(client, checkpoint="refunds", context=why)
        agent = Agent(
            FunctionModel(model),
            toolsets=[gate.toolset(tools)],
            output_type=[str, DeferredToolRequests],
        )
        if not SAVED.exists():
            result = agent.run_sync("Order 4711 arrived broken.")
            if isinstance(result.output, str):  # it asked for nothing
                print(result.output)
                return
            asked = gate.ask_sync(result.output, run=result.run_id)
            saved = {
                "run": result.run_id,
                "messages": json.loads(result.all_messages_json()),
                "requests": REQUESTS.dump_python(result.output, mode="json"),
            }
            SAVED.write_text(json.dumps(saved))
            for approval in asked.values():
                print("Decide here, then run this again:", approval.url)
            return
        saved = json.loads(SAVED.read_text())
        requests = REQUESTS.validate_python(saved["requests"])
        result = agent.run_sync(
            message_history=ModelMessagesTypeAdapter.validate_python(saved["messages"]),
            deferred_tool_results=gate.results_sync(requests, run=saved["run"]),
        )
        SAVED.unlink()
        print(result.output)


if __name__ == "__main__":
    main()
