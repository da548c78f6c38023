"""
The clock against everybody else.

Every operation on an open approval goes through `in_time`: it holds the row, reads the
clock only then, and lets the deadline act first if it has passed. A worker that is dead
or late therefore never lets anything be decided after its time.
"""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from approvals import events
from approvals.models import ApprovalRequest
from approvals.operations import _announcing, _calling, _escalating, _settling, _tightening
from approvals.queries import installation, pauses, policies
from approvals.refusals import Conflict, Refusal
from approvals.rules import ladder
from approvals.rules.lifecycle import Status, Via
from approvals.rules.policy import OnTimeout, Policy, ResponseType
from approvals.rules.verdicts import Verdict
from audit import trail


class Expired(Conflict):
    """The deadline came first; what silence means has been done, unless it is held back."""

    code = "expired"


def in_time(
    approval_id: uuid.UUID,
    at: datetime | None,
    act: Callable[[ApprovalRequest, datetime], Refusal | None],
) -> ApprovalRequest:
    """
    Hold the approval, let its deadline act if it has passed, else `act`; commit.

    `act` may return a refusal instead of raising it when what it wrote must stay.

    :param at: the instant of the act; None reads the clock once the row is held
    :raises AlreadySettled: there is nothing left to do
    :raises Expired: the deadline had passed, whether or not a worker had noticed
    """
    with transaction.atomic(durable=True):
        approval = ApprovalRequest.objects.locked(approval_id)
        now = at or timezone.now()
        if not approval.is_open:
            raise _settling.AlreadySettled(approval)
        refusal: Refusal | None
        if now >= approval.expires_at:
            refusal = _too_late(approval, now)
        else:
            if approval.next_due_at is not None and now >= approval.next_due_at:
                # A rung of the ladder whose instant no worker has noticed.
                strike(approval, at=now)
            # Climbing may have settled it, by votes that suffice on the higher rung.
            refusal = act(approval, now) if approval.is_open else _settling.AlreadySettled(approval)
    if refusal:
        raise refusal
    return approval


def strike(approval: ApprovalRequest, *, at: datetime) -> None:
    """
    Do what the instant `next_due_at` was set for, and whatever a late worker missed since:
    climb the ladder, let silence decide, call and remind people.
    """
    rungs, submitted_at = approval.terms.ladder, approval.submitted_at
    reached = ladder.rungs_reached(rungs, submitted_at=submitted_at, at=at)
    new = ladder.rungs_reached(rungs, submitted_at=submitted_at, at=at, since=approval.next_due_at)
    tier = ladder.highest(approval.tier, reached)
    if tier != approval.tier:
        _escalating.raise_to(approval, tier, event=events.CLIMBED, actor=_calling.CLOCK, at=at)
    if not approval.is_open:
        return
    if at >= approval.expires_at:
        _silence(approval, at)
    if not approval.is_open:
        return
    _calling.call(approval, new, at=at)
    _calling.call_if_urgent(approval, at=at)
    _calling.remind(approval, at=at)
    approval.next_due_at = ladder.next_due(approval.terms, approval.window(), after=at)
    approval.save(update_fields=["next_due_at"])


def _silence(approval: ApprovalRequest, at: datetime) -> None:
    _announcing.timed_out(approval, at=at)
    above = approval.tier.above
    if approval.terms.escalates_on_timeout and above and approval.is_pending:
        approval.window_starts_at = at
        approval.expires_at = at + timedelta(seconds=approval.terms.timeout_seconds)
        approval.reminders_sent, approval.urgent_at = 0, None
        approval.save(
            update_fields=["window_starts_at", "expires_at", "reminders_sent", "urgent_at"]
        )
        _escalating.raise_to(
            approval, above, event=events.ESCALATED_BY_TIMEOUT, actor=_calling.CLOCK, at=at
        )
    elif _may_be_approved_by_silence(approval):
        _settling.settle(
            approval,
            Status.APPROVED,
            via=Via.TIMEOUT,
            actor=_calling.CLOCK,
            at=at,
            verdict="approve",
            event=events.APPROVED_BY_TIMEOUT,
        )
    else:
        _settling.settle(
            approval,
            Status.REJECTED,
            via=Via.TIMEOUT,
            actor=_calling.CLOCK,
            at=at,
            verdict="reject",
            feedback="Nobody decided in time.",
            event=events.REJECTED_BY_TIMEOUT,
        )


def _may_be_approved_by_silence(approval: ApprovalRequest) -> bool:
    # No silence answers a question, or a person's no; and an edit or an escalation may have
    # raised it since.
    return (
        approval.is_pending
        and not approval.decisions.filter(verdict=Verdict.REJECT).exists()
        and approval.terms.response["type"] == ResponseType.BINARY
        and not _escalating.is_raised(approval)
        and pauses.over(approval.agent, approval.version.checkpoint) is None
        and _passes_in_silence(approval, policies.policy_of(approval.version))
        and _passes_in_silence(approval, _tightening.live_policy(approval))
    )


def _passes_in_silence(approval: ApprovalRequest, policy: Policy | None) -> bool:
    # The policy must say so in words, and even then only for what a team member could have
    # waved through, and what a template could have passed.
    if policy is None or policy.on_timeout != OnTimeout.APPROVE:
        return False
    judged = _tightening.judged_now(approval, policy)
    return judged.risk.score < policy.tiers.get("team_lead", 0.0) and not judged.barred


def _too_late(approval: ApprovalRequest, at: datetime) -> Expired:
    passed = trail.stamp(approval.expires_at)
    if installation.held_sweep():
        did = "Deadlines are held back just now, so nothing has come of it yet."
    else:
        strike(approval, at=at)
        did = _what_silence_did(approval)
    return Expired(
        f"The deadline passed at {passed}. {did}", current=_settling.current_of(approval)
    )


def _what_silence_did(approval: ApprovalRequest) -> str:
    if approval.is_open:
        return f"It now needs {approval.tier.one}, until {trail.stamp(approval.expires_at)}."
    return f"It is {approval.get_status_display()}."
