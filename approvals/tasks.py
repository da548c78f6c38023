"""Background work as Celery sees it: fetch an id, call one operation."""

import time
import uuid
from typing import Any

from celery import shared_task
from django.utils import timezone

from approvals import outbox
from approvals.operations import backtests, deliveries, escalation, notices


@shared_task(name=outbox.DELIVER)
def deliver(*, delivery_id: str, **_: Any) -> None:
    deliveries.deliver(uuid.UUID(delivery_id), at=timezone.now())


@shared_task(name="approvals.deliver_due")
def deliver_due(**_: Any) -> None:
    deliveries.deliver_due(at=timezone.now())


@shared_task(name="approvals.escalate_due")
def escalate_due(**_: Any) -> None:
    escalation.escalate_due(at=timezone.now(), monotonic=time.monotonic())


@shared_task(name="approvals.tell_everybody")
def tell_everybody(**_: Any) -> None:
    notices.tell_everybody(at=timezone.now())


@shared_task(name=outbox.BACKTEST)
def backtest(*, backtest_id: str, **_: Any) -> None:
    backtests.work_on(uuid.UUID(backtest_id))


@shared_task(name="approvals.backtest_due")
def backtest_due(**_: Any) -> None:
    backtests.work_due()
