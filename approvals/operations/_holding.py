"""
The breaker before the sweep: deadlines are held back when so much of them is due at once,
or the clock moved so far, that a fault of ours is the likelier reason.

Holding back is safe. It approves nothing and rejects nothing, and a decision after the
deadline is refused all the same.
"""

from datetime import datetime, timedelta

from django.db import transaction

from approvals import events
from approvals.models import ApprovalRequest, Installation
from approvals.operations import _announcing
from approvals.operations._calling import CLOCK
from approvals.rules import breaker
from approvals.rules.breaker import Tick
from audit import trail

# A storm is known long before all of it is counted.
LOOK_AT_MOST = 5000


class Watch:
    """This process's last look at both clocks."""

    def __init__(self) -> None:
        self._last: Tick | None = None

    def jump(self, now: Tick, *, known_at: datetime | None) -> str | None:
        before, self._last = self._last, now
        return breaker.jump(before, now, known_at=known_at) if before else None


watch = Watch()


def may_go_on(*, at: datetime, monotonic: float | None = None) -> bool:
    """
    Whether time may act now. Holds deadlines back, or lets them go after ten minutes; commits.

    :param monotonic: seconds of a clock that nobody sets; None does not compare the clocks
    """
    standing = Installation.objects.filter(pk=1).first() or Installation()
    held_at, released_at = standing.sweep_held_at, standing.sweep_released_at
    why = None
    if monotonic is not None:
        why = watch.jump(Tick(at, monotonic), known_at=held_at or released_at)
    if held_at is None:
        why = why or _storm(at, released_at=released_at)
    elif at < held_at:
        why = why or "The server's clock moved back."
    if why:
        _hold(why, seen=held_at, at=at)
        return False
    if held_at is None:
        return True
    if at < held_at + breaker.HOLD:
        return False
    release(actor=CLOCK, at=at)
    return True


@transaction.atomic(durable=True)
def release(*, actor: str, at: datetime) -> bool:
    """Let time act again; return whether it was held back."""
    standing = _locked()
    if standing.sweep_held_at is None:
        return False
    standing.sweep_held_at, standing.sweep_held_because = None, ""
    standing.sweep_released_at = at
    _save(standing)
    trail.record_in_stream("system", events.SWEEP_RELEASED, actor=actor, at=at)
    return True


@transaction.atomic(durable=True)
def _hold(why: str, *, seen: datetime | None, at: datetime) -> None:
    standing = _locked()
    if standing.sweep_held_at != seen:
        # Another worker came first.
        return
    standing.sweep_held_at, standing.sweep_held_because = at, why
    _save(standing)
    text = (
        f"{why} Nothing is decided by time until somebody confirms that all is well"
        " (placet-server release_sweep), or ten minutes have passed."
    )
    _announcing.trouble("Deadlines are held back", text, at=at)
    trail.record_in_stream("system", events.SWEEP_HELD, actor=CLOCK, at=at, data={"because": why})


def _storm(at: datetime, *, released_at: datetime | None) -> str | None:
    due = ApprovalRequest.objects.due(at).filter(expires_at__lte=at)
    if released_at and released_at <= at:
        # What was late when it was released has been confirmed, however long it takes.
        due = due.filter(expires_at__gt=released_at)
    # What an agent itself gave little time is no sign of a fault of ours: it could hold up
    # everybody's deadlines as often as it likes.
    windows = due.values_list("window_starts_at", "expires_at", "terms_json__timeout_seconds")
    expiring = sum(
        expires_at - starts_at >= timedelta(seconds=timeout)
        for starts_at, expires_at, timeout in windows[:LOOK_AT_MOST]
    )
    if expiring <= breaker.MANY:
        return None
    return breaker.storm(expiring, waiting=ApprovalRequest.objects.open().count())


def _locked() -> Installation:
    Installation.objects.get_or_create(pk=1)
    return Installation.objects.select_for_update().get(pk=1)


def _save(standing: Installation) -> None:
    standing.save(update_fields=["sweep_held_at", "sweep_held_because", "sweep_released_at"])
