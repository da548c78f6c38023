"""Telling people that time passes: reminders, and whoever is on call. On record, each of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from approvals import events
from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import _announcing
from approvals.queries import candidates, rota
from approvals.rules import ladder
from approvals.rules.policy import Rung
from approvals.rules.tiers import Tier
from audit import trail

CLOCK = "clock"


def remind(approval: ApprovalRequest, *, at: datetime) -> None:
    """Send what reminders have come due in this window: one, however late the worker is."""
    fractions = approval.terms.reminders
    passed = ladder.reminders_passed(fractions, approval.window(), at=at)
    if passed <= approval.reminders_sent:
        return
    approval.reminders_sent = passed
    if approval.is_pending:
        _record(
            approval,
            events.REMINDED,
            at=at,
            reminder=passed,
            of=len(fractions),
            expires_at=trail.stamp(approval.expires_at),
        )
        _announcing.reminder(approval, at=at)
    approval.save(update_fields=["reminders_sent", "trail_seq", "trail_hash"])


def call(approval: ApprovalRequest, rungs: Sequence[Rung], *, at: datetime) -> None:
    """Tell whoever is on call by the schedules of these rungs."""
    if not approval.is_pending:
        return
    for schedule in dict.fromkeys(rung.schedule for rung in rungs if rung.schedule):
        people = rota.on_call_by_name(schedule, at=at)
        _tell(approval, people, at=at, because="rung", schedule=schedule)


def call_if_urgent(approval: ApprovalRequest, *, at: datetime) -> None:
    """
    Once in a window, when too little of it is left and nobody looks at it: tell whoever is
    on call, or if nobody is, those whom the next rung would bring in.
    """
    until = approval.claimed_until if approval.claimed_by_id else None
    is_looked_at = until is not None and until > at
    begins = ladder.urgent_from(approval.terms, approval.window())
    if approval.urgent_at or at < begins or is_looked_at or not approval.is_pending:
        return
    asked = [Rung(0, schedule=approval.terms.on_call)] if approval.terms.on_call else []
    asked += ladder.rungs_ahead(approval.terms.ladder, submitted_at=approval.submitted_at, at=at)
    if not asked:
        return
    found = ((rung, _people_of(rung, approval, at=at)) for rung in asked)
    rung, people = next(((rung, people) for rung, people in found if people), (asked[0], []))
    approval.urgent_at = at
    _tell(approval, people, at=at, because="urgent", schedule=rung.schedule, tier=rung.to)
    approval.save(update_fields=["urgent_at"])


def _people_of(rung: Rung, approval: ApprovalRequest, *, at: datetime) -> list[Reviewer]:
    if rung.schedule and (people := rota.on_call_by_name(rung.schedule, at=at)):
        return people
    if not rung.to:
        return []
    case = replace(approval.case(at=at), needed=Tier(rung.to))
    there = candidates.who_is_there(candidates.who_may_decide(case, at=at), at=at)
    return candidates.at_work(there, at=at)


def _tell(
    approval: ApprovalRequest, people: Sequence[Reviewer], *, at: datetime, **why: Any
) -> None:
    _record(approval, events.CALLED, at=at, people=[person.ref for person in people], **why)
    approval.save(update_fields=["trail_seq", "trail_hash"])
    _announcing.urgent(approval, on_call=people, at=at)


def _record(approval: ApprovalRequest, event: str, *, at: datetime, **data: Any) -> None:
    trail.record(approval, event, actor=CLOCK, at=at, data=data, related=approval.topics())
