"""For whom an announcement is: those who may decide it and are there, or have a stake in it."""

import uuid
from collections.abc import Iterator
from datetime import datetime

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q

from approvals.models import Announcement, ApprovalRequest, Decision, Notice
from approvals.operations._owing import Telling, owe
from approvals.queries import candidates, reaching
from approvals.queries.reaching import Ear
from approvals.rules import authority
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


def _address_batch(at: datetime) -> int | None:
    announced = list(
        Announcement.objects.select_related(
            "approval__agent__owner__reviewer__notifying", "approval__version__team"
        )[:BATCH]
    )
    if not announced:
        return None
    # Outside of the transaction: SQLite has one writer, and looking for a crowd takes time.
    crowd = _Crowd(at=at)
    tellings: dict[int, list[Telling]] = {}
    for announcement in announced:
        try:
            tellings[announcement.pk] = list(_tellings(announcement, crowd, at))
        except Exception:
            # One that cannot be read must not keep the others from being heard.
            log.exception("announcement.failed", approval=str(announcement.approval_id))
            tellings[announcement.pk] = []
    return _turn_into_notices(tellings, at)


@transaction.atomic(durable=True)
def _turn_into_notices(tellings: dict[int, list[Telling]], at: datetime) -> int:
    # Whoever else does this waits here, and so for our notices: two that write side by side
    # would each find a person who is owed nothing yet.
    left = Announcement.objects.select_for_update().filter(pk__in=tellings)
    ours = list(left.values_list("pk", flat=True))
    added = owe((telling for pk in ours for telling in tellings[pk]), at=at)
    Announcement.objects.filter(pk__in=ours).delete()
    return added


def _tellings(announcement: Announcement, crowd: "_Crowd", at: datetime) -> Iterator[Telling]:
    approval, kind = announcement.approval, Notice.Kind(announcement.kind)
    if kind == Notice.Kind.TIMED_OUT:
        ears = _stakeholders(approval, announcement.claimed_by_id)
    elif approval.is_pending and approval.expires_at > at:
        ears = crowd.ears_of_deciders(approval, kind)
    else:
        return
    ears += reaching.ears_of_team(approval.version.team)
    yield from (Telling(kind, ear, approval) for ear in ears)


class _Crowd:
    """Everybody who is here and can be reached; their standing is found once for many cases."""

    def __init__(self, *, at: datetime) -> None:
        here = candidates.who_is_there(candidates.everybody(), at=at)
        self._at = at
        self._people = [
            (person.standing(at=at), reaching.preference_of(person).digest_low, ears)
            for person in here
            if (ears := reaching.ears_of([person]))
        ]

    def ears_of_deciders(self, approval: ApprovalRequest, kind: Notice.Kind) -> list[Ear]:
        """How to reach whoever may decide this, as at every door."""
        is_new = kind == Notice.Kind.NEW
        voted = frozenset() if is_new else frozenset(map(str, _voters_on(approval)))
        case = approval.case(at=self._at, voted=voted)
        # Those who want what is low once a day find it in their digest.
        waits = is_new and approval.level == Level.LOW
        return [
            ear
            for standing, wants_digest, ears in self._people
            if not (waits and wants_digest) and authority.objection_to(standing, case) is None
            for ear in ears
        ]


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
