"""
A permission tool as one writes it first. The tests show what is wrong with each line.

It blocks until the decision, knows the call by its content for ever, says "allow" without
taking the permission and without saying what for, and leaves its output to be structured.
"""

import hashlib
import json
from datetime import timedelta
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel

import placet


class Confirmation(BaseModel):
    yes: bool


def build(client: placet.Client) -> MCPServer:
    server: MCPServer = MCPServer("naive")

    @server.tool()
    def permission_prompt(tool_name: str, input: dict[str, Any]) -> str:
        named = json.dumps([tool_name, input], sort_keys=True).encode()
        approval = client.submit(
            tool_name,
            input,
            checkpoint="tools",
            idempotency_key=hashlib.sha256(named).hexdigest(),
            wait=timedelta(hours=1),
        )
        if approval.may_proceed:
            return json.dumps({"behavior": "allow"})
        return json.dumps({"behavior": "deny", "message": "No."})

    @server.tool(structured_output=False)
    async def ask_human(question: str, ctx: Context) -> str:
        answer = await ctx.elicit(question, Confirmation)
        return answer.action

    return server
