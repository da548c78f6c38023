"""What reviewers said."""

import uuid

from django.db import models
from django.db.models import Q

from approvals.models.approval_request import ApprovalRequest
from approvals.rules.tiers import Tier
from approvals.rules.verdicts import VOTES, Verdict


class Decision(models.Model):
    """What one reviewer said, when, of which revision, and through which door."""

    class Door(models.TextChoices):
        BROWSER = "browser", "browser"
        API = "api", "API"
        TERMINAL = "terminal", "terminal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="decisions"
    )
    reviewer = models.ForeignKey(
        "approvals.Reviewer", on_delete=models.PROTECT, related_name="decisions"
    )
    # For whom they stood in, if they did.
    acting_for = models.ForeignKey(
        "approvals.Reviewer", on_delete=models.PROTECT, null=True, related_name="+"
    )
    verdict = models.CharField(max_length=20, choices=Verdict)
    # The revision the verdict is about. An edit is about the revision it made.
    revision = models.PositiveIntegerField()
    digest = models.CharField(max_length=80)
    tier = models.CharField(max_length=20, choices=Tier)
    feedback = models.TextField(blank=True)
    reason_code = models.CharField(max_length=20, blank=True)
    until = models.DateTimeField(null=True)
    selected = models.JSONField(null=True)
    answer = models.JSONField(null=True)
    door = models.CharField(max_length=10, choices=Door, default=Door.BROWSER)
    batch = models.UUIDField(null=True)
    inspected = models.BooleanField(null=True)
    seen_seconds = models.FloatField(null=True)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["decided_at", "id"]
        constraints = [
            # One vote per person and revision, whatever races.
            models.UniqueConstraint(
                fields=["approval", "reviewer", "revision"],
                condition=Q(verdict__in=sorted(VOTES)),
                name="decision_one_vote",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="decision_verdict_known"
            ),
        ]
        indexes = [
            models.Index(fields=["reviewer", "-decided_at"], name="decision_by_reviewer"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer_id} on {self.approval_id}"
