"""Loading approvals for a door: what a caller may see, and all that showing it needs."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q

from approvals.models import (
    Agent,
    ApprovalGroup,
    ApprovalRequest,
    Decision,
    Reviewer,
    Revision,
)
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries import documents, pauses


def of_agent(agent: Agent) -> ApprovalRequestQuerySet:
    """An agent's own approvals: it can neither read nor guess at another's."""
    return ApprovalRequest.objects.filter(agent=agent)


def seen_by(reviewer: Reviewer, *, at: datetime) -> ApprovalRequestQuerySet:
    """
    What a reviewer may see: the checkpoints of their teams, and of those they stand in for.

    Wants the reviewer loaded `with_standing`. A person limited to checkpoints sees those.
    """
    person = reviewer.standing(at=at)
    visible = Q(pk__in=[])
    for standing in (person, *person.stands_in_for):
        mine = Q(version__team__isnull=True) | Q(version__team__in=standing.teams)
        if standing.checkpoints:
            mine &= Q(checkpoint__in=standing.checkpoints)
        visible |= mine
    return ApprovalRequest.objects.filter(visible)


def for_showing(approvals: ApprovalRequestQuerySet) -> ApprovalRequestQuerySet:
    """With everything `documents.approval_document` reads of related rows."""
    return approvals.select_related("agent", "version", "group", "grant")


def documents_of(
    approvals: Iterable[ApprovalRequest], *, as_submitted: bool
) -> list[dict[str, Any]]:
    """
    The documents of approvals loaded `for_showing`, in two queries for any number of them.

    :param as_submitted: True shows the agent's own last words, False what stands now
    """
    approvals = list(approvals)
    shown: dict[uuid.UUID, Revision] = {}
    revisions = Revision.objects.filter(approval__in=approvals).order_by("number")
    for revision in revisions:
        if not as_submitted or revision.editor_id is None:
            shown[revision.approval_id] = revision
    cast: dict[uuid.UUID, list[Decision]] = {}
    decisions = Decision.objects.filter(approval__in=approvals).select_related("reviewer__user")
    for decision in decisions:
        cast.setdefault(decision.approval_id, []).append(decision)
    held = pauses.held()
    return [
        documents.approval_document(
            approval,
            pause=pauses.among(held, approval) if _can_be_stopped(approval) else None,
            shown=shown[approval.pk],
            grant=getattr(approval, "grant", None),
            approvals=documents.approvals_among(
                documents.counted_votes(approval, cast.get(approval.pk, []))
            ),
            said=[
                decision
                for decision in cast.get(approval.pk, [])
                if decision.verdict in documents.WORDS
            ],
        )
        for approval in approvals
    ]


def _can_be_stopped(approval: ApprovalRequest) -> bool:
    """Whether a kill switch still matters: it waits, or it may be carried out."""
    return approval.is_open or approval.may_proceed


def group_of(agent: Agent, name: str) -> ApprovalGroup | None:
    return ApprovalGroup.objects.filter(agent=agent, name=name).first()


def run_of(approval: ApprovalRequest) -> list[ApprovalRequest]:
    """The checkpoints of the workflow this belongs to, in order; itself alone if in none."""
    if not approval.run:
        return [approval]
    same = ApprovalRequest.objects.filter(agent=approval.agent_id, run=approval.run)
    return list(same.order_by("submitted_at", "id")[:100])
