"""What is handed out next."""

from datetime import timedelta

import pytest

from approvals.models import Absence, Reviewer
from approvals.operations import assignment
from approvals.queries import serving
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewing():
    def load(reviewer):
        return Reviewer.objects.with_standing().get(pk=reviewer.pk)

    return load


class TestTheMostUrgent:
    def test_has_the_nearest_deadline(self, ada, reviewing, submit, at):
        submit(when=at)
        urgent = submit(when=at - timedelta(minutes=20))

        assert serving.most_urgent(reviewing(ada), at=at) == urgent

    def test_is_something_that_this_person_may_decide(self, reviewing, submit, at, robin):
        limited = factories.ReviewerFactory(tier="executive", amount_ceiling=100)
        submit(amount=500, when=at - timedelta(minutes=20))
        fitting = submit(amount=50)

        assert serving.most_urgent(reviewing(limited), at=at) == fitting

    def test_is_nothing_that_somebody_else_looks_at(self, ada, dora, reviewing, submit, at):
        taken = submit(when=at - timedelta(minutes=20))
        free = submit()
        assignment.claim(taken.pk, reviewer=reviewing(dora), at=at)

        assert serving.most_urgent(reviewing(ada), at=at) == free
        assert serving.most_urgent(reviewing(dora), at=at) == taken

    def test_is_handed_to_whoever_asks_whatever_their_hours(self, ada, reviewing, submit, at):
        ada.working_hours = {"sun": ["09:00", "17:00"]}
        ada.save()
        Absence.objects.create(reviewer=ada, starts_at=at, ends_at=at + timedelta(hours=1))
        waiting = submit()

        assert serving.most_urgent(reviewing(ada), at=at) == waiting

    def test_is_none_when_nothing_waits(self, ada, reviewing, at):
        assert serving.most_urgent(reviewing(ada), at=at) is None


class TestAfterTenOfAKind:
    @pytest.fixture
    def tired(self, ada, submit, decide, reviewing):
        for n in range(serving.ROTATE_AFTER):
            decide(submit(amount=n, action="refund"), ada, "approve")
        return reviewing(ada)

    def test_another_kind_is_handed_out(self, tired, submit, at):
        submit(action="refund", when=at - timedelta(minutes=5))
        other = submit(action="publish")

        assert serving.most_urgent(tired, at=at) == other

    def test_what_is_pressing_comes_first_all_the_same(self, tired, submit, at):
        pressing = submit(action="refund", when=at - timedelta(minutes=50))
        submit(action="publish")

        assert serving.most_urgent(tired, at=at) == pressing

    def test_the_same_kind_goes_on_when_there_is_no_other(self, tired, submit, at):
        same = submit(action="refund")

        assert serving.most_urgent(tired, at=at) == same


class TestTheNextOne:
    def test_follows_in_the_order_of_the_view(self, ada, reviewing, submit, at):
        first, second, third = (submit(when=at - timedelta(minutes=n)) for n in (30, 20, 10))

        assert serving.after(first, reviewing(ada), view="yours", at=at) == second
        assert serving.after(third, reviewing(ada), view="yours", at=at) == first

    def test_is_none_after_the_last(self, ada, reviewing, submit, at):
        only = submit()

        assert serving.after(only, reviewing(ada), view="yours", at=at) is None
