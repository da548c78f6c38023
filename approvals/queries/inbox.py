"""What waits for a reviewer, in the order in which it should be looked at."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    When,
    Window,
)
from django.db.models.functions import Cast, RowNumber

from approvals.models import ApprovalRequest, Decision, Reviewer
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries.approvals import seen_by
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import VOTES, Verdict

COUNT_AT_MOST = 1000
SOON = timedelta(hours=1)
# So many alike stand in a queue one by one; more are folded into the first.
FOLD_ABOVE = 5


@dataclass(frozen=True)
class View:
    """A named slice of what a reviewer may see."""

    name: str
    title: str


VIEWS = (
    View("yours", "Your turn"),
    View("team", "Team"),
    View("claimed", "Claimed by you"),
    View("others", "Waiting for others"),
    View("soon", "Due within 1 h"),
)


def pending_for(
    reviewer: Reviewer, view: str = "yours", *, at: datetime
) -> ApprovalRequestQuerySet:
    """
    The pending approvals of one view, most urgent (nearest deadline) first.

    `yours` leaves out what needs a higher tier, what this person has voted on or put off,
    and what they are excluded from as the agent's owner; `decide` has the last word.
    """
    mine = seen_by(reviewer, at=at).pending().order_by("expires_at", "id")
    match view:
        case "yours":
            return _actionable(mine, reviewer, at)
        case "claimed":
            return mine.filter(claimed_by=reviewer, claimed_until__gt=at)
        case "others":
            return mine.exclude(pk__in=_actionable(mine, reviewer, at).values("pk"))
        case "soon":
            return mine.filter(expires_at__lte=at + SOON)
        case _:
            return mine


def with_votes(approvals: ApprovalRequestQuerySet) -> "QuerySet[ApprovalRequest]":
    """Annotate `yes_votes`: approvals cast for the revision that stands."""
    return approvals.select_related("agent", "version").annotate(
        yes_votes=Count(
            "decisions",
            filter=Q(
                decisions__revision=F("revision"),
                decisions__verdict__in=[Verdict.APPROVE, Verdict.MODIFY],
            ),
        )
    )


def folded(approvals: ApprovalRequestQuerySet) -> ApprovalRequestQuerySet:
    """
    Of each kind of near-identical ones the first only, where there are more than a few, so
    that a flood of one kind does not hide the rest. Nothing is lost: `alike_among` counts.
    """
    # What is like nothing else is a kind of its own.
    kind = Case(When(likeness="", then=Cast("pk", CharField())), default=F("likeness"))
    in_order = [F("expires_at").asc(), F("pk").asc()]
    firsts = approvals.order_by().annotate(
        kind_size=Window(Count("pk"), partition_by=kind),
        kind_place=Window(RowNumber(), partition_by=kind, order_by=in_order),
    )
    shown = firsts.filter(Q(kind_place=1) | Q(kind_size__lte=FOLD_ABOVE)).values("pk")
    return approvals.filter(pk__in=shown)


def alike_among(
    approvals: ApprovalRequestQuerySet, shown: Iterable[ApprovalRequest]
) -> dict[str, int]:
    """How many of these approvals there are of each kind that is folded on a page."""
    kinds = {approval.likeness for approval in shown if approval.likeness}
    counted = (
        approvals.filter(likeness__in=kinds)
        .order_by()
        .values_list("likeness")
        .annotate(size=Count("pk"))
    )
    return {kind: size for kind, size in counted if size > FOLD_ABOVE}


def count_of(approvals: ApprovalRequestQuerySet) -> int:
    """How many, counted up to a bound: a page that says 1,000+ need not count a million."""
    return approvals.order_by()[: COUNT_AT_MOST + 1].count()


def counts_for(reviewer: Reviewer, *, at: datetime) -> dict[str, int]:
    """How many each view holds."""
    return {view.name: count_of(pending_for(reviewer, view.name, at=at)) for view in VIEWS}


def _actionable(
    mine: ApprovalRequestQuerySet, reviewer: Reviewer, at: datetime
) -> ApprovalRequestQuerySet:
    said = Decision.objects.filter(approval=OuterRef("pk"), reviewer=reviewer)
    voted = said.filter(revision=OuterRef("revision"), verdict__in=[*VOTES])
    put_off = said.filter(verdict=Verdict.DEFER, until__gt=at, revision=OuterRef("revision"))
    reached = [tier for tier in Tier if Tier(reviewer.tier).reaches(tier)]
    on_my_behalf = Q(on_behalf_of__iexact=reviewer.user.get_username())
    if reviewer.user.email:
        on_my_behalf |= Q(on_behalf_of__iexact=reviewer.user.email)
    return (
        mine.filter(Q(required_tier__in=reached), expires_at__gt=at)
        .exclude(agent__owner=reviewer.user_id)
        .exclude(on_my_behalf)
        .filter(~Exists(voted), ~Exists(put_off))
    )
