"""Whom to tell."""

from datetime import timedelta

import pytest

from approvals.models import Absence, Reviewer
from approvals.queries import candidates

pytestmark = pytest.mark.django_db

# The instant of these tests is a Monday, half past nine in UTC.
OFFICE = {"mon": ["09:00", "17:00"]}


def hours(reviewer, working_hours, zone="UTC"):
    Reviewer.objects.filter(pk=reviewer.pk).update(working_hours=working_hours, time_zone=zone)


def there(at):
    return candidates.who_is_there(list(Reviewer.objects.all()), at=at)


def at_work(at):
    return candidates.at_work(there(at), at=at)


def test_those_in_their_working_hours(ada, ben, at):
    hours(ada, OFFICE)
    hours(ben, OFFICE, zone="America/New_York")

    assert at_work(at) == [ada]


def test_those_who_set_no_hours_are_always_there(ada, ben, at):
    hours(ben, {"tue": ["09:00", "17:00"]})

    assert at_work(at) == [ada]


def test_everybody_when_it_is_nobody_s_time(ada, ben, at):
    for person in (ada, ben):
        hours(person, OFFICE)

    assert at_work(at + timedelta(hours=12)) == [ada, ben]


def test_nobody_who_is_away_whatever_the_hours(ada, ben, at):
    hours(ben, {"sun": ["09:00", "17:00"]})
    Absence.objects.create(reviewer=ada, starts_at=at, ends_at=at + timedelta(hours=1))

    assert there(at) == [ben]
