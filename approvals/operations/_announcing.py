"""
Whom to tell what, and through which channel: rows owed, written in the caller's transaction.

A notice carries a link and no authority. Nothing here sends anything.
"""

from collections.abc import Sequence
from datetime import datetime

from approvals.models import ApprovalRequest, Reviewer


def new(approval: ApprovalRequest, *, at: datetime) -> None:
    """Something waits: tell who may decide it and is there."""


def escalated(approval: ApprovalRequest, *, at: datetime, reason: str = "") -> None:
    """It needs another tier now: tell who may decide it from here on."""


def reminder(approval: ApprovalRequest, *, at: datetime) -> None:
    """Part of its time has passed: tell who may still decide it."""


def urgent(approval: ApprovalRequest, *, on_call: Sequence[Reviewer], at: datetime) -> None:
    """Little time is left, or a rung calls: tell whoever is on call, quiet hours or not."""


def timed_out(approval: ApprovalRequest, *, at: datetime) -> None:
    """Silence decided, or escalated: tell those who have a stake in it."""


def trouble(subject: str, text: str, *, at: datetime) -> None:
    """Something is wrong with the server itself: tell those who run it."""
