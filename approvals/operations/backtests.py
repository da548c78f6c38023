"""
A draft held against what was decided: asked for here, done by a worker, opened by people.

The row is the truth. A worker goes through the past batch by batch and commits each with
the count so far, so one that is killed is followed by another that goes on from there, and
nothing is counted twice. A sweep finds what nobody is at.
"""

import secrets
import time
import uuid
from datetime import datetime, timedelta

import structlog
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from approvals import events, outbox
from approvals.models import Backtest, CheckpointVersion, OverruledCase
from approvals.operations import _backtesting, _evidence
from approvals.operations._backtesting import Bench
from approvals.operations._publishing import digest_of
from approvals.queries import hindsight
from approvals.refusals import Refusal
from audit import trail

State = Backtest.State
LONGEST_DAYS = 366
# Without a sign of life for so long, a worker is taken to have died.
SILENT = timedelta(seconds=60)
# A worker does other things, too; after so long it makes room and is called again.
STINT_SECONDS = 20.0
# Taken up so often without a batch done, it is the backtest that kills the workers.
MOST_TRIES = 5

log = structlog.get_logger(__name__)


class InvalidPeriod(Refusal):
    code = "invalid_period"


@transaction.atomic(durable=True)
def ask(
    version: CheckpointVersion, *, days: int, by_user: User | None, actor: str, at: datetime
) -> Backtest:
    """
    Have a worker hold the version against the last `days` days of its checkpoint.

    :raises InvalidPeriod: fewer days than one, or more than a year
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise InvalidPeriod(f"A backtest goes back 1 to {LONGEST_DAYS} days.")
    past = hindsight.settled_at(version.checkpoint.name, since=at - timedelta(days=days), until=at)
    backtest = Backtest.objects.create(
        version=version,
        policy_digest=digest_of(version),
        days=days,
        until=at,
        total=past.count(),
        created_at=at,
        created_by=by_user,
    )
    outbox.wake_a_worker_to(outbox.BACKTEST, backtest_id=str(backtest.pk))
    _record(backtest, events.BACKTESTED, actor=actor, at=at, data={"days": days})
    return backtest


def work_on(backtest_id: uuid.UUID) -> bool:
    """
    Go on with a backtest that waits or fell silent, for one stint; True if it is done then.

    Safe to call any number of times, by any number of workers: one of them has it.
    """
    worker = secrets.token_hex(8)
    bench = _take(backtest_id, worker)
    if bench is None:
        return False
    stop_at = time.monotonic() + STINT_SECONDS
    try:
        while time.monotonic() < stop_at:
            if _do_a_batch(bench, worker):
                return True
    except _TakenOver:
        return False
    except DatabaseError:
        # It will be found silent, and gone on with.
        raise
    except Exception:
        log.exception("backtest.failed", backtest=str(backtest_id))
        _give_up(backtest_id, "It stopped at a fault of ours, which is in the server's log.")
        return False
    _make_room(backtest_id, worker)
    return False


def work_due() -> int:
    """Go on with what nobody is at, oldest first, for about a stint; return how many were."""
    silent = Q(state=State.RUNNING, beat_at__lt=timezone.now() - SILENT)
    waiting = Backtest.objects.filter(Q(state=State.WAITING) | silent).order_by("created_at")
    stop_at, done = time.monotonic() + STINT_SECONDS, 0
    for backtest_id in list(waiting.values_list("pk", flat=True)[:20]):
        if time.monotonic() >= stop_at:
            break
        done += 1
        work_on(backtest_id)
    return done


@transaction.atomic(durable=True)
def open_case(case: OverruledCase, *, by_user: User, actor: str, at: datetime) -> None:
    """
    Put on record that this person looks at a case. Each counts for whoever opened it.

    Wants backtest, version and checkpoint loaded.
    """
    backtest = case.backtest
    OverruledCase.objects.select_for_update().get(pk=case.pk)
    if is_opened(case, by_user=by_user):
        return
    OverruledCase.objects.filter(pk=case.pk, opened_at__isnull=True).update(
        opened_by=by_user, opened_at=at
    )
    data = {"approval": str(case.approval_id)}
    _record(backtest, events.OVERRULED_OPENED, actor=actor, at=at, data=data)


def is_opened(case: OverruledCase, *, by_user: User) -> bool:
    return str(case.approval_id) in opened_in(case.backtest, by_user=by_user)


def opened_in(backtest: Backtest, *, by_user: User) -> set[str]:
    """The requests that this person opened as cases of the text that was tested."""
    return _evidence.opened(
        backtest.version.checkpoint, by_user=by_user, policy=backtest.policy_digest
    )


class _TakenOver(Exception):
    """Another worker has it, because this one was silent for too long."""


@transaction.atomic(durable=True)
def _take(backtest_id: uuid.UUID, worker: str) -> Bench | None:
    now = timezone.now()
    backtest = _held(backtest_id)
    if backtest is None or backtest.state not in (State.WAITING, State.RUNNING):
        return None
    # One at a time, whichever it is: deadlines must find a worker that is free.
    if Backtest.objects.filter(state=State.RUNNING, beat_at__gt=now - SILENT).exists():
        return None
    bench = _backtesting.set_up(backtest)
    if wrong := _objection_to(bench, backtest):
        _fail(backtest, wrong, now)
        return None
    if bench.begins_anew:
        backtest.overruled.all().delete()
    bench.progress.tries += 1
    bench.progress.worker = worker
    backtest.state, backtest.beat_at = State.RUNNING, now
    backtest.done, backtest.result = bench.progress.tally.seen, bench.progress.as_json()
    backtest.save(update_fields=["state", "beat_at", "done", "result"])
    return bench


def _objection_to(bench: Bench, backtest: Backtest) -> str | None:
    if bench.progress.tries >= MOST_TRIES:
        return "Each of several workers ended while it was at it."
    if digest_of(bench.version) != backtest.policy_digest:
        return "The draft was changed meanwhile; test it anew."
    return None


def _do_a_batch(bench: Bench, worker: str) -> bool:
    batch = hindsight.batch_of(bench.past, after=bench.progress.place)
    overruled = _backtesting.count(bench, batch)
    with transaction.atomic(durable=True):
        backtest = _held(bench.id)
        if backtest is None or not _is_ours(backtest, worker):
            raise _TakenOver
        OverruledCase.objects.bulk_create(
            OverruledCase(backtest_id=bench.id, approval_id=pk, would_have=by)
            for pk, by in overruled
        )
        is_done = batch.onward is None
        now = timezone.now()
        backtest.done, backtest.beat_at = bench.progress.tally.seen, now
        backtest.result = bench.progress.as_json()
        if is_done:
            backtest.state, backtest.finished_at = State.DONE, now
            backtest.data_hash = f"sha256:{bench.progress.read}"
            backtest.total = backtest.done
        backtest.save()
    return is_done


def _is_ours(backtest: Backtest, worker: str) -> bool:
    return backtest.state == State.RUNNING and backtest.result.get("worker") == worker


@transaction.atomic(durable=True)
def _make_room(backtest_id: uuid.UUID, worker: str) -> None:
    backtest = _held(backtest_id)
    if backtest and _is_ours(backtest, worker):
        backtest.state = State.WAITING
        backtest.save(update_fields=["state"])
        outbox.wake_a_worker_to(outbox.BACKTEST, backtest_id=str(backtest_id))


@transaction.atomic(durable=True)
def _give_up(backtest_id: uuid.UUID, error: str) -> None:
    if backtest := _held(backtest_id):
        _fail(backtest, error, timezone.now())


def _fail(backtest: Backtest, error: str, at: datetime) -> None:
    backtest.state, backtest.error, backtest.finished_at = State.FAILED, error, at
    backtest.save(update_fields=["state", "error", "finished_at"])


def _held(backtest_id: uuid.UUID) -> Backtest | None:
    skip = connection.features.has_select_for_update_skip_locked
    return (
        Backtest.objects.select_for_update(of=("self",), skip_locked=skip)
        .select_related("version__checkpoint", "version__team", "version__on_call")
        .filter(pk=backtest_id)
        .first()
    )


def _record(backtest: Backtest, event: str, *, actor: str, at: datetime, data: dict) -> None:
    about = {"backtest": str(backtest.pk), "policy": backtest.policy_digest}
    ref = backtest.version.checkpoint.ref
    trail.record_in_stream(ref, event, actor=actor, at=at, data=about | data)
