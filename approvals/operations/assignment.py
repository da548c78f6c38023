"""Who is looking at what: soft claims that hold nobody back from a vote."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import _settling
from approvals.operations.decisions import NotAuthorized, objection_to
from approvals.rules.verdicts import Verdict
from audit import trail

CLAIM = timedelta(minutes=10)


@transaction.atomic(durable=True)
def claim(approval_id: uuid.UUID, *, reviewer: Reviewer, at: datetime) -> ApprovalRequest:
    """
    Say "I am looking at this" for ten minutes; taking it over from another is on record.

    :raises NotAuthorized: this person could not decide it anyway
    :raises AlreadySettled: there is nothing left to look after
    """
    approval = ApprovalRequest.objects.locked(approval_id)
    if not approval.is_pending:
        raise _settling.AlreadySettled(approval)
    if objection := objection_to(approval, reviewer, Verdict.APPROVE, at=at):
        raise NotAuthorized(objection)
    holder = held_by(approval, at=at)
    approval.claimed_by, approval.claimed_until = reviewer, at + CLAIM
    if holder != reviewer.pk:
        trail.record(
            approval,
            events.CLAIMED,
            actor=reviewer.ref,
            at=at,
            data={"from": f"reviewer:{holder}" if holder else None},
        )
    approval.save(update_fields=["claimed_by", "claimed_until", "trail_seq", "trail_hash"])
    return approval


@transaction.atomic(durable=True)
def release(approval_id: uuid.UUID, *, reviewer: Reviewer) -> ApprovalRequest:
    """Give up one's claim; somebody else's stays."""
    approval = ApprovalRequest.objects.locked(approval_id)
    if approval.claimed_by_id == reviewer.pk:
        approval.claimed_by = approval.claimed_until = None
        approval.save(update_fields=["claimed_by", "claimed_until"])
    return approval


def held_by(approval: ApprovalRequest, *, at: datetime) -> uuid.UUID | None:
    """Whose claim holds now, if any."""
    if approval.claimed_until is None or approval.claimed_until <= at:
        return None
    return approval.claimed_by_id
