"""A policy made stricter while a request waits still stops it; a looser one changes nothing."""

from approvals.models import ApprovalRequest
from approvals.operations import _preparing, _settling
from approvals.operations._preparing import Proposed
from approvals.queries import policies
from approvals.rules.evaluation import Evaluation
from approvals.rules.policy import Policy
from approvals.rules.tiers import Tier


def stricter(approval: ApprovalRequest, live: Policy) -> tuple[Tier, int] | None:
    """
    The tier and the number of people that the live policy asks for beyond what stands on
    the approval; None if it asks for no more, or if it is the one of the approval itself.
    """
    if live.version == approval.terms.version:
        return None
    tier = max(approval.tier, judged_now(approval, live).tier, key=lambda asked: asked.rank)
    stands = approval.quorum_needed if tier == approval.tier else approval.terms.needed_at(tier)
    needed = max(stands, live.quorum.get(tier, 1))
    return None if (tier, needed) == (approval.tier, approval.quorum_needed) else (tier, needed)


def live_policy(approval: ApprovalRequest) -> Policy | None:
    """The policy that holds at the approval's checkpoint now, whichever it was asked under."""
    version = policies.live_version(approval.checkpoint)
    return policies.policy_of(version) if version else None


def judged_now(approval: ApprovalRequest, policy: Policy) -> Evaluation:
    """What a policy says of the bytes that stand now, as somebody has asked for them."""
    current = _settling.current_revision(approval)
    proposed = Proposed.of(
        action=approval.action,
        arguments=current.arguments,
        steps=current.steps,
        about=current.about,
    )
    return _preparing.judge(
        policy,
        proposed,
        agent=approval.agent,
        run=approval.run,
        reported=approval.risk["reported"],
        ask_a_person=True,
    )
