"""On record: somebody we know was refused before there was a decision to refuse."""

import uuid
from datetime import datetime

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, Reviewer
from audit import trail


@transaction.atomic(durable=True)
def deny(actor: str, *, why: str, what: str, at: datetime) -> None:
    """
    Keep one refusal, in the stream of whoever was refused. (What is refused about an
    approval that they may see stands with that approval: see `decisions`.)

    :param actor: who, as the trail names them: "user:7", "agent:…"
    :param why: the sentence they were given, or what stands behind a "not found"
    :param what: the address or the approval that they tried
    """
    trail.record_in_stream(
        actor, events.DENIED, actor=actor, at=at, data={"why": why, "what": what}
    )


def hidden(reviewer: Reviewer, approval_id: uuid.UUID, *, at: datetime) -> None:
    """
    Keep that they tried to act on an approval that is none of theirs, of which they are told
    only that it was not found. Of one that does not exist there is nothing to keep.
    """
    if ApprovalRequest.objects.filter(pk=approval_id).exists():
        why = f"{reviewer.name} may not see it."
        deny(f"user:{reviewer.user_id}", why=why, what=f"approval:{approval_id}", at=at)
