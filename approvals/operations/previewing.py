"""What a reviewer's edit would come to, before they say so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from approvals.models import ApprovalRequest, Reviewer, Revision
from approvals.operations import _editing, _preparing, revising
from approvals.operations._editing import Edit
from approvals.operations._preparing import Proposed
from approvals.queries import documents, policies
from approvals.rules import authority
from approvals.rules.authority import Objection
from approvals.rules.effect import Part
from approvals.rules.risk import RiskAssessment
from approvals.rules.ruling import Ruling
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import StepStatus


@dataclass(frozen=True)
class Preview:
    """
    `statuses` is of each step of a plan, empty without steps. `objection` is why the
    reviewer could not complete this edit themselves: it would go up as a proposal.
    """

    proposed: Proposed
    changes_something: bool
    effect: list[Part]
    risk: RiskAssessment
    tier: Tier
    quorum: int
    statuses: Mapping[str, StepStatus]
    objection: Objection | None


def preview(
    approval: ApprovalRequest,
    ruling: Ruling,
    *,
    current: Revision,
    reviewer: Reviewer,
    at: datetime,
) -> Preview:
    """
    The revision that `decide` would write for this edit, judged as it would judge it.

    Writes nothing. Wants agent, version, its checkpoint and team loaded.

    :raises InvalidEdit: the edit cannot be applied, or breaks the arguments' schema
    """
    edited = _editing.applied(approval, current, ruling)
    policy = policies.policy_of(approval.version)
    judged = _preparing.judge(
        policy,
        edited.proposed,
        agent=approval.agent,
        run=approval.run,
        reported=approval.risk["reported"],
        ask_a_person=True,
    )
    tier = revising.routed_to(approval, judged.tier, by_reviewer=True)
    return Preview(
        proposed=edited.proposed,
        changes_something=edited.proposed.digest != current.digest
        or edited.dispositions != current.dispositions,
        effect=documents.effect_parts(
            policy.effect,
            {
                "action": edited.proposed.action,
                "arguments": edited.proposed.arguments,
                "steps": edited.proposed.steps,
            },
            dict(edited.proposed.about),
        ),
        risk=judged.risk,
        tier=tier,
        quorum=approval.terms.needed_at(tier),
        statuses=_statuses(current, edited),
        objection=authority.objection_to(
            reviewer.standing(at=at),
            replace(approval.case(at=at), needed=tier, amount=judged.amount),
        ),
    )


def _statuses(current: Revision, edited: Edit) -> Mapping[str, StepStatus]:
    """What becomes of every step: of the open ones, and of those an earlier edit took out."""
    unsaid = {step["id"]: StepStatus.APPROVED for step in current.steps}
    said = {name: StepStatus(words["status"]) for name, words in edited.dispositions.items()}
    return unsaid | said
