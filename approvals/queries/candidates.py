"""Who could decide something at one instant, and who of them is there."""

from datetime import datetime

from approvals.models import Absence, Reviewer
from approvals.rules import authority, rota
from approvals.rules.authority import Case


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
    """Those who are not away: an absence routes around a person at once, and takes no right."""
    away = set(
        Absence.objects.filter(reviewer__in=people, starts_at__lte=at, ends_at__gt=at).values_list(
            "reviewer_id", flat=True
        )
    )
    return [person for person in people if person.pk not in away]


def at_work(people: list[Reviewer], *, at: datetime) -> list[Reviewer]:
    """
    Those in their working hours; everybody where it is nobody's time: nothing waits unknown.

    Hours say whom to tell first, never who may decide.
    """
    working = [person for person in people if rota.works_at(person.working_hours, person.zone, at)]
    return working or people
