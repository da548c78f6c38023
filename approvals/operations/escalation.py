"""The sweep: what time does when nobody else does anything."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from approvals.models import ApprovalRequest
from approvals.operations import _deadlines

BATCH = 100

log = structlog.get_logger(__name__)


def escalate_due(*, at: datetime) -> int:
    """
    Act on every approval whose next instant has come; return how many it acted on.

    Each in its own transaction, so that one that fails holds up no other. Any number of
    sweeps may run at once: on PostgreSQL they skip each other's rows, on SQLite they take
    turns and find the work done.
    """
    done = 0
    tried: set[UUID] = set()
    while due := list(_due_ids(at, tried)):
        for approval_id in due:
            try:
                done += _strike(approval_id, at)
            except Exception:
                # A fault in one approval is a bug to be seen, not a reason to let every
                # other deadline pass.
                log.exception("sweep.failed", approval=str(approval_id))
        tried.update(due)
    return done


def _due_ids(at: datetime, tried: set[UUID]) -> "QuerySet[ApprovalRequest, UUID]":
    due = ApprovalRequest.objects.due(at).exclude(pk__in=tried)
    return due.values_list("pk", flat=True)[:BATCH]


def _strike(approval_id: UUID, at: datetime) -> bool:
    skip = connection.features.has_select_for_update_skip_locked
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
