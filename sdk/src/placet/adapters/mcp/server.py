"""
The tools an MCP client is given. None of them can decide anything or change a policy.

Each call runs in a thread of its own, because it may wait for a person. A client that hangs
up ends its call at the next look, before any permission is taken for nobody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import anyio
from anyio import from_thread, to_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from ... import Approval, Client, PlacetError, __version__
from .. import _decisions
from .._tool_calls import ToolCall, permit, request, watch

MOST_CALLS = 200  # that wait at once; not taken from the threads that stdio is read in
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
    Where the calls of one server go.

    :ivar says: what is known of where they come from, for the reviewer
    """

    client: Client
    checkpoint: str
    questions: str
    run: str
    wait: timedelta
    says: Mapping[str, str]

    def call(self, action: str, arguments: Mapping[str, Any], **more: Any) -> ToolCall:
        return ToolCall(
            action=action,
            arguments=arguments,
            run=self.run,
            client="mcp",
            says=self.says,
            **{"checkpoint": self.checkpoint, **more},
        )


def build(desk: Desk) -> MCPServer:
    server: MCPServer = MCPServer(
        "placet", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    threads = anyio.CapacityLimiter(MOST_CALLS)
    client = desk.client

    async def in_thread(ask: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(ask, limiter=threads)
        except PlacetError as error:
            raise ToolError(str(error)) from error

    # As text alone: Claude Code reads this very shape, and structured content would be another.
    @server.tool(structured_output=False)
    async def permission_prompt(
        tool_name: str, input: dict[str, Any], ctx: Context, tool_use_id: str | None = None
    ) -> str:
        """Ask a person whether a tool may be used; for Claude Code's --permission-prompt-tool."""
        # The tool_use_id is of no use: a retry brings a new one, and the input is what counts.
        call = desk.call(tool_name, input)
        answer = await in_thread(
            lambda: permit(client, call, wait=desk.wait, on_wait=_telling(ctx))
        )
        if answer.arguments is None:
            return json.dumps({"behavior": "deny", "message": answer.sentence})
        # Always with the input: what runs is what was permitted, whoever wrote it down.
        return json.dumps({"behavior": "allow", "updatedInput": answer.arguments})

    @server.tool()
    async def request_approval(
        action: str, arguments: dict[str, Any], rationale: str = ""
    ) -> dict[str, Any]:
        """
        Ask a person for permission to do something once. Answers at once with the request's id.

        The same request, made again before its permission is taken, is the same request.
        """
        call = desk.call(action, arguments, context={"rationale": rationale})
        return _decisions.told(await in_thread(lambda: request(client, call)))

    @server.tool()
    async def get_decision(id: str, ctx: Context, wait_seconds: WaitSeconds = 0) -> dict[str, Any]:
        """
        How a request stands, after waiting up to wait_seconds for its decision.

        Hearing that you may proceed is not the permission: take_permission is. Where changes are
        requested, read the feedback and make another request.
        """
        approval = await in_thread(lambda: _decided(client, id, wait_seconds, ctx))
        return _decisions.told(approval)

    @server.tool()
    async def take_permission(id: str) -> dict[str, Any]:
        """
        Take the permission of a request, once, just before running its action.

        Run it only if this answers taken: true, and with exactly these arguments.
        """
        return await in_thread(lambda: _decisions.take(client, client.get(id)))

    @server.tool()
    async def ask_human(
        question: str,
        ctx: Context,
        options: list[str] | None = None,
        wait_seconds: WaitSeconds = 50,
    ) -> dict[str, Any]:
        """
        Ask a person something: in their own words, or which of the options (any number).

        If the answer is still pending, hear it later with get_decision.
        """
        call = desk.call(
            "ask_human",
            {"question": question},
            checkpoint=desk.questions,
            response=_decisions.response_for(options),
        )

        def ask() -> Approval:
            approval = request(client, call)
            return _decided(client, approval.id, wait_seconds, ctx)

        return _decisions.told(await in_thread(ask))

    return server


def _decided(client: Client, id: str, wait_seconds: int, ctx: Context) -> Approval:
    deadline = time.monotonic() + wait_seconds
    return watch(client, client.get(id), deadline=deadline, on_wait=_telling(ctx))


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
