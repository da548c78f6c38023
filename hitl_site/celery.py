"""The Celery app and its short schedule."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")

from django.conf import settings

app = Celery("placet")
# Current in every thread; creating it makes it current in this one alone.
app.set_default()
app.config_from_object(settings.CELERY)
app.autodiscover_tasks()
app.conf.beat_scheduler = "hitl_site.beat:LeasedScheduler"
app.conf.beat_schedule = {
    name: {
        "task": f"approvals.{name}",
        "schedule": settings.SWEEP_SECONDS,
        # A sweep nobody fetched before the next one is due is not worth keeping.
        "options": {"expires": max(settings.SWEEP_SECONDS * 2, 30)},
    }
    for name in ("escalate_due", "deliver_due", "tell_everybody", "backtest_due")
}
