"""
A refund that a person approves, with the OpenAI Agents SDK.

    pip install 'placet[openai-agents]'
    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_…
    python openai_agent.py      # asks, saves where it stands, and ends
    python openai_agent.py      # waits for the decision, and goes on from there

The server needs a checkpoint `refunds` (`placet-server load_policy --starter` has one). The
model is scripted, so that this runs without a key: give the agent yours.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

from agents import Agent, Runner, function_tool, set_tracing_disabled
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

import placet
from placet.adapters.openai_agents import Call, Gate, Paused

SAVED = Path("openai_agent.paused.json")

set_tracing_disabled(True)


@function_tool
def refund(order: str, amount: float) -> str:
    """Refund an order."""
    print(f"*** refunding {amount} for order {order}")
    return f"Refunded {amount}."


def why(call: Call) -> dict[str, Any]:
    """What the reviewer is told besides the call itself."""
    return {"rationale": f"The customer of {call.arguments.get('order')} says it arrived broken."}


def model(*, asks: bool) -> ScriptedModel:
    """Stands in for a real one: asks for a refund, then repeats what came of it."""
    proposal = [function_call("refund", {"order": "4711", "amount": 90.0}, call_id="call_1")]
    answer = ModelStep.respond(
        lambda call: [assistant_message(json.dumps(call.input[-1]["output"]))]
    )
    return ScriptedModel([proposal] if asks else [answer])


async def main() -> None:
    with placet.Client() as client:
        gate = Gate(client, checkpoint="refunds", context=why)
        agent = Agent(
            name="Support", tools=[gate.tool(refund)], model=model(asks=not SAVED.exists())
        )
        if not SAVED.exists():
            result = await Runner.run(agent, "Order 4711 arrived broken.")
            paused = await gate.ask(result)
            if paused is None:  # it asked for nothing
                print(result.final_output)
                return
            SAVED.write_text(paused.to_json())
            for id in paused.asked.values():
                print("Decide here, then run this again:", client.get(id).url)
            return
        paused = await Paused.from_json(agent, SAVED.read_text())
        result = await gate.resume(agent, paused)
        SAVED.unlink()
        print(result.final_output)


if __name__ == "__main__":
    asyncio.run(main())
