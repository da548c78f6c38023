from datetime import timedelta

import pytest
from celery import Celery
from django.db import DatabaseError

from approvals.models import Lease
from approvals.operations import leases
from hitl_site.beat import LASTS, LOOK_EVERY_SECONDS, LeasedScheduler

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    """The names of the tasks that were sent."""
    found = []
    monkeypatch.setattr(
        LeasedScheduler, "apply_async", lambda self, entry, **_: found.append(entry)
    )
    return found


@pytest.fixture
def start_beat(monkeypatch):
    """A beat with one entry that is always due."""
    # The test's own transaction is on this connection: it must not look old and be closed.
    monkeypatch.setattr("hitl_site.beat.close_old_connections", lambda: None)

    def start():
        app = Celery("test", broker="memory://")
        app.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": timedelta(seconds=0)}}
        return LeasedScheduler(app=app, lazy=False)

    return start


def test_sends_what_is_due_and_holds_the_lease(start_beat, sent):
    start_beat().tick()

    assert [entry.task for entry in sent] == ["sweep"]
    assert Lease.objects.get().name == "beat"


def test_a_second_beat_sends_nothing_and_looks_again_soon(start_beat, sent):
    start_beat().tick()

    wait = start_beat().tick()

    assert len(sent) == 1
    assert wait == LOOK_EVERY_SECONDS


def test_a_beat_that_ends_makes_way_at_once(start_beat, sent):
    first, second = start_beat(), start_beat()
    first.tick()

    first.close()
    second.tick()

    assert len(sent) == 2


def test_a_beat_that_died_is_replaced_when_its_lease_is_over(start_beat, sent):
    start_beat().tick()
    Lease.objects.update(until=Lease.objects.get().until - LASTS)

    start_beat().tick()

    assert len(sent) == 2


def test_nothing_is_sent_while_the_database_is_away(start_beat, sent, monkeypatch):
    def away(*_, **__):
        raise DatabaseError("gone")

    beat = start_beat()
    monkeypatch.setattr(leases, "take", away)

    assert beat.tick() == LOOK_EVERY_SECONDS
    assert sent == []


def test_never_sleeps_past_the_lease(start_beat, sent):
    assert start_beat().tick() < LASTS.total_seconds() / 2
