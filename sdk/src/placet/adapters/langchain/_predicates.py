from __future__ import annotations

from typing import Any

from langchain.agents.middleware import InterruptOnConfig
from langchain.agents.middleware.types import ToolCallRequest
from langchain.tools import ToolRuntime
from langchain_core.messages import ToolCall
from langgraph.config import get_config
from langgraph.runtime import Runtime


def asks_for_review(
    config: InterruptOnConfig, call: ToolCall, state: dict[str, Any], runtime: Runtime[Any]
) -> bool:
    """What the `when` of this tool says of this call; without one, always yes."""
    when = config.get("when")
    if when is None:
        return True
    tool_runtime = ToolRuntime(
        state=state,
        context=runtime.context,
        config=get_config(),
        stream_writer=runtime.stream_writer,
        tool_call_id=call["id"],
        store=runtime.store,
        execution_info=runtime.execution_info,
        server_info=runtime.server_info,
    )
    # As HumanInTheLoopMiddleware's own batched mode asks it.
    return when(ToolCallRequest(tool_call=call, tool=None, state=state, runtime=tool_runtime))
