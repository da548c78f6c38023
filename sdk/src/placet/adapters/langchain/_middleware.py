from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import HumanInTheLoopMiddleware, InterruptOnConfig
from langchain.agents.middleware.human_in_the_loop import InterruptMode, _HumanInTheLoopState
from langchain.agents.middleware.types import (
    ExtendedModelResponse,
    ModelRequest,
    ModelResponse,
    PrivateStateAttr,
    ToolCallRequest,
)
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp, GraphInterrupt
from langgraph.runtime import Runtime
from langgraph.types import Command, Interrupt
from pydantic import BaseModel

from placet import Approval, Client
from placet.adapters.langgraph._tool_review import GATED

from . import _gate
from ._predicates import asks_for_review

_FROZEN = "placet_reviewed_calls"
_ANYTHING: Mapping[str, Any] = {}  # a schema: reviewed, whatever its arguments

ToolResult = ToolMessage | Command[Any]


class ApprovalState(_HumanInTheLoopState):
    # Of the latest turn, by call id: the arguments' schema of a reviewed call ({} if it has
    # none), None for one that needs no review.
    placet_reviewed_calls: NotRequired[Annotated[dict[str, Any], PrivateStateAttr]]


class ApprovalMiddleware(HumanInTheLoopMiddleware):
    """
    `HumanInTheLoopMiddleware`, whose reviewed tool calls run with a server's permission only.

    It pauses the agent exactly as the original does; let a `ReviewedGraph` ask and resume.
    Besides:

    - Whether a call is reviewed is settled once, when the model has made it, and kept in the
      thread's state. A `when` that changes its mind later changes nothing.
    - Right before a reviewed tool runs, the permission for exactly this name and these
      arguments is taken from the server. Without one, the tool does not run, whatever the
      agent was resumed with, and the model is told so.
    - How the call went is reported.

    :param interrupt_on: as of `HumanInTheLoopMiddleware`. `when` is asked with `tool=None`,
        in both modes.
    :param client: the agent's, to take permissions with
    """

    state_schema = ApprovalState

    def __init__(
        self,
        interrupt_on: Mapping[str, bool | InterruptOnConfig],
        *,
        client: Client,
        interrupt_mode: InterruptMode = "batched",
        **options: Any,
    ) -> None:
        super().__init__(dict(interrupt_on), interrupt_mode=interrupt_mode, **options)
        self._client = client
        self._asked_for = dict(self.interrupt_on)
        self.interrupt_on = {
            name: InterruptOnConfig(**{**config, "when": _is_reviewed})
            for name, config in self._asked_for.items()
        }

    def wrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], ModelResponse]
    ) -> ExtendedModelResponse:
        return self._frozen(request, handler(request))

    async def awrap_model_call(
        self, request: ModelRequest, handler: Callable[[ModelRequest], Awaitable[ModelResponse]]
    ) -> ExtendedModelResponse:
        return self._frozen(request, await handler(request))

    def after_model(self, state: Any, runtime: Runtime[Any]) -> dict[str, Any] | None:
        try:
            return super().after_model(state, runtime)
        except GraphInterrupt as paused:
            raise _told_more(paused, lambda value: self._turn(value, state)) from None

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolResult]
    ) -> ToolResult:
        if not self._reviews(request):
            return super().wrap_tool_call(request, handler)

        def permitted(request: ToolCallRequest) -> ToolResult:
            try:
                approval = self._enter(request)
            except _gate.NotPermitted as why:
                return _not_run(request, why)
            try:
                result = handler(request)
            except GraphBubbleUp:
                raise
            except Exception as error:
                _gate.broke(self._client, approval, error)
                raise
            _gate.leave(self._client, approval, result)
            return result

        try:
            return super().wrap_tool_call(request, permitted)
        except GraphInterrupt as paused:
            raise _told_more(paused, lambda value: _call(value, request)) from None

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[ToolResult]]
    ) -> ToolResult:
        if not self._reviews(request):
            return await super().awrap_tool_call(request, handler)

        async def permitted(request: ToolCallRequest) -> ToolResult:
            try:
                approval = await asyncio.to_thread(self._enter, request)
            except _gate.NotPermitted as why:
                return _not_run(request, why)
            try:
                result = await handler(request)
            except GraphBubbleUp:
                raise
            except Exception as error:
                await asyncio.to_thread(_gate.broke, self._client, approval, error)
                raise
            await asyncio.to_thread(_gate.leave, self._client, approval, result)
            return result

        try:
            return await super().awrap_tool_call(request, permitted)
        except GraphInterrupt as paused:
            raise _told_more(paused, lambda value: _call(value, request)) from None

    def _enter(self, request: ToolCallRequest) -> Approval:
        return _gate.enter(self._client, get_config(), request.tool_call)

    def _reviews(self, request: ToolCallRequest) -> bool:
        return request.tool_call["name"] in self.interrupt_on and _is_reviewed(request)

    def _frozen(self, request: ModelRequest, response: ModelResponse) -> ExtendedModelResponse:
        """The model's answer, and what of it is reviewed, into one checkpoint."""
        state = {**request.state, "messages": [*request.state["messages"], *response.result]}
        calls = [
            call
            for message in response.result
            if isinstance(message, AIMessage)
            for call in message.tool_calls
        ]
        reviewed: dict[str | None, Mapping[str, Any] | None] = {}
        for call in calls:
            schema = self._schema_if_reviewed(call, request, state=state)
            # The model writes the ids. One that it gives twice is reviewed both times, or a
            # harmless call would speak for the other.
            reviewed[call["id"]] = _ANYTHING if call["id"] in reviewed else schema
        return ExtendedModelResponse(response, Command(update={_FROZEN: reviewed}))

    def _schema_if_reviewed(
        self, call: ToolCall, request: ModelRequest, *, state: dict[str, Any]
    ) -> Mapping[str, Any] | None:
        config = self._asked_for.get(call["name"])
        if config is None or not asks_for_review(config, call, state, request.runtime):
            return None
        return _arguments_schema(call["name"], request.tools)

    def _turn(self, value: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
        """The turn's `HITLRequest`, with the id of each call and its arguments' schema."""
        message = next(m for m in reversed(state["messages"]) if isinstance(m, AIMessage))
        frozen = state.get(_FROZEN) or {}
        calls = [
            call
            for call in message.tool_calls
            if call["name"] in self.interrupt_on and _reviewed_in(frozen, call["id"])
        ]
        requests = [
            {**action, "tool_call_id": call["id"], "arguments_schema": frozen.get(call["id"])}
            for action, call in zip(value["action_requests"], calls, strict=True)
        ]
        return {**value, "action_requests": requests, GATED: True}


def _is_reviewed(request: ToolCallRequest) -> bool:
    return _reviewed_in(request.state.get(_FROZEN) or {}, request.tool_call["id"])


def _reviewed_in(frozen: Mapping[str, Any], call_id: str | None) -> bool:
    # A call that no model was seen to make is reviewed, too.
    return frozen.get(call_id or "", {}) is not None


def _call(value: Mapping[str, Any], request: ToolCallRequest) -> dict[str, Any] | None:
    # A tool may pause for reasons of its own; those interrupts are left as they are.
    ours = isinstance(value, Mapping) and value.get("tool_call_id") == request.tool_call["id"]
    return {**value, GATED: True} if ours and value.get("type") == "tool_approval" else None


def _told_more(
    paused: GraphInterrupt, more: Callable[[Mapping[str, Any]], dict[str, Any] | None]
) -> GraphInterrupt:
    return GraphInterrupt(
        tuple(
            Interrupt(more(each.value) or each.value, each.id, response_schema=each.response_schema)
            for each in paused.args[0]
        )
    )


def _arguments_schema(name: str, tools: Sequence[Any]) -> Mapping[str, Any]:
    tool = next((t for t in tools if isinstance(t, BaseTool) and t.name == name), None)
    if tool is None:
        return {}
    schema = tool.tool_call_schema
    if isinstance(schema, dict):
        return schema
    return schema.model_json_schema() if issubclass(schema, BaseModel) else {}


def _not_run(request: ToolCallRequest, why: _gate.NotPermitted) -> ToolMessage:
    return ToolMessage(
        content=str(why),
        name=request.tool_call["name"],
        tool_call_id=request.tool_call["id"],
        status="error",
    )
