"""Who is on call, from the rows."""

from datetime import time, timedelta

import pytest

from approvals.models import Absence, ScheduleOverride
from approvals.queries import rota
from tests import factories

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def night(ada, ben):
    """Ada is on call, and Ben behind her."""
    schedule = factories.ScheduleFactory(time_zone="Europe/Berlin")
    factories.ShiftFactory(schedule=schedule, reviewer=ada)
    factories.ShiftFactory(schedule=schedule, reviewer=ben, layer=2)
    return schedule


def away(reviewer, at, delegate=None):
    Absence.objects.create(
        reviewer=reviewer, delegate=delegate, starts_at=at - HOUR, ends_at=at + HOUR
    )


class TestOnCall:
    def test_is_the_first_layer(self, night, ada, at):
        assert rota.on_call(night, at=at) == [ada]

    def test_is_loaded_with_standing(self, night, at, django_assert_num_queries):
        (person,) = rota.on_call(night, at=at)

        with django_assert_num_queries(0):
            assert person.standing(at=at).name == "ada"

    def test_is_by_the_zone_of_the_schedule(self, ada, at):
        schedule = factories.ScheduleFactory(time_zone="Asia/Kathmandu")
        # 09:30 in UTC is 15:15 there.
        factories.ShiftFactory(
            schedule=schedule, reviewer=ada, starts_at=time(15, 15), ends_at=time(16)
        )

        assert rota.on_call(schedule, at=at) == [ada]
        assert rota.on_call(schedule, at=at - timedelta(seconds=1)) == []

    def test_is_the_delegate_of_who_is_away(self, night, ada, dora, at):
        away(ada, at, delegate=dora)

        assert rota.on_call(night, at=at) == [dora]

    def test_is_the_next_layer_when_the_delegate_is_away_too(self, night, ada, ben, dora, at):
        away(ada, at, delegate=dora)
        away(dora, at)

        assert rota.on_call(night, at=at) == [ben]

    @pytest.mark.parametrize("switch", ["reviewer", "user"])
    def test_is_nobody_who_may_not_review_any_more(self, night, ada, ben, at, switch):
        gone = ada if switch == "reviewer" else ada.user
        gone.is_active = False
        gone.save()

        assert rota.on_call(night, at=at) == [ben]

    def test_is_no_delegate_who_may_not_review_any_more(self, night, ada, ben, dora, at):
        away(ada, at, delegate=dora)
        dora.is_active = False
        dora.save()

        assert rota.on_call(night, at=at) == [ben]

    def test_is_somebody_else_for_once(self, night, dora, ada, at):
        ScheduleOverride.objects.create(
            schedule=night, reviewer=dora, starts_at=at, ends_at=at + HOUR
        )

        assert rota.on_call(night, at=at) == [dora]
        assert rota.on_call(night, at=at + HOUR) == [ada]


class TestByName:
    def test_is_the_same(self, night, ada, at):
        assert rota.on_call_by_name("night", at=at) == [ada]

    def test_is_nobody_where_there_is_none_of_that_name(self, db, at):
        assert rota.on_call_by_name("day", at=at) == []
