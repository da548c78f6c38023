"""Any other interrupt: shown as it is, answered in the form it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_jsonable_python

from ._errors import NotAnswerable
from ._questions import IN_WORDS, Question
from ._rulings import Ruling


@dataclass(frozen=True)
class OpenQuestion:
    question: Question
    client = "langgraph"
    takes_permission = False

    @property
    def questions(self) -> list[Question]:
        return [self.question]

    def answer(self, rulings: Sequence[Ruling], approvals: Sequence[str]) -> Any:
        if not rulings[0].is_yes:
            raise NotAnswerable(
                f"Nobody answered, and an open question has no other end. {rulings[0].words}"
            )
        return rulings[0].answer


def read(value: Any, response_schema: Any) -> OpenQuestion:
    shown = to_jsonable_python(value, fallback=str)
    schema = isinstance(response_schema, Mapping) and response_schema
    response = {"type": "freeform", "schema": schema} if schema else IN_WORDS
    return OpenQuestion(
        Question(
            action="answer",
            arguments=shown if isinstance(shown, dict) else {"question": shown},
            allowed=("approve",),
            description=shown if isinstance(shown, str) else "",
            response=response,
        )
    )
