"""
Whom to tell what, and through which channel: rows owed, written in the caller's transaction.

A notice carries a link and no authority. Nothing here sends anything. What may concern a
crowd is one row, an announcement: a worker looks for the crowd (`_addressing`).
"""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth import get_user_model

from approvals.models import Announcement, ApprovalRequest, Notice, Reviewer
from approvals.operations._owing import Telling, owe
from approvals.queries import reaching

Kind = Announcement.Kind


def new(approval: ApprovalRequest, *, at: datetime) -> None:
    """Something waits: tell who may decide it and is there."""
    _announce(Kind.NEW, approval, at)


def escalated(approval: ApprovalRequest, *, at: datetime, reason: str = "") -> None:
    """
    It needs another tier now: tell who may decide it from here on.

    :param reason: stays where it is read with the rest; a notice carries no free text
    """
    _announce(Kind.ESCALATED, approval, at)


def reminder(approval: ApprovalRequest, *, at: datetime) -> None:
    """Part of its time has passed: tell who may still decide it."""
    _announce(Kind.REMINDER, approval, at)


def urgent(approval: ApprovalRequest, *, on_call: Sequence[Reviewer], at: datetime) -> None:
    """
    Little time is left, or a rung calls: tell whoever is on call, quiet hours or not.

    With nobody on call, those who run the server are told. The team's channel always is.
    """
    ears = reaching.ears_of(on_call) or reaching.ears_of_operators()
    ears += reaching.ears_of_team(approval.version.team)
    owe([Telling(Notice.Kind.URGENT, ear, approval) for ear in ears], at=at)


def timed_out(approval: ApprovalRequest, *, at: datetime) -> None:
    """
    Silence decided, or escalates: tell those who have a stake in it.

    Call it before the claim is freed; whoever had it open is one of them.
    """
    _announce(Kind.TIMED_OUT, approval, at)


def trouble(subject: str, text: str, *, at: datetime) -> None:
    """
    Something is wrong with the server itself: tell those who run it.

    The same subject is told once an hour at most.
    """
    operators = get_user_model().objects.filter(is_superuser=True, is_active=True)
    by_email = [
        ear
        for ear in reaching.ears_of_users(operators.select_related("reviewer__notifying"))
        if ear.channel == Notice.Channel.EMAIL
    ]
    ears = by_email + reaching.ears_of_operators()
    owe([Telling(Notice.Kind.TROUBLE, ear, subject=subject, text=text) for ear in ears], at=at)


def _announce(kind: Kind, approval: ApprovalRequest, at: datetime) -> None:
    Announcement.objects.create(
        kind=kind, approval=approval, claimed_by_id=approval.claimed_by_id, at=at
    )
