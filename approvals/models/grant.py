"""What an approval yields, and what became of it afterwards."""

import uuid

from django.db import models
from django.db.models import Q

from approvals.models.approval_request import ApprovalRequest


class Grant(models.Model):
    """The signed, single-use permission. `token` is public to its agent; use is counted here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.OneToOneField(ApprovalRequest, on_delete=models.PROTECT, related_name="grant")
    jti = models.CharField(max_length=64, unique=True)
    kid = models.CharField(max_length=80)
    # Of {"action", "arguments", "steps"?} as finally approved.
    digest = models.CharField(max_length=80)
    token = models.TextField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"grant of {self.approval_id}"


class OutcomeReport(models.Model):
    """What happened after the approval, as somebody reports it. Several are allowed."""

    class Status(models.TextChoices):
        SUCCEEDED = "succeeded", "succeeded"
        FAILED = "failed", "failed"
        HARMFUL = "harmful", "harmful"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="outcome_reports"
    )
    status = models.CharField(max_length=10, choices=Status)
    # 1 (slight) to 3 (grave).
    severity = models.PositiveSmallIntegerField(null=True)
    loss = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    detail = models.TextField(blank=True)
    occurred_at = models.DateTimeField()
    reported_at = models.DateTimeField()
    reporter = models.CharField(max_length=200)

    class Meta:
        ordering = ["reported_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(severity__isnull=True) | Q(severity__gte=1, severity__lte=3),
                name="outcome_severity_1_to_3",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approval_id} {self.status}"


class SecondReview(models.Model):
    """A blind second look at a decided approval, to measure agreement; it changes no outcome."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.OneToOneField(
        ApprovalRequest, on_delete=models.PROTECT, related_name="second_review"
    )
    # Why it was drawn: a tier's sampling rate, or an audit of what passed by itself.
    stratum = models.CharField(max_length=40)
    reviewer = models.ForeignKey(
        "approvals.Reviewer", on_delete=models.PROTECT, null=True, related_name="second_reviews"
    )
    verdict = models.CharField(max_length=20, blank=True)
    feedback = models.TextField(blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"second review of {self.approval_id}"
