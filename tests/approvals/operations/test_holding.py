"""The breaker: many deadlines at once, or a clock that jumps, look like a fault of ours."""

import json
from datetime import timedelta

import pytest

from approvals import events
from approvals.models import ApprovalRequest, Installation
from approvals.operations import _announcing, _deadlines, _holding, escalation
from approvals.operations._deadlines import Expired
from approvals.operations.escalation import NotHeld
from approvals.rules import breaker
from approvals.rules.lifecycle import Status
from audit import trail

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    """`new_process()`: another worker, which has not looked at any clock yet."""

    def start():
        monkeypatch.setattr(_holding, "watch", _holding.Watch())

    start()
    return start


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A storm of four will do."""
    monkeypatch.setattr(breaker, "MANY", 3)


@pytest.fixture
def trouble(monkeypatch):
    heard = []
    monkeypatch.setattr(
        _announcing, "trouble", lambda subject, text, *, at: heard.append((subject, text))
    )
    return heard


@pytest.fixture
def storm(publish, submit, at):
    """Five requests that run out together, an hour later."""
    publish(reminders=[])
    return [submit() for _ in range(5)]


def sweep(at, monotonic=None):
    return escalation.escalate_due(at=at, monotonic=monotonic)


def recorded():
    return [event.type for event in trail.history_of("system")]


def still_pending():
    return ApprovalRequest.objects.pending().count()


class TestAStorm:
    def test_is_held_back_and_said(self, storm, at, trouble):
        assert sweep(at + HOUR) == 0

        assert still_pending() == 5
        (held,) = trail.history_of("system")
        because = "5 of 5 requests that wait would run out at once."
        assert json.loads(held.body)["data"] == {"because": because}
        assert Installation.objects.get().sweep_held_because == because
        ((subject, text),) = trouble
        assert (subject, because in text) == ("Deadlines are held back", True)

    def test_is_held_once_whoever_looks(self, storm, at, trouble, new_process):
        for seconds in (0, 5, 10):
            new_process()
            sweep(at + HOUR + timedelta(seconds=seconds))

        assert recorded() == [events.SWEEP_HELD]
        assert len(trouble) == 1

    def test_goes_on_by_itself_after_ten_minutes(self, storm, at):
        sweep(at + HOUR)

        assert sweep(at + HOUR + 9 * MINUTE) == 0
        assert sweep(at + HOUR + 10 * MINUTE) == 5
        assert recorded() == [events.SWEEP_HELD, events.SWEEP_RELEASED]

    def test_goes_on_at_once_when_somebody_confirms(self, storm, at):
        sweep(at + HOUR)
        escalation.release_sweep(actor="user:1", at=at + HOUR + MINUTE)

        assert sweep(at + HOUR + MINUTE) == 5
        assert trail.history_of("system")[-1].actor == "user:1"

    def test_is_not_held_again_however_long_it_takes(self, storm, at):
        sweep(at + HOUR)
        escalation.release_sweep(actor="user:1", at=at + HOUR + MINUTE)

        # As if the first sweep had died at once.
        assert sweep(at + HOUR + 2 * MINUTE) == 5

    def test_another_one_later_is(self, storm, submit, at):
        sweep(at + HOUR)
        escalation.release_sweep(actor="user:1", at=at + HOUR + MINUTE)
        sweep(at + HOUR + MINUTE)
        for _ in range(5):
            submit(when=at + HOUR + MINUTE)

        assert sweep(at + 3 * HOUR) == 0

    def test_does_not_hide_behind_a_release_that_lies_in_the_future(self, storm, at):
        Installation.objects.create(sweep_released_at=at + 20 * HOUR)

        assert sweep(at + HOUR) == 0

    def test_lets_nothing_late_be_decided_and_decides_nothing(
        self, publish, submit, decide, ada, at, now_stands
    ):
        publish(on_timeout="approve", reminders=[])
        late, *_ = [submit() for _ in range(5)]
        sweep(at + HOUR)

        with pytest.raises(Expired, match="held back just now"):
            decide(late, ada, "approve", when=at + HOUR)

        assert now_stands(late).status == Status.PENDING

    def test_is_none_where_only_reminders_are_due(self, submit, at):
        for _ in range(5):
            submit()

        assert sweep(at + 30 * MINUTE) == 5

    def test_cannot_be_released_where_nothing_is_held(self, db, at):
        with pytest.raises(NotHeld):
            escalation.release_sweep(actor="user:1", at=at)


class TestAClockThatJumps:
    def test_holds_back_even_a_single_deadline(self, publish, submit, at):
        publish(reminders=[])
        submit()
        sweep(at, 100.0)

        assert sweep(at + HOUR, 105.0) == 0

        assert "moved on 59 minutes" in Installation.objects.get().sweep_held_because

    def test_does_not_when_time_just_passes(self, publish, submit, at):
        publish(reminders=[])
        submit()
        sweep(at, 100.0)

        assert sweep(at + HOUR, 3700.0) == 1

    def test_is_not_held_against_us_again_by_a_worker_that_slept(
        self, publish, submit, at, new_process, monkeypatch
    ):
        publish(reminders=[])
        submit()
        sweep(at, 100.0)
        sleeper = _holding.watch
        new_process()
        sweep(at, 100.0)
        sweep(at + HOUR, 105.0)
        escalation.release_sweep(actor="user:1", at=at + HOUR + MINUTE)

        monkeypatch.setattr(_holding, "watch", sleeper)

        assert sweep(at + HOUR + 2 * MINUTE, 225.0) == 1

    def test_again_while_held_begins_the_wait_anew(self, db, at):
        sweep(at, 100.0)
        sweep(at + HOUR, 105.0)

        # Set right by hand, two minutes later.
        sweep(at + 2 * MINUTE, 225.0)

        assert Installation.objects.get().sweep_held_at == at + 2 * MINUTE
        sweep(at + 12 * MINUTE, 825.0)
        assert Installation.objects.get().sweep_held_at is None

    def test_back_behind_the_hold_does_not_hold_for_ever(self, db, at):
        sweep(at, 100.0)
        sweep(at + 24 * HOUR, 105.0)

        for minutes in (1, 12):
            # Workers that have just started and compare nothing.
            sweep(at + minutes * MINUTE)

        assert Installation.objects.get().sweep_held_at is None


class TestReading:
    def test_lets_the_deadline_act(self, submit, at, now_stands):
        overdue, other = submit(), submit(when=at + MINUTE)

        assert escalation.catch_up([overdue, other], at=at + HOUR)

        assert now_stands(overdue).status == Status.REJECTED
        assert now_stands(other).status == Status.PENDING

    def test_costs_nothing_where_nothing_is_late(self, submit, at, django_assert_num_queries):
        approval = submit()

        with django_assert_num_queries(0):
            assert not escalation.catch_up([approval], at=at + 59 * MINUTE)

    def test_one_that_fails_hides_no_other(self, submit, at, now_stands, monkeypatch):
        broken, sound = submit(), submit()
        strike = _deadlines.strike

        def fail(approval, *, at):
            if approval.pk == broken.pk:
                raise RuntimeError("a bug")
            strike(approval, at=at)

        monkeypatch.setattr(_deadlines, "strike", fail)

        assert escalation.catch_up([broken, sound], at=at + HOUR)
        assert now_stands(sound).status == Status.REJECTED
        assert now_stands(broken).status == Status.PENDING

    def test_does_not_carry_out_a_storm_one_by_one(self, storm, at):
        assert not escalation.catch_up(storm[:1], at=at + HOUR)

        assert still_pending() == 5
