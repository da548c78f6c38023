"""
An agent that asks a person before it acts, through Placet's MCP server.

    pip install './sdk[mcp]'
    export PLACET_URL=http://127.0.0.1:8000 PLACET_API_KEY=plc_agent_… PLACET_CHECKPOINT=tools
    python sdk/examples/mcp_client.py

Open the address it prints, decide, and see what it does.
"""

import asyncio
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters

PLACET = StdioServerParameters(
    command=sys.executable, args=["-m", "placet.adapters.mcp"], env=dict(os.environ)
)


async def main() -> None:
    async with Client(PLACET) as placet:
        asked = await call(
            placet,
            "request_approval",
            action="refund",
            arguments={"order": "4711", "amount": "90.00"},
            rationale="Arrived five days late.",
        )
        print(f"Waiting for a person: {asked['url']}", flush=True)

        heard = asked
        while heard["status"] == "pending":
            heard = await call(placet, "get_decision", id=asked["id"], wait_seconds=50)

        if heard["may_proceed"]:
            taken = await call(placet, "take_permission", id=asked["id"])
            if taken["taken"]:
                refund(**taken["arguments"])
                return
        print(f"Not refunded: {heard['status']}. {heard['feedback']}")


async def call(placet: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await placet.call_tool(tool, arguments)
    if result.is_error:
        raise RuntimeError(result.content)
    return result.structured_content or {}


def refund(order: str, amount: str) -> None:
    print(f"Refunded {amount} for order {order}.")


if __name__ == "__main__":
    asyncio.run(main())
