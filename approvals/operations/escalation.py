"""The sweep: what time does when nobody else does anything."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from approvals.models import ApprovalRequest
from approvals.operations import _deadlines, _holding
from approvals.refusals import Conflict

BATCH = 100

log = structlog.get_logger(__name__)


class NotHeld(Conflict):
    code = "not_held"


def escalate_due(*, at: datetime, monotonic: float | None = None) -> int:
    """
    Act on every approval whose next instant has come; return how many it acted on.

    On none while deadlines are held back, which too many of them at once bring about. Each
    in its own transaction, so that one that fails holds up no other. Any number of sweeps
    may run at once: on PostgreSQL they skip each other's rows, on SQLite they take turns
    and find the work done.

    :param monotonic: seconds of a clock that nobody sets, by which a jump of the one on
        the wall is noticed; None does not compare them
    """
    if not _holding.may_go_on(at=at, monotonic=monotonic):
        return 0
    done = 0
    tried: set[UUID] = set()
    while due := list(_due_ids(at, tried)):
        for approval_id in due:
            done += _strike(approval_id, at)
        tried.update(due)
    return done


def catch_up(shown: Iterable[ApprovalRequest], *, at: datetime) -> bool:
    """
    Let the deadline act on those of these that are past it and that no sweep has reached.

    For doors that are about to show them. While deadlines are held back nothing is done.

    :return: whether they have to be read again
    """
    overdue = [approval.pk for approval in shown if approval.is_open and approval.expires_at <= at]
    if not overdue or not _holding.may_go_on(at=at):
        return False
    for approval_id in overdue:
        # Held by another, it is being settled: its end is waited for.
        _strike(approval_id, at, skip_locked=False)
    return True


def release_sweep(*, actor: str, at: datetime) -> None:
    """
    Confirm that clock and workers are well: deadlines act again.

    :raises NotHeld: they are not held back
    """
    if not _holding.release(actor=actor, at=at):
        raise NotHeld("Deadlines are not held back.")


def _due_ids(at: datetime, tried: set[UUID]) -> "QuerySet[ApprovalRequest, UUID]":
    due = ApprovalRequest.objects.due(at).exclude(pk__in=tried)
    return due.values_list("pk", flat=True)[:BATCH]


def _strike(approval_id: UUID, at: datetime, *, skip_locked: bool = True) -> bool:
    """Let time act on one approval; whether there was anything to do, and it went well."""
    try:
        return _held_and_struck(approval_id, at, skip_locked=skip_locked)
    except Exception:
        # A fault in one approval is a bug to be seen, not a reason to let every other
        # deadline pass, or to show nobody anything.
        log.exception("sweep.failed", approval=str(approval_id))
        return False


def _held_and_struck(approval_id: UUID, at: datetime, *, skip_locked: bool) -> bool:
    skip = skip_locked and connection.features.has_select_for_update_skip_locked
    with transaction.atomic(durable=True):
        held = (
            ApprovalRequest.objects.due(at)
            .select_for_update(of=("self",), skip_locked=skip)
            .select_related("agent", "version", "version__checkpoint", "group")
            .filter(pk=approval_id)
            .first()
        )
        if held is None:
            return False
        _deadlines.strike(held, at=at)
    return True
