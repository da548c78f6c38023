"""Who could decide something at one instant, and who of them is there."""

from datetime import datetime

from approvals.models import Absence, Reviewer
from approvals.rules import authority, rota
from approvals.rules.authority import Case
from approvals.rules.zones import zone_called


def everybody() -> list[Reviewer]:
    """Every active reviewer, by user name, with standing and with how to reach them."""
    people = Reviewer.objects.with_standing().filter(is_active=True, user__is_active=True)
    return list(people.select_related("notifying"))


def who_may_decide(case: Case, *, at: datetime) -> list[Reviewer]:
    """
    Every reviewer who may decide this now, those who stand in for someone away included.

    The same rule as at every door.
    """
    return [
        person
        for person in everybody()
        if authority.objection_to(person.standing(at=at), case) is None
    ]


def who_is_there(people: list[Reviewer], *, at: datetime) -> list[Reviewer]:
    """
    Whom to tell: those who are not away and in their working hours.

    An absence routes around a person at once, and takes no right; neither do hours. Where
    it is nobody's working time, everybody who is not away is told: nothing waits unknown.
    """
    away = set(
        Absence.objects.filter(reviewer__in=people, starts_at__lte=at, ends_at__gt=at).values_list(
            "reviewer_id", flat=True
        )
    )
    there = [person for person in people if person.pk not in away]
    working = [
        person
        for person in there
        if rota.works_at(person.working_hours, zone_called(person.time_zone), at)
    ]
    return working or there
