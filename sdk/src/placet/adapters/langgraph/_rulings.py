"""What was decided, in the few words that an agent framework understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from placet import Approval

Verdict = Literal["approve", "modify", "reject", "request_changes"]

RAN_OUT = "The permission ran out before it was used. Nothing was run."
TAKEN_BEFORE = (
    "The permission for this was taken before. It may have run already, or may not have; "
    "do not repeat it without asking."
)


@dataclass(frozen=True)
class Ruling:
    """
    :ivar arguments: what may run, as amended by the reviewers
    :ivar words: what people said, or why it is a no; "" if there is nothing to say
    :ivar answer: to a freeform question
    """

    verdict: Verdict
    arguments: dict[str, Any]
    words: str
    answer: Any = None

    @property
    def is_yes(self) -> bool:
        return self.verdict in ("approve", "modify")


def ruling_of(approval: Approval) -> Ruling:
    """What a settled approval, or one that is handed back for changes, comes to."""
    words = words_of(approval)
    if approval.may_proceed:
        edited = approval.status == "modified"
        answer = approval.decision.answer if approval.decision else None
        return Ruling("modify" if edited else "approve", approval.arguments, words, answer)
    if _wants_changes(approval):
        return Ruling("request_changes", {}, f"A reviewer asks for changes: {words}")
    return Ruling("reject", {}, words)


def refused(*, words: str) -> Ruling:
    return Ruling("reject", {}, words)


def words_of(approval: Approval) -> str:
    """What people told the agent, oldest first, and that nobody decided if nobody did."""
    said = [each["feedback"] for each in approval.raw.get("feedback") or () if each["feedback"]]
    decision = approval.decision
    if decision and decision.feedback:
        said.append(decision.feedback)
    if decision and decision.reason_code:
        said.append(f"Reason: {decision.reason_code.replace('_', ' ')}.")
    if decision and decision.via == "timeout" and not approval.may_proceed:
        said.append("Nobody decided in time.")
    if approval.status == "cancelled" and not said:
        said.append("The request was withdrawn.")
    return "\n\n".join(dict.fromkeys(said))


def _wants_changes(approval: Approval) -> bool:
    # Once told, it is withdrawn; the words that ask for changes stay.
    if approval.status == "changes_requested":
        return True
    asked = any(w["verdict"] == "request_changes" for w in approval.raw.get("feedback") or ())
    return approval.status == "cancelled" and asked
