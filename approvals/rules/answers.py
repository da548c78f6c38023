"""Multiselect and freeform requests: can they be answered, and does an answer fit?"""

from collections.abc import Mapping, Sequence
from typing import Any

from approvals.rules import schemas
from approvals.rules.policy import ResponseType
from approvals.rules.schemas import Problem


def flaw_in(response: Mapping[str, Any]) -> Problem | None:
    """Why nobody could answer this question (its shape is the door's business), or None."""
    match ResponseType(response["type"]):
        case ResponseType.MULTISELECT:
            return _flaw_in_options(response)
        case ResponseType.FREEFORM:
            wrong = schemas.check(response.get("schema", {}))
            return Problem("/schema", "unsafe_schema", wrong) if wrong else None
    return None


def objection(
    response: Mapping[str, Any], selected: Sequence[str] | None, answer: Any
) -> Problem | None:
    """What is wrong with an answer to this kind of request, or None."""
    match ResponseType(response["type"]):
        case ResponseType.BINARY:
            if selected is not None or answer is not None:
                return Problem("", "invalid", "This request asks for a yes or a no only.")
        case ResponseType.MULTISELECT:
            return _choice_objection(response, selected or [])
        case ResponseType.FREEFORM:
            return _text_objection(response, answer)
    return None


def _flaw_in_options(response: Mapping[str, Any]) -> Problem | None:
    names = [option["id"] for option in response.get("options", [])]
    if not names:
        return Problem("/options", "required", "name the options to choose from")
    if len(set(names)) != len(names):
        return Problem("/options", "invalid", "two options have the same id")
    if not 0 <= response.get("min", 1) <= response.get("max", len(names)) <= len(names):
        sentence = f"min and max must be in order and at most {len(names)}"
        return Problem("/max", "out_of_range", sentence)
    return None


def _choice_objection(response: Mapping[str, Any], selected: Sequence[str]) -> Problem | None:
    offered = [option["id"] for option in response["options"]]
    if unknown := [choice for choice in selected if choice not in offered]:
        return Problem("/selected", "not_a_choice", f"{unknown[0]!r} is not among the options.")
    if len(set(selected)) != len(selected):
        return Problem("/selected", "invalid", "An option is chosen twice.")
    lowest, highest = response.get("min", 1), response.get("max", len(offered))
    if not lowest <= len(selected) <= highest:
        wanted = str(lowest) if lowest == highest else f"{lowest} to {highest}"
        return Problem("/selected", "out_of_range", f"Choose {wanted} of the options.")
    return None


def _text_objection(response: Mapping[str, Any], answer: Any) -> Problem | None:
    if answer in (None, ""):
        return Problem("/answer", "required", "Write an answer.")
    wrong = schemas.problems(response.get("schema") or {}, answer)
    return Problem(f"/answer{wrong[0].pointer}", wrong[0].code, wrong[0].detail) if wrong else None
