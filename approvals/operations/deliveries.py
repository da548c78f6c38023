"""Keeping promises to the outside: claim in one transaction, send in none, record in another."""

import time
import uuid
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from approvals import events, outbox
from approvals.models import Agent, ApprovalRequest, Attempt, Delivery
from approvals.operations import _lines, agents
from approvals.outbound import signing, webhooks
from approvals.outbound.webhooks import Answer
from approvals.refusals import Conflict
from audit import trail

BATCH = 100
# How long a try may take before another worker may think that this one died.
LEASE = timedelta(seconds=60)
SWEEP_LASTS_SECONDS = 15.0
# A receiver that let a call run out of time is left alone for so long, or until it answers
# one: what else it is owed must not keep workers from those who do answer.
REST = timedelta(minutes=1)
# After each failure, so long until the next try; after the last, parked.
SCHEDULE = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)

log = structlog.get_logger(__name__)


class NotParked(Conflict):
    code = "not_parked"


def deliver(delivery_id: uuid.UUID, *, at: datetime) -> bool:
    """
    Try one delivery now, if it is owed, due and the first of its approval; True if sent.

    Safe to call any number of times, by any number of workers. A crash in the middle
    counts as a try: its row is written before the call. Where its agent has enough calls
    under way it is left for later.
    """
    agent = Agent.objects.filter(approvals__deliveries=delivery_id).first()
    if agent is None:
        return False
    with _lines.line_for(agent.pk, threads=settings.WORKER_THREADS) as is_free:
        attempt = _claim(delivery_id, at) if is_free else None
        if attempt is None:
            return False
        answer = _answer_to(attempt.delivery, at)
    _record(attempt, answer, at=max(at, timezone.now()))
    return answer.error is None


def deliver_due(*, at: datetime) -> int:
    """
    Try what is owed by now, as far as one sweep's time goes; return how many were sent.

    Receivers that hang must not keep a worker from the deadlines: the next sweep goes on.
    """
    sent, stop_at = 0, time.monotonic() + SWEEP_LASTS_SECONDS
    tried: set[uuid.UUID] = set()
    while due := list(_due_ids(at, tried)):
        for delivery_id in due:
            if time.monotonic() > stop_at:
                return sent
            try:
                sent += deliver(delivery_id, at=at)
            except Exception:
                # A fault in one is a bug to be seen, not a reason to break other promises.
                log.exception("delivery.failed", delivery=str(delivery_id))
        tried.update(due)
    return sent


@transaction.atomic(durable=True)
def replay(delivery_id: uuid.UUID, *, actor: str, at: datetime) -> None:
    """
    Owe a parked delivery again, from the start of the schedule.

    :raises NotParked: it was delivered, or is still being tried
    """
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id)
    if delivery.state != Delivery.State.PARKED:
        raise NotParked(f"This delivery is {delivery.get_state_display()}.")
    delivery.state, delivery.due_at, delivery.tries = Delivery.State.OWED, at, 0
    delivery.settled_at = None
    delivery.save(update_fields=["state", "due_at", "tries", "settled_at"])
    _put_on_record(delivery, events.DELIVERY_REPLAYED, actor=actor, at=at)


def _due_ids(at: datetime, tried: set[uuid.UUID]) -> "QuerySet[Delivery, uuid.UUID]":
    owed = Delivery.objects.filter(state=Delivery.State.OWED, due_at__lte=at)
    return owed.exclude(pk__in=tried).order_by("due_at").values_list("pk", flat=True)[:BATCH]


@transaction.atomic(durable=True)
def _claim(delivery_id: uuid.UUID, at: datetime) -> Attempt | None:
    skip = connection.features.has_select_for_update_skip_locked
    delivery = (
        Delivery.objects.select_for_update(of=("self",), skip_locked=skip)
        .select_related("message", "approval__agent")
        .filter(pk=delivery_id, state=Delivery.State.OWED, due_at__lte=at)
        .first()
    )
    if delivery is None or _something_comes_first(delivery):
        return None
    if delivery.tries > len(SCHEDULE):
        # The last try took its worker down with it; one more would do no better.
        delivery.state, delivery.settled_at = Delivery.State.PARKED, at
        delivery.save(update_fields=["state", "settled_at"])
        _put_on_record(delivery, events.DELIVERY_PARKED, actor="worker", at=at)
        return None
    delivery.tries += 1
    delivery.due_at = at + LEASE
    delivery.save(update_fields=["tries", "due_at"])
    number = Attempt.objects.filter(delivery=delivery).count() + 1
    return Attempt.objects.create(delivery=delivery, number=number, started_at=at)


