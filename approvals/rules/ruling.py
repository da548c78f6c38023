"""What a reviewer says, of exactly which bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.rules import limits
from approvals.rules.schemas import Problem
from approvals.rules.verdicts import Reason, Verdict

MAX_FEEDBACK = 2000


@dataclass(frozen=True)
class Ruling:
    """
    `revision` and `digest` are those that were on the screen. `arguments` or `merge_patch`
    (RFC 7396) edit; `steps` says of steps of a plan `{"verdict", "feedback"?, "arguments"?,
    "merge_patch"?}`, and one that is not named is approved.
    """

    verdict: Verdict
    revision: int
    digest: str
    feedback: str = ""
    reason_code: str = ""
    arguments: Mapping[str, Any] | None = None
    merge_patch: Mapping[str, Any] | None = None
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    selected: list[str] | None = None
    answer: Any = None
    until: datetime | None = None

    @property
    def changes_something(self) -> bool:
        return self.arguments is not None or self.merge_patch is not None or bool(self.steps)


# What must be put in words, because somebody acts on the words alone.
_WANTS_WORDS = {
    Verdict.REQUEST_CHANGES: "Say what should change: the agent acts on your words.",
    Verdict.GUIDE: "Say what the agent should know.",
    Verdict.ESCALATE: "Say why the next tier should decide.",
}


def objection(ruling: Ruling) -> Problem | None:
    """What is wrong with a ruling's words, whatever it is about; or None."""
    if unfit := _not_to_be_stored(ruling):
        return unfit
    if len(ruling.feedback) > MAX_FEEDBACK:
        return Problem(
            "/feedback", "too_long", f"Feedback may have at most {MAX_FEEDBACK:,} characters."
        )
    if ruling.reason_code and ruling.reason_code not in Reason.values:
        return Problem(
            "/reason_code", "not_a_choice", f"The reason must be one of {', '.join(Reason.values)}."
        )
    if ruling.verdict in _WANTS_WORDS and not ruling.feedback.strip():
        return Problem("/feedback", "required", _WANTS_WORDS[ruling.verdict])
    if ruling.verdict == Verdict.MODIFY and not ruling.changes_something:
        return Problem("/arguments", "required", "Say what to change: arguments, or a merge patch.")
    return None


def _not_to_be_stored(ruling: Ruling) -> Problem | None:
    # One door has a gate for JSON, another has forms; a database refuses NUL from both.
    # (Edited arguments are checked as they will be, when the edit is applied.)
    words = {
        name: getattr(ruling, name) for name in ("feedback", "reason_code", "selected", "answer")
    }
    steps = {name: said.get("feedback", "") for name, said in ruling.steps.items()}
    try:
        limits.check({**words, "steps": steps})
    except limits.Malformed as wrong:
        return Problem(wrong.pointer, wrong.code, wrong.detail)
    return None
