"""
From what there is to tell to one row for each way to reach somebody, and no flood of them.

Expects a transaction. What somebody is owed and was not tried yet takes in the next of its
kind, and says how many wait; a second message of one kind follows the first after
`SPACING` at the earliest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from approvals.models import ApprovalRequest, Notice
from approvals.queries.reaching import Ear
from approvals.rules import hours

Kind = Notice.Kind

SPACING = {
    Kind.NEW: timedelta(minutes=5),
    Kind.REMINDER: timedelta(minutes=5),
    Kind.ESCALATED: timedelta(minutes=5),
    Kind.TIMED_OUT: timedelta(minutes=5),
    Kind.TROUBLE: timedelta(hours=1),
}
# These are told at any hour.
AT_ONCE = {Kind.URGENT, Kind.TROUBLE, Kind.TEST}
# By when it is too late to be told of what has no deadline of its own.
STALE = {
    Kind.TIMED_OUT: timedelta(days=1),
    Kind.DIGEST: timedelta(hours=12),
    Kind.TROUBLE: timedelta(days=1),
    Kind.TEST: timedelta(minutes=30),
}

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Telling:
    """One thing to be told through one ear. The words only where they are not found later."""

    kind: Kind
    ear: Ear
    approval: ApprovalRequest | None = None
    subject: str = ""
    text: str = ""

    @property
    def key(self) -> Key:
        return self.ear.channel, self.ear.recipient, self.kind, self.subject

    @property
    def not_after(self) -> datetime | None:
        return self.approval.expires_at if self.approval and self.kind not in STALE else None


def owe(tellings: Iterable[Telling], *, at: datetime) -> int:
    """Write what is owed; how many messages that adds."""
    # Of several who share a channel, one is enough to tell it of one matter.
    matters: dict[Key, dict[UUID | None, Telling]] = {}
    for telling in tellings:
        about = telling.approval.pk if telling.approval else None
        matters.setdefault(telling.key, {})[about] = telling
    together = {key: list(joined.values()) for key, joined in matters.items()}
    if not together:
        return 0
    recipients = {recipient for _, recipient, _, _ in together}
    owed = {
        _key_of(notice): notice
        for notice in Notice.objects.filter(
            recipient__in=recipients, state=Notice.State.OWED, tries=0
        )
    }
    told = _told_of_late(recipients, at)
    added = [
        notice
        for key, joined in together.items()
        if not _joins(owed.get(key), joined)
        and (notice := _notice(joined, after=told.get(key), at=at))
    ]
    Notice.objects.bulk_create(added)
    return len(added)


def _joins(owed: Notice | None, joined: list[Telling]) -> bool:
    """Whether a notice that waits to be sent has taken these in."""
    if owed is None:
        return False
    last = joined[-1].not_after
    later = {"not_after": last} if last and owed.not_after and last > owed.not_after else {}
    # Conditional: a worker may be sending it by now.
    waiting = Notice.objects.filter(pk=owed.pk, state=Notice.State.OWED, tries=0)
    return bool(waiting.update(more=F("more") + len(joined), **later))


def _notice(joined: list[Telling], *, after: datetime | None, at: datetime) -> Notice | None:
    """The row, or None where its reader is not there before it is out of date."""
    first = joined[0]
    earliest = max(at, after + SPACING[first.kind]) if after else at
    due_at = earliest if first.kind in AT_ONCE else hours.next_hearing(first.ear.hours, at=earliest)
    not_after = max((one.not_after for one in joined if one.not_after), default=None)
    if due_at is None or (not_after and due_at >= not_after):
        return None
    return Notice(
        kind=first.kind,
        channel=first.ear.channel,
        recipient=first.ear.recipient,
        reviewer=first.ear.reviewer,
        approval=first.approval,
        more=len(joined) - 1,
        subject=first.subject,
        text=first.text,
        due_at=due_at,
        not_after=not_after or due_at + STALE[first.kind],
        created_at=at,
    )


def _told_of_late(recipients: set[str], at: datetime) -> dict[Key, datetime]:
    """When each of these was last told something of a kind that keeps its distance."""
    recent = Notice.objects.filter(
        recipient__in=recipients,
        kind__in=SPACING,
        state=Notice.State.SENT,
        settled_at__gt=at - max(SPACING.values()),
    ).order_by("settled_at")
    return {
        _key_of(notice): notice.settled_at
        for notice in recent
        if notice.settled_at and notice.settled_at + SPACING[Kind(notice.kind)] > at
    }


def _key_of(notice: Notice) -> Key:
    subject = notice.subject if notice.kind == Kind.TROUBLE else ""
    return notice.channel, notice.recipient, notice.kind, subject
