"""
The adapter one would write first.

It swaps the arguments of the reviewer in by call id, and takes an approval for permission to
run. The tests show what that costs.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from agents import Agent, FunctionTool, Runner, RunState

import placet


class Gate:
    def __init__(self, client: placet.Client) -> None:
        self.client = client
        self.overrides: dict[str, Any] = {}

    def tool(self, tool: FunctionTool) -> FunctionTool:
        inner = tool.on_invoke_tool

        async def invoke(context: Any, arguments: str) -> Any:
            changed = self.overrides.get(context.tool_call_id)
            return await inner(context, arguments if changed is None else json.dumps(changed))

        return dataclasses.replace(tool, on_invoke_tool=invoke, needs_approval=True)

    def ask(self, result: Any) -> dict[str, placet.Approval]:
        return {
            item.call_id: self.client.submit(
                item.tool_name, json.loads(item.arguments), checkpoint="tools"
            )
            for item in result.interruptions
        }

    def resume(
        self,
        agent: Agent[Any],
        state: RunState[Any],
        approvals: Mapping[str, placet.Approval],
        *,
        always_approve: bool = False,
    ) -> Any:
        for item in state.get_interruptions():
            approval = approvals.get(item.call_id)
            if approval is None or approval.is_pending:
                continue
            if approval.may_proceed:
                self.overrides[item.call_id] = approval.arguments
                state.approve(item, always_approve=always_approve)
            else:
                state.reject(item, rejection_message=approval.decision.feedback)
        return Runner.run_sync(agent, state)
