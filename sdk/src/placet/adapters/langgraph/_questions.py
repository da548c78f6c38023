"""What a paused graph asks, whatever the shape it asks in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from ._rulings import Ruling, Verdict

YES_OR_NO: Mapping[str, Any] = {"type": "binary"}
IN_WORDS: Mapping[str, Any] = {"type": "freeform", "schema": {"type": "string", "minLength": 1}}

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Question:
    """
    One thing that a person is asked.

    :ivar allowed: the verdicts that the graph can take; empty if it can take none
    :ivar arguments_schema: what edited arguments must fit, where that is known
    :ivar response: yes or no, or an answer, as the API describes `response`
    :ivar native_id: the framework's own name for it, such as a tool call's id
    """

    action: str
    arguments: Mapping[str, Any]
    allowed: tuple[Verdict, ...]
    description: str = ""
    arguments_schema: Mapping[str, Any] | None = None
    response: Mapping[str, Any] = field(default_factory=lambda: YES_OR_NO)
    native_id: str = ""
    fields: Mapping[str, Any] | None = None  # of the submission, as a node's author gave them


class Asked(Protocol):
    """An interrupt's questions, and how it wants to be answered."""

    @property
    def client(self) -> str:
        """Whose shape it is, for the approval's `source`."""

    @property
    def questions(self) -> Sequence[Question]:
        """At least one; they are decided together."""

    @property
    def takes_permission(self) -> bool:
        """Whether the graph itself consumes each permission where the action runs."""

    def answer(self, rulings: Sequence[Ruling], approvals: Sequence[str]) -> Any:
        """
        The value to resume with.

        :param rulings: one for each question, in order
        :param approvals: the ids they came from
        :raises NotAnswerable: it has no place for this
        """


def parsed(shape: type[Shape], value: Any) -> Shape | None:
    """The value in this shape, or None if it does not have it."""
    try:
        return shape.model_validate(value)
    except ValidationError:
        return None
