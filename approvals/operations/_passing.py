"""What lets a submission through without a person, templates within their limits included."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from approvals.models import ApprovalTemplate, Bypass
from approvals.operations import _bypassing
from approvals.operations._preparing import Prepared
from approvals.queries import policies
from approvals.rules.lifecycle import Via


@dataclass(frozen=True)
class WayThrough:
    """By what a submission passes without a person; `via` is None where a person is asked."""

    via: Via | None
    template: ApprovalTemplate | None = None
    bypass: Bypass | None = None


def way_through(prepared: Prepared, *, at: datetime) -> WayThrough:
    """By a template within its limits, else by the policy, else, in a storm, by a bypass."""
    via, template = passes_by(prepared, at=at)
    if via:
        return WayThrough(via, template)
    if bypass := _bypassing.bypass_for(prepared, at=at):
        return WayThrough(Via.BYPASS, bypass=bypass)
    return WayThrough(None)


def passes_by(prepared: Prepared, *, at: datetime) -> tuple[Via | None, ApprovalTemplate | None]:
    """What its policy lets through, if anything: a template within its limits first."""
    if prepared.evaluation.via == Via.NOT_TRIGGERED:
        return Via.NOT_TRIGGERED, None
    for template in _fitting(prepared, at=at):
        if _within_limits(template, prepared, at=at):
            return Via.TEMPLATE, template
    return prepared.evaluation.via, None


def _fitting(prepared: Prepared, *, at: datetime) -> Iterable[ApprovalTemplate]:
    """Those that fit, as they stand now: one that was switched off meanwhile passes nothing."""
    names = prepared.evaluation.fitting
    on = policies.templates_on(prepared.version.checkpoint, at=at)
    return on.filter(name__in=names) if names else ()


def hold_limited(prepared: Sequence[Prepared]) -> None:
    """Hold the templates whose limits are about to be counted, until the commit."""
    # What two submissions count at once, both would find within the limit.
    fitting = {name for member in prepared for name in member.evaluation.fitting}
    if not fitting:
        return
    list(
        ApprovalTemplate.objects.select_for_update()
        .filter(name__in=fitting)
        .exclude(max_per_hour=None, max_per_day=None, max_amount_per_day=None)
        .order_by("pk")
    )


def _within_limits(template: ApprovalTemplate, prepared: Prepared, *, at: datetime) -> bool:
    used = template.approvals.filter(submitted_at__gt=at - timedelta(days=1))
    if template.max_per_day is not None and used.count() >= template.max_per_day:
        return False
    in_the_hour = used.filter(submitted_at__gt=at - timedelta(hours=1))
    if template.max_per_hour is not None and in_the_hour.count() >= template.max_per_hour:
        return False
    if template.max_amount_per_day is None:
        return True
    if prepared.evaluation.amount is None:
        return False  # an amount nobody can see is not within a limit
    spent = used.aggregate(sum=Sum("amount"))["sum"] or 0.0
    # Rounded, or the noise of floats would refuse the last cent.
    return round(spent + prepared.evaluation.amount, 6) <= float(template.max_amount_per_day)
