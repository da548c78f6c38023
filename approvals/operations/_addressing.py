"""For whom an announcement is: those who may decide it and are there, or have a stake in it."""

import uuid
from collections.abc import Iterator
from datetime import datetime

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q

from approvals.models import Announcement, ApprovalRequest, Decision, Notice, Reviewer
from approvals.operations._owing import Telling, owe
from approvals.queries import candidates, reaching
from approvals.queries.reaching import Ear
from approvals.rules.tiers import Level
from approvals.rules.verdicts import VOTES

BATCH = 500
Kind = Announcement.Kind

log = structlog.get_logger(__name__)


def address_all(*, at: datetime) -> int:
    """Turn what was announced into notices, batch by batch; how many that came to."""
    owed = 0
    while (added := _address_batch(at)) is not None:
        owed += added
    return owed


@transaction.atomic(durable=True)
def _address_batch(at: datetime) -> int | None:
    # Whoever else does this waits for the rows, and so for our notices: two that work side
    # by side would each find a person who is owed nothing yet.
    announced = list(
        Announcement.objects.select_for_update(of=("self",)).select_related(
            "approval__agent__owner__reviewer__notifying", "approval__version__team"
        )[:BATCH]
    )
    if not announced:
        return None
    here = candidates.who_is_there(candidates.everybody(), at=at)
    tellings: list[Telling] = []
    for announcement in announced:
        try:
            with transaction.atomic():
                tellings += _tellings(announcement, here, at)
        except Exception:
            # One that cannot be read must not keep the others from being heard.
            log.exception("announcement.failed", approval=str(announcement.approval_id))
    added = owe(tellings, at=at)
    Announcement.objects.filter(pk__in=[one.pk for one in announced]).delete()
    return added


def _tellings(announcement: Announcement, here: list[Reviewer], at: datetime) -> Iterator[Telling]:
    approval, kind = announcement.approval, Notice.Kind(announcement.kind)
    if kind == Notice.Kind.TIMED_OUT:
        ears = _stakeholders(approval, announcement.claimed_by_id)
    elif approval.is_pending and approval.expires_at > at:
        ears = _deciders(approval, kind, here, at)
    else:
        return
    ears += reaching.ears_of_team(approval.version.team)
    yield from (Telling(kind, ear, approval) for ear in ears)


def _deciders(
    approval: ApprovalRequest, kind: Notice.Kind, here: list[Reviewer], at: datetime
) -> list[Ear]:
    voted = (
        frozenset[str]()
        if kind == Notice.Kind.NEW
        else frozenset(str(reviewer) for reviewer in _voters_on(approval))
    )
    people = candidates.who_may_decide(approval.case(at=at, voted=voted), at=at, among=here)
    if kind == Notice.Kind.NEW and approval.level == Level.LOW:
        # Those who want it once a day find it in their digest.
        people = [one for one in people if not reaching.preference_of(one).digest_low]
    return reaching.ears_of(people)


def _stakeholders(approval: ApprovalRequest, claimed_by: uuid.UUID | None) -> list[Ear]:
    """Its agent's owner, for whom it is done, and whoever has taken it up or voted."""
    users = get_user_model().objects.filter(is_active=True)
    named = approval.on_behalf_of.strip()
    known = Q(username__iexact=named) | Q(email__iexact=named) if named else Q(pk__in=[])
    took_part = Q(reviewer__in=[*_voters_on(approval), *([claimed_by] if claimed_by else [])])
    owner = Q(pk=approval.agent.owner_id)
    found = users.filter(known | took_part | owner).select_related("reviewer__notifying")
    return reaching.ears_of_users(found)


def _voters_on(approval: ApprovalRequest) -> list[uuid.UUID]:
    cast = Decision.objects.filter(
        approval=approval, revision=approval.revision, verdict__in=[*VOTES]
    )
    return list(cast.values_list("reviewer_id", flat=True))
