"""A chat model that does as it is told: a human message holds the tool calls, as JSON."""

import json
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class ToldModel(BaseChatModel):
    def bind_tools(self, tools: Any, **options: Any) -> "ToldModel":
        return self

    def _generate(self, messages: list[BaseMessage], *args: Any, **options: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, HumanMessage):
            message = AIMessage("", tool_calls=json.loads(str(last.content)))
        else:
            message = AIMessage("done")
        return ChatResult(generations=[ChatGeneration(message=message)])

    @property
    def _llm_type(self) -> str:
        return "told"


def told(*calls: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    """The input that makes the model call these tools: (id, name, arguments) each."""
    made = [
        {"id": id, "name": name, "args": arguments, "type": "tool_call"}
        for id, name, arguments in calls
    ]
    return {"messages": [HumanMessage(json.dumps(made))]}
