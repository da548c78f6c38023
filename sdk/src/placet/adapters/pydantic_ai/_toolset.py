"""Tools that run as approved, once, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_ai import ApprovalRequired, CallDeferred, RunContext
from pydantic_ai.exceptions import ToolFailed
from pydantic_ai.messages import ToolCallPart
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset

from ..._approval import Approval
from ..._client import Client
from ..._errors import NotApproved
from .. import _taking

SCHEMA = "placet_arguments_schema"  # in the metadata of a request
APPROVAL = "placet_approval_id"  # in the metadata of its result


@dataclass
class GatedToolset(WrapperToolset[AgentDepsT]):
    """A toolset every call of which waits for an approval."""

    client: Client

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        tools = await super().get_tools(ctx)
        return {name: _asked_here(tool) for name, tool in tools.items()}

    async def call_tool(
        self,
        name: str,
        tool_args: dict[str, Any],
        ctx: RunContext[AgentDepsT],
        tool: ToolsetTool[AgentDepsT],
    ) -> Any:
        if not ctx.tool_call_approved:
            raise ApprovalRequired({SCHEMA: tool.tool_def.parameters_json_schema})
        approval = await asyncio.to_thread(self._approval, ctx)
        # Not `tool_args`: what the results said on their way here may be anything.
        arguments = tool.args_validator.validate_json(
            json.dumps(approval.arguments), context=ctx.validation_context
        )
        if refusal := await asyncio.to_thread(_taking.take, self.client, approval):
            raise ToolFailed(refusal)
        try:
            output = await super().call_tool(name, arguments, ctx, tool)
        except (ApprovalRequired, CallDeferred):
            raise  # it did not come to an end
        except Exception as failure:
            await asyncio.to_thread(_taking.report, self.client, approval, failure=failure)
            raise
        await asyncio.to_thread(_taking.report, self.client, approval)
        return output

    def _approval(self, ctx: RunContext[AgentDepsT]) -> Approval:
        """
        The approval of this call, as the server has it.

        :raises NotApproved: none was named, or one of another call
        """
        metadata = ctx.tool_call_metadata
        named = metadata.get(APPROVAL) if isinstance(metadata, Mapping) else None
        if named is None:
            raise NotApproved(
                f"The call {ctx.tool_call_id} of {ctx.tool_name} was let pass by something else "
                "than the gate; nothing ran."
            )
        approval = self.client.get(named)
        call = approval.raw["source"].get("native_id")
        if (call, approval.action) != (ctx.tool_call_id, _called(ctx)):
            raise NotApproved(f"{approval.id} approves another call than {ctx.tool_call_id}.")
        return approval


def _called(ctx: RunContext[Any]) -> str | None:
    """The tool's name as the model called it; wrappers around the gate may have renamed it."""
    for message in reversed(ctx.messages):
        for part in message.parts:
            if isinstance(part, ToolCallPart) and part.tool_call_id == ctx.tool_call_id:
                return part.tool_name
    return ctx.tool_name


def _asked_here(tool: ToolsetTool[AgentDepsT]) -> ToolsetTool[AgentDepsT]:
    """The tool, told not to ask before the gate does: only here its schema is at hand."""
    if tool.tool_def.kind != "unapproved":
        return tool
    return replace(tool, tool_def=replace(tool.tool_def, kind="function"))
