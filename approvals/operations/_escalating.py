"""Asking the next tier: by a reviewer who is unsure, by an edit that raises the risk, by time."""

from datetime import datetime
from typing import Any

from approvals.models import ApprovalRequest
from approvals.operations import _announcing, _settling
from approvals.rules.tiers import Tier, tier_for
from audit import trail

ESCALATED = "approval.escalated"


def raise_to(
    approval: ApprovalRequest,
    tier: Tier,
    *,
    event: str,
    actor: str,
    at: datetime,
    reason: str = "",
    before: Tier | None = None,
    **data: Any,
) -> None:
    """
    Need this tier from now on. Votes cast with less no longer count.

    Records the event, tells the agent, frees a claim; expects the row held.

    :param before: the tier needed until now, where an edit has already raised it
    """
    before = before or approval.tier
    approval.required_tier = tier
    approval.quorum_needed = approval.terms.needed_at(tier)
    approval.claimed_by = approval.claimed_until = None
    trail.record(
        approval,
        event,
        actor=actor,
        at=at,
        data={
            "from": before,
            "to": tier,
            "quorum": approval.quorum_needed,
            "expires_at": trail.stamp(approval.expires_at),
            **data,
        },
        texts={"reason": reason},
        related=approval.topics(),
    )
    approval.save(
        update_fields=[
            "required_tier",
            "quorum_needed",
            "claimed_by",
            "claimed_until",
            "trail_seq",
            "trail_hash",
        ]
    )
    _settling.tell(
        approval,
        ESCALATED,
        at=at,
        escalation={"from": before, "to": tier, "reason": reason, "at": trail.stamp(at)},
    )
    _announcing.escalated(approval, at=at, reason=reason)


def is_raised(approval: ApprovalRequest) -> bool:
    """Whether more authority is asked for than the risk alone would need."""
    return approval.tier != tier_for(approval.risk_score, approval.terms.bounds)
