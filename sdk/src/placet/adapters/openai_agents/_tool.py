"""A function tool that runs as approved, once, or not at all."""

from __future__ import annotations

import asyncio
import copy
import json
from dataclasses import replace
from typing import Any

from agents import Agent, FunctionTool
from agents.tool import (
    maybe_invoke_function_tool_failure_error_function,
    set_function_tool_failure_error_function,
)
from agents.tool_context import ToolContext

from ..._approval import Approval
from ..._canonical import action_digest
from ..._client import Client
from ..._errors import NotApproved
from .. import _taking


class Permits:
    """Approvals at hand, each to be picked up by the call that it is for, once."""

    def __init__(self) -> None:
        # By digest too: some providers number the calls of every turn anew.
        self._held: dict[tuple[str, str], Approval] = {}

    def put(self, call_id: str, approval: Approval) -> None:
        self._held[call_id, _digest(approval.action, approval.raw["arguments"])] = approval

    def pick(self, call_id: str, *, tool: str, arguments: Any) -> Approval:
        """
        :raises NotApproved: the gate was not told of an approval of this very call
        """
        approval = self._held.pop((call_id, _digest(tool, arguments)), None)
        if approval is None:
            raise NotApproved(
                f"The call {call_id} of {tool} was let pass by something else than this gate, "
                "such as always_approve; nothing ran."
            )
        return approval


class Invocation:
    """What a gated tool does when it is called: take the permission, run, report."""

    def __init__(self, tool: FunctionTool, *, client: Client, permits: Permits) -> None:
        self._tool = tool
        self._client = client
        self.permits = permits
        # Fails openly, so that a failure is not reported as a success. What the model is told
        # of it is up to the tool all the same, below.
        self._bare = set_function_tool_failure_error_function(copy.copy(tool), None)

    async def __call__(self, context: ToolContext[Any], arguments: str) -> Any:
        approval = self.permits.pick(
            context.tool_call_id, tool=self._tool.name, arguments=json.loads(arguments)
        )
        refusal = await asyncio.to_thread(_taking.take, self._client, approval)
        if refusal is not None:
            return refusal
        try:
            output = await self._bare.on_invoke_tool(context, json.dumps(approval.arguments))
        except Exception as failure:
            await asyncio.to_thread(_taking.report, self._client, approval, failure=failure)
            words = await self._words(failure, context)
            if words is None:
                raise
            return words
        await asyncio.to_thread(_taking.report, self._client, approval)
        return output

    async def _words(self, failure: Exception, context: ToolContext[Any]) -> str | None:
        """What the tool's own policy tells the model of a failure; None lets the run fail."""
        if not hasattr(self._tool.on_invoke_tool, "__agents_bind_function_tool__"):
            return None  # a handwritten invoker: the framework applies no policy to it either
        return await maybe_invoke_function_tool_failure_error_function(
            function_tool=self._tool, context=context, error=failure
        )


def gated(tool: FunctionTool, *, client: Client, permits: Permits) -> FunctionTool:
    """
    :raises TypeError: not a function tool, or an agent as a tool, which is entered anew after
        each pause inside it: gate the tools of that agent
    """
    if not isinstance(tool, FunctionTool) or tool._is_agent_tool:
        raise TypeError("Only function tools can be gated; of an agent as a tool, gate its tools.")
    # Not a rule that may change its mind between pause and resumption: everything waits, and
    # the server's policy says what may pass by itself.
    return replace(
        tool,
        on_invoke_tool=Invocation(tool, client=client, permits=permits),
        needs_approval=True,
    )


def find(agent: Agent[Any], name: str | None, *, permits: Permits) -> FunctionTool:
    """
    The agent's tool of this name.

    :raises ValueError: it has none behind this gate
    """
    for tool in agent.tools:
        if (
            isinstance(tool, FunctionTool)
            and tool.name == name
            and isinstance(tool.on_invoke_tool, Invocation)
            and tool.on_invoke_tool.permits is permits
        ):
            return tool
    raise ValueError(f"{name!r} waits for approval, but is no tool behind this gate.")


def _digest(tool: str, arguments: Any) -> str:
    return action_digest(action=tool, arguments=arguments)
