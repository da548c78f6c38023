"""The wiring as a Django app: its commands, and one Celery app for every process."""

from django.apps import AppConfig

# Loaded wherever Django is set up: whoever owes something must be able to wake a worker.
from hitl_site.celery import app as celery_app

__all__ = ["HitlSiteConfig", "celery_app"]


class HitlSiteConfig(AppConfig):
    name = "hitl_site"
