"""What an agent does with a request it has made: revise it, withdraw it, report on it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, OutcomeReport, PlanStep
from approvals.operations import (
    _announcing,
    _creating,
    _deadlines,
    _escalating,
    _pausing,
    _preparing,
    _quota,
    _settling,
)
from approvals.operations._preparing import Proposed
from approvals.queries import policies
from approvals.refusals import Conflict
from approvals.rules.lifecycle import Status, Via
from approvals.rules.tiers import Tier
from audit import trail


class NothingRan(Conflict):
    code = "decision_not_allowed"


def revise(
    approval_id: uuid.UUID, revised: Mapping[str, Any], *, at: datetime | None = None
) -> ApprovalRequest:
    """
    Replace what an open request asks by a new revision; votes on the old one no longer count.

    The policy is the one frozen at submission; a higher risk needs a higher tier, a lower
    one never gives back authority already asked for. Nothing passes by itself here.

    :param revised: `{"arguments", "context"?, "steps"?}`; what is left out stays as it was
    :param at: left out, the clock is read once the row is held
    :raises AlreadySettled: too late
    :raises Refusal: what a submission with these words would be refused for
    """
    return _deadlines.in_time(
        approval_id, at, lambda approval, now: _revise(approval, revised, now)
    )


def cancel(approval_id: uuid.UUID, *, reason: str, at: datetime | None = None) -> ApprovalRequest:
    """
    Withdraw an open request.

    :param at: left out, the clock is read once the row is held
    :raises AlreadySettled: it was decided first; the decision stands
    """
    return _deadlines.in_time(approval_id, at, lambda approval, now: _cancel(approval, reason, now))


@transaction.atomic(durable=True)
def report_outcome(
    approval_id: uuid.UUID, *, report: Mapping[str, Any], reporter: str, at: datetime
) -> OutcomeReport:
    """
    Keep what happened after the approval. Several reports are allowed, and late ones too.

    :raises NothingRan: nothing was approved, so nothing can have happened
    """
    approval = ApprovalRequest.objects.locked(approval_id)
    if not approval.may_proceed:
        raise NothingRan(f"Nothing was to run: this request is {approval.get_status_display()}.")
    loss = report.get("loss")
    kept = OutcomeReport.objects.create(
        approval=approval,
        status=report["status"],
        severity=report.get("severity"),
        loss=None if loss is None else Decimal(str(loss)),
        detail=report.get("detail", ""),
        occurred_at=report.get("occurred_at") or at,
        reported_at=at,
        reporter=reporter,
    )
    trail.record(
        approval,
        events.OUTCOME_REPORTED,
        actor=reporter,
        at=at,
        data={
            "status": kept.status,
            "severity": kept.severity,
            "loss": None if loss is None else str(loss),
            "occurred_at": trail.stamp(kept.occurred_at),
        },
        texts={"detail": kept.detail},
        related=approval.topics(),
    )
    approval.save(update_fields=["trail_seq", "trail_hash"])
    return kept


def _revise(approval: ApprovalRequest, revised: Mapping[str, Any], at: datetime) -> None:
    _pausing.refuse_if_paused(approval.agent, approval.version.checkpoint)
    before = _settling.agents_revision(approval)
    proposed = Proposed.of(
        action=approval.action,
        arguments=revised["arguments"],
        steps=revised.get("steps", before.steps),
        about=revised.get("context", before.about),
    )
    _preparing.check_plan(proposed.steps)
    _preparing.check_arguments(approval.submitted.get("arguments_schema"), proposed.arguments)
    if approval.status == Status.CHANGES_REQUESTED:
        _quota.refuse_if_over(approval.agent, arriving=1)
        _settling.take_back(approval)
        _announcing.new(approval, at=at)
    restate(
        approval,
        proposed,
        reported=_preparing.reported_risk({**approval.submitted, "steps": proposed.steps}),
    )
    approval.claimed_by = approval.claimed_until = None
    _creating.add_revision(approval, proposed, at=at)
    PlanStep.objects.filter(approval=approval).delete()
    _creating.add_steps(approval, proposed)
    trail.record(
        approval,
        events.REVISED,
        actor=approval.agent.ref,
        at=at,
        data={
            "revision": approval.revision,
            "digest": approval.digest,
            "risk": str(approval.risk_score),
            "required_tier": approval.required_tier,
        },
        related=approval.topics(),
    )
    approval.save()


def restate(
    approval: ApprovalRequest,
    proposed: Proposed,
    *,
    reported: float | None,
    by_reviewer: bool = False,
) -> None:
    """
    Set the approval's current revision, digest, effect, risk, warnings and authority to new
    bytes.

    The caller saves.
    """
    policy = policies.policy_of(approval.version)
    judged = _preparing.judge(
        policy,
        proposed,
        agent=approval.agent,
        run=approval.run,
        reported=reported,
        ask_a_person=True,
    )
    tier = routed_to(approval, judged.tier, by_reviewer=by_reviewer)
    approval.revision += 1
    approval.digest = proposed.digest
    approval.effect = _preparing.effect_of(policy, proposed)
    approval.risk, approval.risk_score = judged.risk.as_json(), judged.risk.score
    approval.amount = judged.amount
    approval.flags = _preparing.flags_of(proposed)
    approval.likeness = _preparing.likeness_of(
        proposed, agent=approval.agent, terms=approval.terms, judged=judged, flags=approval.flags
    )
    approval.required_tier = tier
    approval.quorum_needed = approval.terms.needed_at(tier)


def routed_to(approval: ApprovalRequest, judged: Tier, *, by_reviewer: bool) -> Tier:
    """
    The tier that new bytes need: routing follows what would run, and a higher risk raises it.

    It goes down only for a reviewer's edit, where the policy says so, and never where
    somebody or something has asked for a higher tier than the risk does.
    """
    if by_reviewer and approval.terms.edits_may_lower and not _escalating.is_raised(approval):
        return judged
    return max(approval.tier, judged, key=lambda wanted: wanted.rank)


def _cancel(approval: ApprovalRequest, reason: str, at: datetime) -> None:
    _settling.settle(
        approval,
        Status.CANCELLED,
        via=Via.AGENT,
        actor=approval.agent.ref,
        at=at,
        verdict="cancel",
        feedback=reason,
    )
