"""Who said what so far, counted for a screen."""

from collections.abc import Iterable
from dataclasses import dataclass

from approvals.models import ApprovalRequest, Decision
from approvals.queries import documents
from approvals.rules.verdicts import VOTES


@dataclass(frozen=True)
class Votes:
    """`outdated` were cast for an earlier revision, or with less authority than is needed now."""

    needed: int
    approvals: int
    rejections: int
    outdated: int


def votes_on(approval: ApprovalRequest, decisions: Iterable[Decision]) -> Votes:
    """The tablets of one approval, from all its decisions."""
    cast = [decision for decision in decisions if decision.verdict in VOTES]
    counted = documents.counted_votes(approval, cast)
    yes = documents.approvals_among(counted)
    again = {decision.reviewer_id for decision in counted}
    outdated = {decision.reviewer_id for decision in cast} - again
    return Votes(approval.quorum_needed, yes, len(counted) - yes, len(outdated))


def named(decision: Decision) -> str:
    """Whose word it is: "Ben Arslan", or "Ben Arslan for Ana Silva"."""
    absent = decision.acting_for
    return f"{decision.reviewer.name} for {absent.name}" if absent else decision.reviewer.name
