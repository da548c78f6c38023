"""
The one place where an approval stops being pending.

Everything here expects the approval's row held and a transaction open: the public
operations see to both, and commit.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from approvals import events, outbox
from approvals.models import ApprovalRequest, Bypass, Decision, PlanStep, Revision
from approvals.operations import grants
from approvals.queries import documents, pauses
from approvals.refusals import Conflict
from approvals.rules import lifecycle
from approvals.rules.lifecycle import Status, Via
from audit import trail

SETTLED = "approval.settled"
CHANGES_REQUESTED = "approval.changes_requested"


class AlreadySettled(Conflict):
    """Another reviewer, the agent, or the clock got there first."""

    code = "already_settled"

    def __init__(self, approval: ApprovalRequest) -> None:
        super().__init__(_how_it_ended(approval), current=current_of(approval))


def settle(
    approval: ApprovalRequest,
    status: Status,
    *,
    via: Via,
    actor: str,
    at: datetime,
    votes: Sequence[Decision] = (),
    verdict: str,
    feedback: str = "",
    reason_code: str = "",
    event: str = events.SETTLED,
    follow_up: Sequence[ApprovalRequest] = (),
    bypass: Bypass | None = None,
) -> None:
    """
    End the approval: its outcome, event, grant, feed line and callback, together.

    :param actor: on whose word, as the trail names it ("reviewer:…", "clock", "policy")
    :param votes: the decisions that made it so, with reviewers loaded
    :raises IllegalMove: the status may not follow; a bug in the caller
    """
    final, submitted = current_revision(approval), agents_revision(approval)
    approval.status = lifecycle.move(Status(approval.status), status)
    approval.via, approval.settled_at, approval.next_due_at = via, at, None
    approval.decision = json.dumps(
        documents.decision_document(
            approval,
            status=status,
            via=via,
            at=at,
            submitted=submitted,
            final=final,
            votes=votes,
            verdict=verdict,
            feedback=feedback,
            reason_code=reason_code,
            follow_up=follow_up,
            bypass=bypass,
        ),
        ensure_ascii=False,
    )
    trail.record(
        approval,
        event,
        actor=actor,
        at=at,
        data={
            "status": status,
            "via": via,
            "verdict": verdict,
            "revision": approval.revision,
            "digest": approval.digest,
            "by": [vote.reviewer.ref for vote in votes],
            "reason_code": reason_code,
            "follow_up": [other.ref for other in follow_up],
        },
        texts={"feedback": feedback},
        related=[*approval.topics(), *([bypass.ref] if bypass else [])],
    )
    _save(approval, *_OUTCOME)
    _close_steps(approval, final)
    grant = None
    if status.may_proceed:
        grant = grants.issue(approval, digest=final.digest, by=list(votes), at=at)
    _tell(approval, SETTLED, shown=submitted, at=at, grant=grant, votes=votes)


def hand_back(approval: ApprovalRequest, *, decision: Decision, at: datetime) -> None:
    """The agent's turn: pending no more until it revises, not settled. The clock runs on."""
    approval.status = lifecycle.move(Status(approval.status), Status.CHANGES_REQUESTED)
    trail.record(
        approval,
        events.CHANGES_REQUESTED,
        actor=decision.reviewer.ref,
        at=at,
        data={"revision": approval.revision, "digest": approval.digest},
        texts={"feedback": decision.feedback},
        related=approval.topics(),
    )
    _save(approval, "status")
    tell(approval, CHANGES_REQUESTED, at=at)


def take_back(approval: ApprovalRequest) -> None:
    """The agent has revised: pending again. The caller saves and records the revision."""
    approval.status = lifecycle.move(Status(approval.status), Status.PENDING)


def tell(approval: ApprovalRequest, type: str, *, at: datetime, **extra: Any) -> None:
    """Tell the agent something that does not end the approval."""
    _tell(approval, type, shown=agents_revision(approval), at=at, extra=extra)


def current_revision(approval: ApprovalRequest) -> Revision:
    return Revision.objects.get(approval=approval, number=approval.revision)


def agents_revision(approval: ApprovalRequest) -> Revision:
    """The agent's own latest words."""
    return (
        Revision.objects.filter(approval=approval, editor__isnull=True)
        .order_by("-number")[:1]
        .get()
    )


def current_of(approval: ApprovalRequest) -> dict[str, Any]:
    """The state that says no, for the loser of a race."""
    return documents.state_document(approval)


def _how_it_ended(approval: ApprovalRequest) -> str:
    decided = approval.decided
    if not decided:
        return f"This request is {approval.get_status_display()}; it waits for its agent."
    names = " and ".join(vote["name"] for vote in decided["by"])
    how = f"by {names}" if names else f"by {Via(decided['via']).label}"
    return f"Already {approval.get_status_display()} {how} at {decided['decided_at']}."


_OUTCOME = ("status", "via", "settled_at", "next_due_at", "decision")


def _save(approval: ApprovalRequest, *fields: str) -> None:
    # Conditional as well as locked: should a caller ever come without the lock, the
    # database still lets one of two through.
    values = {name: getattr(approval, name) for name in (*fields, "trail_seq", "trail_hash")}
    if not ApprovalRequest.objects.open().filter(pk=approval.pk).update(**values):
        raise AlreadySettled(ApprovalRequest.objects.get(pk=approval.pk))


def _close_steps(approval: ApprovalRequest, final: Revision) -> None:
    said = {step["id"]: step["status"] for step in (approval.decided or {})["steps"]}
    steps = list(PlanStep.objects.filter(approval=approval)) if said else []
    for step in steps:
        step.status = said[step.step_id]
        step.feedback = final.dispositions.get(step.step_id, {}).get("feedback", "")
    if steps:
        PlanStep.objects.bulk_update(steps, ["status", "feedback"])


def _tell(
    approval: ApprovalRequest,
    type: str,
    *,
    shown: Revision,
    at: datetime,
    grant: Any = None,
    votes: Sequence[Decision] = (),
    extra: dict[str, Any] | None = None,
) -> None:
    words = Decision.objects.filter(approval=approval, verdict__in=documents.WORDS)
    pause = pauses.over(approval.agent, approval.version.checkpoint) if approval.is_open else None
    document = documents.approval_document(
        approval,
        pause=pause,
        shown=shown,
        grant=grant,
        approvals=documents.approvals_among(votes),
        said=words.select_related("reviewer__user"),
    )
    outbox.post(approval, type, data=document | (extra or {}), at=at)
