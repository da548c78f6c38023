"""
What is owed to agents, written in the transaction that owes it.

The rows are the promise; the broker is only an alarm clock. If it is down, the request
still succeeds and the sweep finds the row.
"""

import json
import time
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.db.models import F

from approvals.models import Agent, ApprovalRequest, Delivery, Message
from audit.trail import stamp

DELIVER = "approvals.deliver"
BACKTEST = "approvals.backtest"
# After a failure the alarm clock is left alone for so long: a broker that is away or hangs
# must not hold up one decision after the other, and the sweep comes round as soon.
REST_SECONDS = 5.0


def post(approval: ApprovalRequest, type: str, *, data: dict[str, Any], at: datetime) -> Message:
    """
    Tell the approval's agent: a line in its feed, and a webhook if it asked for one.

    Call it last in the transaction: it holds the agent's row, which gives the feed its
    order, until the commit. Moves `approval.message_seq` on; the caller has it saved.

    :param data: the approval as the agent reads it at this moment
    """
    Agent.objects.filter(pk=approval.agent_id).update(feed_seq=F("feed_seq") + 1)
    seq = Agent.objects.values_list("feed_seq", flat=True).get(pk=approval.agent_id)
    approval.message_seq += 1
    ApprovalRequest.objects.filter(pk=approval.pk).update(message_seq=approval.message_seq)
    body = {"type": type, "seq": approval.message_seq, "timestamp": stamp(at), "data": data}
    message = Message.objects.create(
        agent_id=approval.agent_id,
        seq=seq,
        approval=approval,
        approval_seq=approval.message_seq,
        type=type,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=at,
    )
    if approval.callback_url:
        _owe(message, approval, at=at)
    return message


def _owe(message: Message, approval: ApprovalRequest, *, at: datetime) -> None:
    delivery = Delivery.objects.create(
        kind=Delivery.Kind.CALLBACK,
        approval=approval,
        message=message,
        recipient=approval.callback_url,
        due_at=at,
        created_at=at,
    )
    wake_a_worker_for(delivery)


def wake_a_worker_for(delivery: Delivery) -> None:
    """Ask for this delivery to be tried soon after the transaction commits."""
    wake_a_worker_to(DELIVER, delivery_id=str(delivery.pk))


def wake_a_worker_to(task: str, **about: str) -> None:
    """Ask for a task soon after the transaction commits; its sweep is the one to rely on."""

    # A named function: Django logs the __qualname__ of a robust callback that fails.
    def wake() -> None:
        _alarm.ring(task, about)

    transaction.on_commit(wake, robust=True)


class _AlarmClock:
    """Of one process: it is the broker that is away, not this or that task."""

    def __init__(self) -> None:
        self._rests_until = float("-inf")

    def ring(self, task: str, about: dict[str, str]) -> None:
        if time.monotonic() < self._rests_until:
            return
        try:
            current_app.send_task(task, kwargs=about)
        except Exception:
            self._rests_until = time.monotonic() + REST_SECONDS
            raise


_alarm = _AlarmClock()
