from datetime import timedelta

import pytest

from approvals.models import Lease
from approvals.operations import leases

pytestmark = pytest.mark.django_db
LASTS = timedelta(seconds=15)


def take(holder, at):
    return leases.take("beat", holder=holder, at=at, lasts=LASTS)


def test_the_first_to_take_it_holds_it(at):
    assert take("one", at)
    assert not take("two", at + timedelta(seconds=14))


def test_the_holder_renews_it(at):
    take("one", at)

    assert take("one", at + timedelta(seconds=10))
    assert Lease.objects.get().until == at + timedelta(seconds=25)


def test_it_is_free_once_its_time_is_over(at):
    take("one", at)

    assert take("two", at + LASTS)
    assert not take("one", at + LASTS)


def test_what_is_given_back_is_free_at_once(at):
    take("one", at)

    leases.give_back("beat", holder="one")

    assert take("two", at)


def test_nobody_gives_back_what_another_holds(at):
    take("one", at)

    leases.give_back("beat", holder="two")

    assert not take("two", at)


def test_names_are_held_apart(at):
    take("one", at)

    assert leases.take("other", holder="two", at=at, lasts=LASTS)
