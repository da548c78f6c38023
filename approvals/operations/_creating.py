"""Writing a new approval: its row, first revision, steps and first event."""

import uuid
from datetime import datetime
from typing import Any

from approvals import events
from approvals.models import ApprovalGroup, ApprovalRequest, PlanStep, Revision
from approvals.operations._preparing import Prepared, Proposed, envelope_of, likeness_of
from approvals.rules import ladder
from approvals.rules.canonical import canonical
from audit import trail


def create(
    prepared: Prepared,
    *,
    at: datetime,
    idempotency_key: str | None = None,
    fingerprint: str = "",
    group: ApprovalGroup | None = None,
    group_index: int | None = None,
    follows: ApprovalRequest | None = None,
) -> ApprovalRequest:
    """
    Write the approval, pending, with its first revision and event. Expects a transaction.

    :raises IntegrityError: the idempotency key, or the place in the group, is taken
    """
    terms, submitted, judged = prepared.terms, prepared.submitted, prepared.evaluation
    expires_at = ladder.deadline(
        at=at,
        timeout_seconds=terms.timeout_seconds,
        expires_in_seconds=submitted.get("expires_in_seconds"),
    )
    approval = ApprovalRequest(
        id=uuid.uuid4(),
        agent=prepared.agent,
        version=prepared.version,
        follows=follows,
        group=group,
        group_index=group_index,
        run=submitted.get("run", ""),
        checkpoint=terms.checkpoint,
        action=prepared.proposed.action,
        on_behalf_of=submitted.get("on_behalf_of", ""),
        callback_url=submitted.get("callback_url") or "",
        envelope=envelope_of(submitted),
        digest=prepared.proposed.digest,
        effect=prepared.effect,
        risk_score=judged.risk.score,
        risk=judged.risk.as_json(),
        flags=prepared.flags,
        likeness=likeness_of(
            prepared.proposed,
            agent=prepared.agent,
            terms=terms,
            judged=judged,
            flags=prepared.flags,
        ),
        amount=judged.amount,
        terms_json=terms.as_json(),
        required_tier=judged.tier,
        quorum_needed=terms.needed_at(judged.tier),
        submitted_at=at,
        window_starts_at=at,
        expires_at=expires_at,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
    )
    approval.next_due_at = ladder.next_due(terms, approval.window(), after=at)
    trail.record(
        approval,
        events.SUBMITTED,
        actor=prepared.agent.ref,
        at=at,
        data=_first_words(approval),
        related=approval.topics(),
    )
    approval.save(force_insert=True)
    add_revision(approval, prepared.proposed, at=at)
    add_steps(approval, prepared.proposed)
    return approval


def add_revision(
    approval: ApprovalRequest,
    proposed: Proposed,
    *,
    at: datetime,
    **about: Any,
) -> Revision:
    """Keep these exact bytes as the approval's current revision (its number is set already)."""
    return Revision.objects.create(
        approval=approval,
        number=approval.revision,
        body=proposed.body,
        digest=proposed.digest,
        context=canonical(proposed.about),
        created_at=at,
        **about,
    )


def add_steps(approval: ApprovalRequest, proposed: Proposed) -> None:
    PlanStep.objects.bulk_create(
        PlanStep(
            approval=approval,
            position=position,
            step_id=step["id"],
            action=step["action"],
            depends_on=step.get("depends_on", []),
        )
        for position, step in enumerate(proposed.steps)
    )


def _first_words(approval: ApprovalRequest) -> dict[str, Any]:
    return {
        "checkpoint": approval.checkpoint,
        "version": approval.terms.version,
        "action": approval.action,
        "digest": approval.digest,
        "risk": str(approval.risk_score),
        "rules": [factor["rule"] for factor in approval.risk["factors"]],
        "required_tier": approval.required_tier,
        "quorum": approval.quorum_needed,
        "expires_at": trail.stamp(approval.expires_at),
        "flags": [flag["code"] for flag in approval.flags],
        "run": approval.run,
        "follows": approval.follows.ref if approval.follows else None,
    }
