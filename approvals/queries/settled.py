"""What has been settled, newest first, and the runs that it was part of."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from approvals.models import Agent, ApprovalRequest, Checkpoint, Reviewer
from approvals.models.approval_request import ApprovalRequestQuerySet
from approvals.queries import approvals

MOST_WORDS, MOST_CHECKPOINTS, LONGEST_RUN = 5, 200, 200


@dataclass(frozen=True)
class Sieve:
    """What to keep; an empty text keeps all. `words` are looked for in effect and action."""

    status: str = ""
    via: str = ""
    checkpoint: str = ""
    agent: str = ""
    run: str = ""
    words: str = ""


@dataclass(frozen=True)
class Place:
    """A place in the list: everything after it was settled earlier."""

    settled_at: datetime
    id: uuid.UUID

    @classmethod
    def of(cls, approval: ApprovalRequest) -> "Place":
        assert approval.settled_at is not None  # noqa: S101  (only the settled have a place)
        return cls(approval.settled_at, approval.pk)

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """What `str` wrote; None of anything else."""
        instant, _, pk = text.partition("_")
        try:
            place = cls(datetime.fromisoformat(instant), uuid.UUID(pk))
        except ValueError:
            return None
        return place if place.settled_at.tzinfo else None

    def __str__(self) -> str:
        return f"{self.settled_at.isoformat()}_{self.id.hex}"


def settled_for(reviewer: Reviewer, sieve: Sieve, *, at: datetime) -> ApprovalRequestQuerySet:
    """What this person may see of the past, newest first. Wants them `with_standing`."""
    found = approvals.seen_by(reviewer, at=at).settled().filter(settled_at__isnull=False)
    exact = {
        "status": sieve.status,
        "via": sieve.via,
        "checkpoint": sieve.checkpoint,
        "agent__name": sieve.agent,
        "run": sieve.run,
    }
    found = found.filter(**{name: value for name, value in exact.items() if value})
    for word in sieve.words.split()[:MOST_WORDS]:
        found = found.filter(Q(effect__icontains=word) | Q(action__icontains=word))
    return found.select_related("template").order_by("-settled_at", "-id")


def one_page(
    found: ApprovalRequestQuerySet, *, size: int, after: Place | None
) -> tuple[ApprovalRequestQuerySet, Place | None]:
    """So many of the list from a place on, and the place where the next page begins."""
    if after:
        earlier = Q(settled_at=after.settled_at, pk__lt=after.id)
        found = found.filter(
            Q(settled_at__lte=after.settled_at) & (Q(settled_at__lt=after.settled_at) | earlier)
        )
    keys = list(found.values_list("settled_at", "pk")[: size + 1])
    shown = found.filter(pk__in=[pk for _, pk in keys[:size]])
    if len(keys) <= size:
        return shown, None
    settled_at, pk = keys[size - 1]
    return shown, Place(settled_at, pk) if settled_at else None


def run_of(agent: Agent, run: str, reviewer: Reviewer, *, at: datetime) -> ApprovalRequestQuerySet:
    """The checkpoints of a workflow in order, as far as this person may see them."""
    same = approvals.seen_by(reviewer, at=at).filter(agent=agent, run=run)
    ordered = same.select_related("template").order_by("submitted_at", "id")
    return ordered[:LONGEST_RUN]


def checkpoint_names(reviewer: Reviewer) -> list[str]:
    """The names of the checkpoints that this person may have seen something of, in order."""
    limited = {checkpoint.name for checkpoint in reviewer.checkpoints.all()}
    names = Checkpoint.objects.order_by("name").values_list("name", flat=True)
    return [name for name in names[:MOST_CHECKPOINTS] if not limited or name in limited]