def _something_comes_first(delivery: Delivery) -> bool:
    # Per approval, an event is not started before the one before it was accepted or parked.
    return Delivery.objects.filter(
        approval=delivery.approval_id,
        recipient=delivery.recipient,
        state=Delivery.State.OWED,
        message__approval_seq__lt=delivery.message.approval_seq,
    ).exists()


def _answer_to(delivery: Delivery, at: datetime) -> Answer:
    body = delivery.message.body.encode()
    secrets = agents.webhook_secrets(delivery.approval.agent, at=at)
    if not secrets:
        sentence = "The agent has no secret to sign with; rotate its key to give it one."
        return Answer(None, sentence, None, 0, "", code="no_secret")
    return webhooks.post(
        delivery.recipient,
        body=body,
        headers=signing.sign(secrets, message_id=str(delivery.pk), at=at, body=body),
        allowed_networks=settings.ALLOW_PRIVATE_CALLBACKS,
    )


@transaction.atomic(durable=True)
def _record(attempt: Attempt, answer: Answer, *, at: datetime) -> None:
    attempt.status = answer.status
    attempt.error = (answer.error or "")[:300]
    attempt.duration_ms = answer.duration_ms
    attempt.answer_start = answer.body_start
    attempt.save(update_fields=["status", "error", "duration_ms", "answer_start"])
    delivery = Delivery.objects.select_for_update().get(pk=attempt.delivery_id)
    if delivery.state != Delivery.State.OWED:
        return
    if answer.error is None:
        delivery.state, delivery.settled_at = Delivery.State.DONE, at
    elif answer.gone or delivery.tries > len(SCHEDULE):
        delivery.state, delivery.settled_at = Delivery.State.PARKED, at
        _put_on_record(delivery, events.DELIVERY_PARKED, actor="worker", at=at)
    else:
        wait = SCHEDULE[delivery.tries - 1]
        delivery.due_at = at + max(wait, answer.retry_after or wait)
    delivery.save(update_fields=["state", "settled_at", "due_at"])
    if answer.code == "timeout":
        _move_others(delivery, Q(due_at__lt=at + REST), to=at + REST)
    if delivery.state == Delivery.State.DONE:
        _move_others(delivery, Q(due_at__gt=at, tries=0), to=at)
    if delivery.state != Delivery.State.OWED and (next_one := _next_after(delivery, at)):
        outbox.wake_a_worker_for(next_one)


def _move_others(delivery: Delivery, which: Q, *, to: datetime) -> None:
    """Have what else this recipient is owed tried at another instant."""
    skip = connection.features.has_select_for_update_skip_locked
    others = (
        Delivery.objects.select_for_update(skip_locked=skip)
        .filter(which, recipient=delivery.recipient, state=Delivery.State.OWED)
        .exclude(pk=delivery.pk)
    )
    Delivery.objects.filter(pk__in=list(others.values_list("pk", flat=True))).update(due_at=to)


def _next_after(delivery: Delivery, at: datetime) -> Delivery | None:
    """What waited behind this one, or what its agent had no free line for."""
    owed = Delivery.objects.filter(state=Delivery.State.OWED)
    behind = owed.filter(approval=delivery.approval_id, recipient=delivery.recipient)
    of_its_agent = owed.filter(approval__agent=delivery.approval.agent_id, due_at__lte=at)
    return (
        behind.order_by("message__approval_seq").first() or of_its_agent.order_by("due_at").first()
    )


def _put_on_record(delivery: Delivery, event: str, *, actor: str, at: datetime) -> None:
    approval = ApprovalRequest.objects.locked(delivery.approval_id)
    trail.record(
        approval,
        event,
        actor=actor,
        at=at,
        data={"delivery": str(delivery.pk), "tries": delivery.tries},
    )
    approval.save(update_fields=["trail_seq", "trail_hash"])
