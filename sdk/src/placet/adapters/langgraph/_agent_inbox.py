"""The shape of Agent Inbox: one `HumanInterrupt`, or a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ._errors import NotAnswerable
from ._questions import IN_WORDS, YES_OR_NO, Question, parsed
from ._rulings import Ruling, Verdict


class _Action(BaseModel):
    action: str
    args: dict[str, Any] = {}


class _Config(BaseModel):
    allow_accept: bool = False
    allow_edit: bool = False
    allow_ignore: bool = False
    allow_respond: bool = False

    @property
    def only_answers(self) -> bool:
        """Whether a person is asked for words, not for permission."""
        return self.allow_respond and not (self.allow_accept or self.allow_edit)


class _Request(BaseModel):
    """A `HumanInterrupt`."""

    action_request: _Action
    config: _Config
    description: str | None = None


@dataclass(frozen=True)
class AgentInbox:
    requests: Sequence[_Request]
    client = "langgraph"
    takes_permission = False

    @property
    def questions(self) -> list[Question]:
        return [_question(request) for request in self.requests]

    def answer(self, rulings: Sequence[Ruling], approvals: Sequence[str]) -> Any:
        """A list of `HumanResponse`, as Agent Inbox sends it also for a single request."""
        pairs = zip(self.requests, rulings, strict=True)
        return [_response(request, ruling) for request, ruling in pairs]


def read(value: Any) -> AgentInbox | None:
    values = value if isinstance(value, list) else [value]
    requests = [request for each in values if (request := parsed(_Request, each))]
    return AgentInbox(requests) if requests and len(requests) == len(values) else None


def _question(request: _Request) -> Question:
    config = request.config
    allowed: list[Verdict] = []
    if config.allow_accept or config.only_answers:
        allowed.append("approve")
    if config.allow_edit:
        allowed.append("modify")
    if config.allow_ignore or config.allow_respond:
        allowed.append("reject")
    if config.allow_respond and not config.only_answers:
        allowed.append("request_changes")
    return Question(
        action=request.action_request.action,
        arguments=request.action_request.args,
        allowed=tuple(allowed),
        description=request.description or "",
        response=IN_WORDS if config.only_answers else YES_OR_NO,
    )


def _response(request: _Request, ruling: Ruling) -> dict[str, Any]:
    action, config = request.action_request.action, request.config
    if ruling.is_yes and config.only_answers:
        return {"type": "response", "args": ruling.answer}
    if ruling.verdict == "approve" and config.allow_accept:
        return {"type": "accept", "args": None}
    if ruling.verdict == "modify" and config.allow_edit:
        return {"type": "edit", "args": {"action": action, "args": ruling.arguments}}
    if ruling.verdict == "reject" and config.allow_ignore:
        return {"type": "ignore", "args": None}
    if not ruling.is_yes and config.allow_respond:
        words = ruling.words or "No reason was given."
        return {"type": "response", "args": f"Rejected, do not do it. {words}"}
    raise NotAnswerable(f"The interrupt for {action} cannot take: {ruling.verdict}.")
