"""Policies tried out before they hold: beside the live one, and against what was decided."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from approvals.models.approval_request import ApprovalRequest
from approvals.models.checkpoint import CheckpointVersion


class ShadowVerdict(models.Model):
    """What a version in shadow would have done with one request; shown once a person decided."""

    id = models.BigAutoField(primary_key=True)
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="shadow_verdicts"
    )
    version = models.ForeignKey(
        CheckpointVersion, on_delete=models.PROTECT, related_name="shadow_verdicts"
    )
    # A `Via` that would have let it pass, or empty where it would not have passed by itself.
    would_have = models.CharField(max_length=20, blank=True)
    risk_score = models.FloatField()
    required_tier = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["approval", "version"], name="shadow_verdict_once"),
        ]

    def __str__(self) -> str:
        return f"{self.version_id} on {self.approval_id}: {self.would_have or 'a person'}"


class Backtest(models.Model):
    """One draft held against what was decided in the last days; the work of a worker."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(
        CheckpointVersion, on_delete=models.PROTECT, related_name="backtests"
    )
    # Of the version's text when it was asked for: an edited draft needs another test.
    policy_digest = models.CharField(max_length=80)
    days = models.PositiveSmallIntegerField()
    # Requests settled before this instant are in it.
    until = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # Requests looked at so far, of how many.
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    # Set again and again while a worker is at it: one that fell silent is taken over.
    beat_at = models.DateTimeField(null=True)
    # SHA-256 over what was read, in order: the same data and policy give the same result.
    data_hash = models.CharField(max_length=80, blank=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            # What a worker looks for.
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="backtest_to_do",
            ),
        ]

    def __str__(self) -> str:
        return f"backtest of {self.version_id} over {self.days} days ({self.state})"

    @property
    def ref(self) -> str:
        return f"backtest:{self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)


class OverruledCase(models.Model):
    """A human "no", or a change, that the draft would have let through. Somebody must look."""

    id = models.BigAutoField(primary_key=True)
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="overruled")
    approval = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="+")
    would_have = models.CharField(max_length=20)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["backtest", "approval"], name="overruled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} in {self.backtest_id}"
