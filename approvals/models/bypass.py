"""Letting what is low pass for a while, on record."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from approvals.models.agent import Agent
from approvals.models.checkpoint import Checkpoint


class Bypass(models.Model):
    """
    For a limited time, low-risk requests at one checkpoint pass without a person.

    For storms. What passes says so (`via: bypass`), and nothing else than low does.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="bypasses")
    # Only for this agent; none means all who come to the checkpoint.
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="bypasses"
    )
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Ended by hand before its time.
    ended_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "bypasses"
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="bypass_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"bypass of {self.checkpoint_id} until {self.ends_at:%Y-%m-%d %H:%M}"

    @property
    def ref(self) -> str:
        return f"bypass:{self.pk}"

    def is_on(self, at: datetime) -> bool:
        return self.ended_at is None and self.starts_at <= at < self.ends_at
