"""The shapes of LangChain's `HumanInTheLoopMiddleware`: a turn's calls, or one call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

from ._errors import NotAnswerable
from ._questions import IN_WORDS, YES_OR_NO, Question, parsed
from ._rulings import Ruling, Verdict

# What an interrupt says if the graph takes the permission itself, where the tool runs.
GATED = "placet_gated"

_VERDICTS: Mapping[str, tuple[Verdict, ...]] = {
    "approve": ("approve",),
    "edit": ("modify",),
    "reject": ("reject", "request_changes"),
}


@dataclass(frozen=True)
class ToolCalls:
    """
    :ivar types: LangChain's decision types that each call allows, in the order of the calls
    :ivar together: whether they are answered as one `HITLResponse`
    """

    questions: Sequence[Question]
    types: Sequence[Sequence[str]]
    together: bool
    takes_permission: bool
    client = "langchain"

    def answer(self, rulings: Sequence[Ruling], approvals: Sequence[str]) -> Any:
        triples = zip(self.questions, self.types, rulings, strict=True)
        decisions = [_decision(*triple) for triple in triples]
        return {"decisions": decisions} if self.together else decisions[0]


class _Call(BaseModel):
    name: str
    args: dict[str, Any]
    description: str = ""
    tool_call_id: str = ""
    arguments_schema: dict[str, Any] | None = None


class _Config(BaseModel):
    action_name: str
    allowed_decisions: list[str] = Field(min_length=1)


class _Turn(BaseModel):
    """A `HITLRequest`, and what `ApprovalMiddleware` adds."""

    action_requests: list[_Call] = Field(min_length=1)
    review_configs: list[_Config]
    placet_gated: bool = False


class _Single(_Call):
    """A `ToolApprovalRequest`, and what `ApprovalMiddleware` adds."""

    type: Literal["tool_approval"]
    placet_gated: bool = False


def read_turn(value: Any) -> ToolCalls | None:
    """All reviewed calls of a turn, in order; None if it is not that."""
    turn = parsed(_Turn, value)
    if turn is None:
        return None
    # One config for each call, by place; or, from others than LangChain, for each tool.
    configs = turn.review_configs
    if [each.action_name for each in configs] != [each.name for each in turn.action_requests]:
        by_name = {each.action_name: each for each in configs}
        if any(call.name not in by_name for call in turn.action_requests):
            return None
        configs = [by_name[call.name] for call in turn.action_requests]
    types = [each.allowed_decisions for each in configs]
    questions = [_question(*pair) for pair in zip(turn.action_requests, types, strict=True)]
    return ToolCalls(questions, types, together=True, takes_permission=turn.placet_gated)


def read_call(value: Any, response_schema: Any) -> ToolCalls | None:
    """One call, which its schema says how to answer; None if it is not that."""
    call = parsed(_Single, value)
    if call is None:
        return None
    branches = _branches(response_schema) if isinstance(response_schema, Mapping) else {}
    types = list(branches) or ["approve", "reject"]
    if "edit" in branches:
        call.arguments_schema = dict(_edited_arguments(branches["edit"], response_schema))
    question = _question(call, types)
    return ToolCalls([question], [types], together=False, takes_permission=call.placet_gated)


def _question(call: _Call, types: Sequence[str]) -> Question:
    only_answers = _only_answers(types)
    allowed = [verdict for name in types for verdict in _VERDICTS.get(name, ())]
    return Question(
        action=call.name,
        arguments=call.args,
        allowed=("approve", *allowed) if only_answers else tuple(dict.fromkeys(allowed)),
        description=call.description,
        arguments_schema=call.arguments_schema,
        response=IN_WORDS if only_answers else YES_OR_NO,
        native_id=call.tool_call_id,
    )


def _only_answers(types: Sequence[str]) -> bool:
    """
    Whether the tool is a question to a person.

    Elsewhere `respond` is never used: the model would take the words for the tool's success.
    """
    return "respond" in types and not {"approve", "edit"}.intersection(types)


def _decision(question: Question, types: Sequence[str], ruling: Ruling) -> dict[str, Any]:
    if ruling.is_yes and _only_answers(types):
        return {"type": "respond", "message": str(ruling.answer)}
    if ruling.verdict == "approve" and "approve" in types:
        return {"type": "approve"}
    if ruling.verdict == "modify" and "edit" in types:
        action = {"name": question.action, "args": ruling.arguments}
        return {"type": "edit", "edited_action": action}
    if not ruling.is_yes and "reject" in types:
        message = {"message": ruling.words} if ruling.words else {}
        return {"type": "reject", **message}
    raise NotAnswerable(
        f"The tool {question.action} cannot take: {ruling.verdict}; it allows {', '.join(types)}."
    )


def _branches(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The shape of each decision type that the schema allows."""
    shapes = [_resolved(each, schema) for each in schema.get("oneOf", [schema])]
    named = {
        shape.get("properties", {}).get("type", {}).get("const"): shape
        for shape in shapes
        if isinstance(shape, Mapping)
    }
    return {name: shape for name, shape in named.items() if isinstance(name, str)}


def _edited_arguments(edit: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    action = _resolved(edit["properties"]["edited_action"], schema)
    arguments = _resolved(action["properties"]["args"], schema)
    if "#/$defs/" not in json.dumps(arguments):
        return arguments
    return {**arguments, "$defs": schema["$defs"]}


def _resolved(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(part.get("$ref", "")).removeprefix("#/$defs/")
    found: Mapping[str, Any] = schema["$defs"][name] if name else part
    return found
