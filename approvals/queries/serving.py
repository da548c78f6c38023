"""What a reviewer should look at next."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from approvals.models import ApprovalRequest, Decision, Reviewer
from approvals.queries import inbox
from approvals.rules import authority
from approvals.rules.verdicts import VOTES

# Of one kind in a row, after which another kind is handed out if nothing is pressing.
ROTATE_AFTER = 10
LOOK_AT_MOST = 100


def most_urgent(reviewer: Reviewer, *, at: datetime) -> ApprovalRequest | None:
    """
    The item with the nearest deadline that this person may decide and nobody else looks at.

    After ten decisions in a row about one action it hands out another, unless the first
    is about to run out. Whoever asks is there, whatever their working hours and absences
    say: those decide who is told, and take no right. Wants the reviewer loaded
    `with_standing`.
    """
    waiting = inbox.pending_for(reviewer, "yours", at=at).select_related("agent")
    free = waiting.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lte=at) | Q(claimed_by=reviewer)
    )
    person = reviewer.standing(at=at)
    fitting = [
        approval
        for approval in free[:LOOK_AT_MOST]
        if authority.objection_to(person, approval.case(at=at)) is None
    ]
    if not fitting:
        return None
    return _rotated(fitting, tired_of=_had_enough_of(reviewer), at=at)


def after(
    approval: ApprovalRequest, reviewer: Reviewer, *, view: str, at: datetime
) -> ApprovalRequest | None:
    """The next one in a view after this one, or else the first of the others."""
    waiting = inbox.pending_for(reviewer, view, at=at).exclude(pk=approval.pk)
    later = Q(expires_at__gt=approval.expires_at) | Q(
        expires_at=approval.expires_at, pk__gt=approval.pk
    )
    return waiting.filter(later).first() or waiting.first()


def _had_enough_of(reviewer: Reviewer) -> str | None:
    """The action of all of the last ten votes, if it was one."""
    last = Decision.objects.filter(reviewer=reviewer, verdict__in=[*VOTES]).order_by("-decided_at")
    actions = list(last.values_list("approval__action", flat=True)[:ROTATE_AFTER])
    is_one_kind = len(actions) == ROTATE_AFTER and len(set(actions)) == 1
    return actions[0] if is_one_kind else None


def _rotated(
    fitting: Sequence[ApprovalRequest], *, tired_of: str | None, at: datetime
) -> ApprovalRequest:
    first = fitting[0]
    pressing = first.expires_at <= at + timedelta(seconds=first.terms.urgent_below_seconds)
    if first.action != tired_of or pressing:
        return first
    return next((other for other in fitting if other.action != tired_of), first)
