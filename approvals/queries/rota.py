"""Who is on call: the schedules' rows as the values that the rules read."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from approvals.models import Absence, Reviewer, Schedule
from approvals.rules import rota
from approvals.rules.rota import Duty, Rota, Shift
from approvals.rules.zones import zone_called


def on_call(schedule: Schedule, *, at: datetime) -> list[Reviewer]:
    """
    Whom this schedule calls at one instant, those who stand in for somebody away included.

    Loaded `with_standing`, by user name; empty if nobody is there.
    """
    called = rota.on_call(rota_of(schedule, start=at, end=at), at)
    return list(Reviewer.objects.with_standing().filter(pk__in=called))


def on_call_by_name(name: str, *, at: datetime) -> list[Reviewer]:
    """The same for a schedule that a policy names; nobody if there is none of that name."""
    schedule = Schedule.objects.filter(name=name).first()
    return on_call(schedule, at=at) if schedule else []


def rota_of(schedule: Schedule, *, start: datetime, end: datetime) -> Rota:
    """All that says who is on call between two instants. Nobody is who may not review any more."""
    active = set(
        Reviewer.objects.filter(is_active=True, user__is_active=True).values_list("pk", flat=True)
    )
    shifts = [shift for shift in schedule.shifts.all() if shift.reviewer_id in active]
    overrides = [
        override
        for override in schedule.overrides.filter(starts_at__lte=end, ends_at__gt=start)
        if override.reviewer_id in active
    ]
    people = {shift.reviewer_id for shift in shifts}
    people |= {override.reviewer_id for override in overrides}
    return Rota(
        zone=zone_called(schedule.time_zone),
        shifts=tuple(
            Shift(
                person=str(shift.reviewer_id),
                weekdays=frozenset(shift.weekdays),
                starts_at=shift.starts_at,
                ends_at=shift.ends_at,
                layer=shift.layer,
                every_weeks=shift.every_weeks,
                starts_on=shift.starts_on,
            )
            for shift in shifts
        ),
        overrides=tuple(
            Duty(str(override.reviewer_id), 0, override.starts_at, override.ends_at)
            for override in overrides
        ),
        absences=_absences_of(people, active, start=start, end=end),
    )


def _absences_of(
    people: set[UUID], active: set[UUID], *, start: datetime, end: datetime
) -> tuple[rota.Absence, ...]:
    """Theirs, and those of whoever would stand in for them."""
    near = Absence.objects.filter(starts_at__lte=end, ends_at__gt=start)
    stand_ins = near.filter(reviewer__in=people).values("delegate")
    return tuple(
        rota.Absence(
            person=str(absence.reviewer_id),
            starts_at=absence.starts_at,
            ends_at=absence.ends_at,
            delegate=str(absence.delegate_id) if absence.delegate_id in active else None,
        )
        for absence in near.filter(Q(reviewer__in=people) | Q(reviewer__in=stand_ins))
    )
