"""What a notice says at the moment it is sent, or that there is nothing to say any more."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from approvals.models import ApprovalRequest, Notice, Reviewer
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries import inbox
from approvals.rules import wording
from approvals.rules.tiers import Level
from approvals.rules.wording import Matter, Words

# A digest looks at so many requests, nearest deadline first.
DIGESTED = 200
Kind = Notice.Kind


def words_for(notice: Notice, *, at: datetime) -> tuple[Words, str] | None:
    """
    The words and the address they lead to, or None: the matter is over.

    Wants `approval__agent` and `reviewer__user` loaded.
    """
    match notice.kind:
        case Kind.TROUBLE:
            return Words(notice.subject, notice.text), settings.SITE_URL
        case Kind.TEST:
            return wording.of_test(), f"{settings.SITE_URL}{reverse('preferences')}"
        case Kind.DIGEST:
            return _digest(notice, at)
        case Kind.TIMED_OUT:
            approval = _approval_of(notice)
            words = wording.of_timeout(_matter(approval, notice.reviewer), others=notice.more)
            return words, _address_of(approval)
        case _:
            return _of_waiting(notice, at)


def low_for(reviewer: Reviewer, *, at: datetime) -> list[ApprovalRequest]:
    """What waits for them at low risk, nearest deadline first; not more than a digest reads."""
    waiting = inbox.pending_for(reviewer, "yours", at=at).select_related("agent")[:DIGESTED]
    return [approval for approval in waiting if approval.level == Level.LOW]


def _digest(notice: Notice, at: datetime) -> tuple[Words, str] | None:
    reviewer = _standing(notice)
    low = low_for(reviewer, at=at) if reviewer else []
    if not low:
        return None
    matters = [_matter(approval, reviewer) for approval in low]
    words = wording.of_digest(matters, waiting=len(low), at=at)
    return words, f"{settings.SITE_URL}{reverse('queue')}"


def _of_waiting(notice: Notice, at: datetime) -> tuple[Words, str] | None:
    reviewer = _standing(notice)
    waiting = _waiting_for(notice, reviewer, at)
    approval = _approval_of(notice)
    if not approval.is_pending or approval.expires_at <= at or _has_said(approval, waiting, notice):
        # Others joined this notice; the most urgent of them takes the place of the first.
        first = waiting.select_related("agent").first() if notice.more else None
        if first is None:
            return None
        approval = first
    others = inbox.count_of(waiting.exclude(pk=approval.pk)) if notice.more else 0
    words = wording.of_waiting(notice.kind, _matter(approval, reviewer), others=others, at=at)
    return words, _address_of(approval)


def _waiting_for(
    notice: Notice, reviewer: Reviewer | None, at: datetime
) -> ApprovalRequestQuerySet:
    if reviewer:
        return inbox.pending_for(reviewer, "yours", at=at)
    team = ApprovalRequest.objects.pending().filter(expires_at__gt=at)
    team = team.filter(version__team=_approval_of(notice).version.team_id)
    return team.order_by("expires_at", "id")


def _has_said(approval: ApprovalRequest, waiting: ApprovalRequestQuerySet, notice: Notice) -> bool:
    """Whether its reader has voted on it, or put it off, since the notice was written."""
    # Whoever is on call is asked to look at what they may not decide themselves.
    if notice.reviewer_id is None or notice.kind == Kind.URGENT:
        return False
    return not waiting.filter(pk=approval.pk).exists()


def _standing(notice: Notice) -> Reviewer | None:
    if notice.reviewer_id is None:
        return None
    return Reviewer.objects.with_standing().get(pk=notice.reviewer_id)


def _approval_of(notice: Notice) -> ApprovalRequest:
    if notice.approval is None:
        raise ValueError(f"The notice {notice.pk} is about no request.")
    return notice.approval


def _matter(approval: ApprovalRequest, reader: Reviewer | None) -> Matter:
    zone = reader.zone if reader else timezone.get_default_timezone()
    return Matter(
        checkpoint=approval.checkpoint,
        level=approval.level,
        agent=approval.agent.name,
        expires_at=approval.expires_at.astimezone(zone),
        on_timeout=approval.terms.on_timeout,
        status=approval.get_status_display(),
        is_open=approval.is_open,
    )


def _address_of(approval: ApprovalRequest) -> str:
    return f"{settings.SITE_URL}{approval.get_absolute_url()}"
