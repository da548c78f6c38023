"""Looking at what a checkpoint keeps masked: allowed to whoever may see the request, on record."""

import uuid
from datetime import datetime

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, Reviewer
from audit import trail


@transaction.atomic(durable=True)
def reveal(approval_id: uuid.UUID, *, reviewer: Reviewer, at: datetime) -> ApprovalRequest:
    """Put on record that this person looks at the masked fields; from now on they see them."""
    approval = ApprovalRequest.objects.locked(approval_id)
    fields = list(approval.terms.redacted_fields)
    if fields and not trail.has_recorded(approval.ref, events.REVEALED, actor=reviewer.ref):
        trail.record(approval, events.REVEALED, actor=reviewer.ref, at=at, data={"fields": fields})
        approval.save(update_fields=["trail_seq", "trail_hash"])
    return approval
