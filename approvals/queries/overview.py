"""Policies from above: each checkpoint with what holds there and how it goes; and its trials."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from approvals.models import ApprovalRequest, Checkpoint, CheckpointVersion, ShadowVerdict
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.rules.lifecycle import Status, Via

State = CheckpointVersion.State
LOOKS_BACK = timedelta(days=7)
MOST_CASES = 50
_BY_POLICY = (Via.TEMPLATE, Via.THRESHOLD, Via.NOT_TRIGGERED)


@dataclass(frozen=True)
class Line:
    """`passed` of `settled` in the last days passed by policy."""

    checkpoint: Checkpoint
    live: CheckpointVersion | None
    trials: list[CheckpointVersion]
    newest: CheckpointVersion | None
    waiting: int
    settled: int
    passed: int

    @property
    def share(self) -> float | None:
        return self.passed / self.settled if self.settled else None


@dataclass(frozen=True)
class Shadowing:
    """What a version in the shadow said of requests that people then decided."""

    verdicts: int
    decided: int
    passed: int
    agreed: int
    overruled: list[ShadowVerdict]

    @property
    def overruled_count(self) -> int:
        return self.passed - self.agreed


def lines(*, at: datetime) -> list[Line]:
    """Every checkpoint by name, in four queries."""
    versions: dict[object, list[CheckpointVersion]] = {}
    wanted = CheckpointVersion.objects.exclude(state=State.RETIRED).select_related("created_by")
    for version in wanted.order_by("-number"):
        versions.setdefault(version.checkpoint_id, []).append(version)
    waiting = _counted(ApprovalRequest.objects.pending())
    settled = (
        ApprovalRequest.objects.settled()
        .filter(settled_at__gt=at - LOOKS_BACK, settled_at__lte=at)
        .exclude(via=Via.AGENT)
    )
    all_settled = {
        name: (count, passed)
        for name, count, passed in settled.order_by()
        .values_list("checkpoint")
        .annotate(count=Count("pk"), passed=Count("pk", filter=Q(via__in=_BY_POLICY)))
    }
    return [
        _line(checkpoint, versions.get(checkpoint.pk, []), waiting, all_settled)
        for checkpoint in Checkpoint.objects.order_by("name")
    ]


def shadowing_of(version: CheckpointVersion) -> Shadowing:
    """Of requests that wait still nothing is told: it would sway whoever decides them."""
    said = ShadowVerdict.objects.filter(version=version)
    decided = said.filter(approval__via=Via.HUMAN)
    passed = decided.exclude(would_have="")
    overruled = passed.exclude(approval__status=Status.APPROVED)
    return Shadowing(
        verdicts=said.count(),
        decided=decided.count(),
        passed=passed.count(),
        agreed=passed.filter(approval__status=Status.APPROVED).count(),
        overruled=list(
            overruled.select_related("approval").order_by("-approval__settled_at")[:MOST_CASES]
        ),
    )


def _counted(found: ApprovalRequestQuerySet) -> dict[str, int]:
    return dict(found.order_by().values_list("checkpoint").annotate(count=Count("pk")))


def _line(
    checkpoint: Checkpoint,
    versions: list[CheckpointVersion],
    waiting: dict[str, int],
    settled: dict[str, tuple[int, int]],
) -> Line:
    count, passed = settled.get(checkpoint.name, (0, 0))
    return Line(
        checkpoint=checkpoint,
        live=next((version for version in versions if version.state == State.LIVE), None),
        trials=[version for version in versions if version.state != State.LIVE],
        newest=versions[0] if versions else None,
        waiting=waiting.get(checkpoint.name, 0),
        settled=count,
        passed=passed,
    )
