"""
The adapter one would write first.

It hands over what the model sent, builds results of what is decided so far, and takes an
approval for permission to run. The tests show what that costs.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_ai import DeferredToolRequests, DeferredToolResults, ToolApproved, ToolDenied
from pydantic_ai.toolsets import AbstractToolset

import placet


class Gate:
    def __init__(self, client: placet.Client) -> None:
        self.client = client

    def toolset(self, toolset: AbstractToolset[Any]) -> AbstractToolset[Any]:
        return toolset.approval_required()

    def ask(self, requests: DeferredToolRequests) -> dict[str, placet.Approval]:
        return {
            call.tool_call_id: self.client.submit(
                call.tool_name, call.args_as_dict(), checkpoint="tools"
            )
            for call in requests.approvals
        }

    def results(self, approvals: Mapping[str, placet.Approval]) -> DeferredToolResults:
        results = DeferredToolResults()
        for id, approval in approvals.items():
            newer = self.client.get(approval.id)
            if newer.may_proceed:
                results.approvals[id] = ToolApproved(override_args=newer.arguments)
            elif not newer.is_pending:
                results.approvals[id] = ToolDenied(newer.decision.feedback)
        return results
