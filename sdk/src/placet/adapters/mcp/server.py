"""
The tools an MCP client is given. None of them can decide anything or change a policy.

Each call runs in a thread of its own, because it may wait for a person. A client that hangs
up ends its call at the next look, before any permission is taken for nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import anyio
from anyio import from_thread, to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from ... import Approval, Client, PlacetError, __version__
from .. import _decisions
from .._permits import permit, watch
from .._tool_calls import ToolCall, request

MOST_CALLS = 200  # that wait at once
INSTRUCTIONS = (
    "A person permits or refuses what you want to do. Ask with request_approval, hear the "
    "decision with get_decision, and run the action only after take_permission said taken: "
    "true, with exactly the arguments it gives you. Each permission is for one run."
)

WaitSeconds = Annotated[int, Field(ge=0, le=50)]
T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """
    The tools, and where their calls go.

    :ivar wait: how long permission_prompt waits for a decision
    :ivar says: what is known of where calls come from, for the reviewer
    """

    client: Client
    checkpoint: str
    questions: str  # the checkpoint of ask_human
    run: str
    wait: timedelta
    says: Mapping[str, str]
    # Of its own: standard input is read in a thread of the common ones.
    threads: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(MOST_CALLS)
    )

    async def permission_prompt(
        self, tool_name: str, input: dict[str, Any], ctx: Context, tool_use_id: str | None = None
    ) -> str:
        """Ask a person whether a tool may be used; for Claude Code's --permission-prompt-tool."""
        # The tool_use_id is of no use: a retry brings a new one, and the input is what counts.
        call = self._call(tool_name, input)
        answer = await self._in_thread(
            lambda: permit(self.client, call, wait=self.wait, on_wait=_telling(ctx))
        )
        if answer.arguments is None:
            return json.dumps({"behavior": "deny", "message": answer.sentence})
        # Always with the input: what runs is what was permitted, whoever wrote it down.
        return json.dumps({"behavior": "allow", "updatedInput": answer.arguments})

    async def request_approval(
        self, action: str, arguments: dict[str, Any], rationale: str = ""
    ) -> dict[str, Any]:
        """
        Ask a person for permission to do something once. Answers at once with the request's id.

        While it is pending, the same request made again is the same request.
        """
        call = self._call(action, arguments, context={"rationale": rationale})
        return _decisions.told(await self._in_thread(lambda: request(self.client, call)))

    async def get_decision(
        self, id: str, ctx: Context, wait_seconds: WaitSeconds = 0
    ) -> dict[str, Any]:
        """
        How a request stands, after waiting up to wait_seconds for its decision.

        Hearing that you may proceed is not the permission: take_permission is. Where changes are
        requested, read the feedback and make another request.
        """
        return _decisions.told(
            await self._in_thread(lambda: self._watched(self.client.get(id), wait_seconds, ctx))
        )

    async def take_permission(self, id: str) -> dict[str, Any]:
        """
        Take the permission of a request, once, just before running its action.

        Run it only if this answers taken: true, and with exactly these arguments.
        """
        return await self._in_thread(lambda: _decisions.take(self.client, self.client.get(id)))

    async def ask_human(
        self,
        question: str,
        ctx: Context,
        options: list[str] | None = None,
        wait_seconds: WaitSeconds = 50,
    ) -> dict[str, Any]:
        """
        Ask a person something: in their own words, or which of the options (any number).

        If the answer is still pending, hear it later with get_decision.
        """
        call = self._call(
            "ask_human",
            {"question": question},
            checkpoint=self.questions,
            response=_decisions.response_for(options),
        )
        return _decisions.told(
            await self._in_thread(
                lambda: self._watched(request(self.client, call), wait_seconds, ctx)
            )
        )

    def _call(self, action: str, arguments: Mapping[str, Any], **more: Any) -> ToolCall:
        return ToolCall(
            action=action,
            arguments=arguments,
            run=self.run,
            client="mcp",
            says=self.says,
            **{"checkpoint": self.checkpoint, **more},
        )

    def _watched(self, approval: Approval, wait_seconds: int, ctx: Context) -> Approval:
        deadline = time.monotonic() + wait_seconds
        return watch(self.client, approval, deadline=deadline, on_wait=_telling(ctx))

    async def _in_thread(self, ask: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(ask, limiter=self.threads)
        except (PlacetError, ValueError) as error:
            raise ToolError(str(error)) from error


def build(desk: Desk) -> MCPServer:
    server: MCPServer = MCPServer(
        "placet", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    # As text alone: Claude Code reads this very shape, and structured content would be another.
    server.add_tool(desk.permission_prompt, structured_output=False)
    for tool in (desk.request_approval, desk.get_decision, desk.take_permission, desk.ask_human):
        server.add_tool(tool)
    return server


def _telling(ctx: Context) -> Callable[[Approval], None]:
    """Tell the client that it is waited for a person; end the call if it has hung up."""
    looks = 0

    def tell(approval: Approval) -> None:
        nonlocal looks
        from_thread.check_cancelled()
        if approval.is_pending:
            from_thread.run(ctx.report_progress, looks, None, "waiting for a reviewer")
            looks += 1

    return tell
