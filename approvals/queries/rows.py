"""The rows of a queue: each approval in one sentence, and why it is somebody's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from approvals.models import ApprovalRequest, Decision, Reviewer, Revision
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries import documents
from approvals.queries.votes import Votes, votes_on
from approvals.rules import authority, redaction
from approvals.rules.effect import Part
from approvals.rules.policy import OnTimeout
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import VOTES, Verdict


@dataclass(frozen=True)
class Row:
    """What a row shows. `mark` changes whenever something about the approval does."""

    approval: ApprovalRequest
    effect: list[Part]
    votes: Votes
    why: str
    held_by: Reviewer | None
    silence: str
    mark: str


@dataclass(frozen=True)
class Material:
    """What the rows of one page are made from, loaded for all of them at once."""

    approvals: Sequence[ApprovalRequest]
    revisions: dict[uuid.UUID, Revision]
    decisions: dict[uuid.UUID, list[Decision]]


def load(approvals: ApprovalRequestQuerySet) -> Material:
    """Three queries, however many approvals; the caller bounds them."""
    found = list(approvals.select_related("agent", "version", "claimed_by__user"))
    revisions = Revision.objects.filter(approval__in=found, number=F("approval__revision"))
    decisions: dict[uuid.UUID, list[Decision]] = {}
    cast = Decision.objects.filter(approval__in=found)
    for decision in cast.select_related("reviewer__user", "acting_for__user"):
        decisions.setdefault(decision.approval_id, []).append(decision)
    return Material(found, {revision.approval_id: revision for revision in revisions}, decisions)


def row_of(
    approval: ApprovalRequest, material: Material, *, reviewer: Reviewer, at: datetime
) -> Row:
    """One row, without a query. Wants the reviewer loaded `with_standing`."""
    decisions = material.decisions.get(approval.pk, [])
    held = approval.claimed_until is not None and approval.claimed_until > at
    return Row(
        approval=approval,
        effect=effect_of(approval, material.revisions[approval.pk]),
        votes=votes_on(approval, decisions),
        why=_why(approval, decisions, reviewer=reviewer, at=at),
        held_by=approval.claimed_by if held else None,
        silence=silence_of(approval),
        mark=mark_of(approval),
    )


def effect_of(
    approval: ApprovalRequest, revision: Revision, *, is_masked: bool = True
) -> list[Part]:
    """The sentence in parts, drawn from the bytes of the revision."""
    pointers = approval.terms.redacted_fields if is_masked else ()
    document = redaction.masked({**revision.proposed, "context": revision.about}, pointers)
    about = document.pop("context")
    return documents.effect_parts(approval.version.effect, document, about)


def silence_of(approval: ApprovalRequest) -> str:
    """What happens if nobody answers: a value of `OnTimeout`. At the top nothing escalates."""
    if approval.terms.escalates_on_timeout and approval.tier.above is None:
        return OnTimeout.REJECT
    return approval.terms.on_timeout


def mark_of(approval: ApprovalRequest) -> str:
    """A text that differs after every event about the approval."""
    return f"{approval.pk.hex}-{approval.trail_seq}"


def _why(
    approval: ApprovalRequest,
    decisions: Sequence[Decision],
    *,
    reviewer: Reviewer,
    at: datetime,
) -> str:
    mine = [decision for decision in decisions if decision.reviewer_id == reviewer.pk]
    votes = [decision for decision in mine if decision.verdict in VOTES]
    if any(vote.revision == approval.revision for vote in votes):
        return "you have voted"
    put_off = [decision for decision in mine if decision.until and decision.until > at]
    if put_off:
        return "you put it off"
    person, case = reviewer.standing(at=at), approval.case(at=at)
    if objection := authority.objection_to(person, case):
        return f"needs {case.needed.one}" if objection.can_escalate else "not yours to decide"
    if votes:
        return "your vote is outdated"
    if absent := authority.acting_for(person, case):
        return f"for {absent.name}, away"
    asked = [decision for decision in decisions if decision.verdict == Verdict.ESCALATE]
    if asked:
        return f"escalated by {asked[-1].reviewer.name}"
    team = f", {case.team_name}" if case.team_name else ""
    return f"you: {Tier(person.tier).label}{team}"
