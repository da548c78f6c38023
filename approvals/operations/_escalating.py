"""Asking for more: a reviewer who is unsure, an edit, the clock, or a stricter policy."""

from datetime import datetime
from typing import Any

from approvals import events
from approvals.models import ApprovalRequest
from approvals.operations import _announcing, _settling, _tallying, _tightening
from approvals.queries import pauses
from approvals.refusals import Conflict
from approvals.rules.tiers import Tier, tier_for
from audit import trail

ESCALATED = "approval.escalated"


class NoLivePolicy(Conflict):
    """The checkpoint has been taken out of service: no policy says that this may pass."""

    code = "decision_not_allowed"


def raise_to(
    approval: ApprovalRequest,
    tier: Tier,
    *,
    event: str,
    actor: str,
    at: datetime,
    reason: str = "",
    before: Tier | None = None,
    quorum: int | None = None,
    **data: Any,
) -> None:
    """
    Need this tier from now on. Votes cast with less no longer count; those cast with enough
    settle it at once if the tier asks for no more of them.

    Records the event, tells the agent, frees a claim; expects the row held.

    :param before: the tier needed until now, where an edit has already raised it
    :param quorum: how many people are needed, where the approval's own terms do not say
    """
    before = before or approval.tier
    approval.required_tier = tier
    approval.quorum_needed = quorum or _needed_at(tier, approval)
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
    if _may_be_let_through(approval, at=at):
        _tallying.settle_if_enough(approval, None, at=at)


def _needed_at(tier: Tier, approval: ApprovalRequest) -> int:
    # Two stay two further up, unless the policy says of that tier that fewer will do: who
    # escalates, or the clock, must not stand for one of them.
    asked = approval.terms.needed_at(tier)
    return asked if tier in approval.terms.quorum else max(asked, approval.quorum_needed)


def raise_to_live(approval: ApprovalRequest, *, at: datetime) -> None:
    """
    Ask for what the checkpoint's live version asks, if that is more than what stands.

    :raises NoLivePolicy: there is none, so nothing is let through
    """
    live = _tightening.live_policy(approval)
    if live is None:
        raise NoLivePolicy(
            f"{approval.checkpoint} has no live policy any more, so nothing is approved there."
        )
    if asked := _tightening.stricter(approval, live):
        tier, quorum = asked
        raise_to(
            approval,
            tier,
            quorum=quorum,
            event=events.ESCALATED_BY_POLICY,
            actor=f"policy:{approval.checkpoint}",
            at=at,
            reason="The policy has become stricter since this was asked.",
        )


def is_raised(approval: ApprovalRequest) -> bool:
    """Whether more authority is asked for than the risk alone would need."""
    return approval.tier != tier_for(approval.risk_score, approval.terms.bounds)


def _may_be_let_through(approval: ApprovalRequest, *, at: datetime) -> bool:
    live = _tightening.live_policy(approval)
    return (
        approval.is_pending
        and at < approval.expires_at
        and pauses.over(approval.agent, approval.version.checkpoint) is None
        and live is not None
        and _tightening.stricter(approval, live) is None
    )
