"""What people said of similar requests before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import log
from typing import Any

from approvals.models import ApprovalRequest, Reviewer
from approvals.queries.approvals import seen_by
from approvals.rules.lifecycle import Status, Via

# So many of the latest are compared, so many of the nearest are shown.
COMPARED, SHOWN = 200, 5


@dataclass(frozen=True)
class Similar:
    """`counts` is of the compared ones, by status; `nearest` first the most alike."""

    counts: Mapping[str, int]
    nearest: list[ApprovalRequest]

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def similar_to(approval: ApprovalRequest, *, reviewer: Reviewer, at: datetime) -> Similar:
    """
    Requests for the same action at the same checkpoint that people have decided.

    Of the latest 200 the nearest five: by amount (as a ratio), by risk, and by whether
    the same agent asked. Two queries, both within the index on action and decision time.
    """
    decided = seen_by(reviewer, at=at).filter(
        action=approval.action,
        checkpoint=approval.checkpoint,
        via=Via.HUMAN,
        settled_at__isnull=False,
    )
    others = decided.exclude(pk=approval.pk).order_by("-settled_at")
    compared = list(others.values("pk", "agent_id", "amount", "risk_score", "status")[:COMPARED])
    nearest = sorted(compared, key=lambda other: _distance(approval, other))[:SHOWN]
    loaded = ApprovalRequest.objects.in_bulk([other["pk"] for other in nearest])
    return Similar(
        counts=_in_order(Counter(other["status"] for other in compared)),
        nearest=[loaded[other["pk"]] for other in nearest],
    )


def _distance(approval: ApprovalRequest, other: Mapping[str, Any]) -> float:
    """How unlike two requests are; 0 is alike, and each unit a clear difference."""
    by_agent = 0.0 if other["agent_id"] == approval.agent_id else 0.5
    by_risk = 2 * abs(other["risk_score"] - approval.risk_score)
    return by_agent + by_risk + _apart(approval.amount, other["amount"])


def _apart(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one == other else 1.0
    # Doubling an amount is one unit, wherever it starts; a cent keeps zero in reach.
    return abs(log(abs(one) + 0.01, 2) - log(abs(other) + 0.01, 2))


def _in_order(counts: Mapping[str, int]) -> dict[str, int]:
    order = (Status.APPROVED, Status.MODIFIED, Status.REJECTED)
    return {status: counts[status] for status in order if counts.get(status)}
