"""Pre-approved patterns."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from approvals.rules.matching import Condition, Pattern


class ApprovalTemplate(models.Model):
    """A pattern that lets a proposal pass without a person; off until an admin turns it on."""

    class State(models.TextChoices):
        OFF = "off", "off"
        ON = "on", "on"
        SUSPENDED = "suspended", "suspended"

    class Origin(models.TextChoices):
        PERSON = "person", "a person"
        SUGGESTION = "suggestion", "a suggestion"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=80, unique=True)
    checkpoint = models.ForeignKey(
        "approvals.Checkpoint", on_delete=models.PROTECT, related_name="templates"
    )
    # Rows of {pointer, operator, value}; all must hold, and a missing field never does.
    conditions = models.JSONField(default=list)
    expression = models.TextField(blank=True)
    max_risk = models.FloatField(default=0.2)
    max_per_hour = models.PositiveIntegerField(null=True, blank=True)
    max_per_day = models.PositiveIntegerField(null=True, blank=True)
    max_amount_per_day = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OFF)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PERSON)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(max_risk__gte=0.0, max_risk__lte=1.0), name="template_risk_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    def pattern(self) -> Pattern:
        return Pattern(
            name=self.name,
            conditions=tuple(Condition(**row) for row in self.conditions),
            max_risk=self.max_risk,
            expression=self.expression,
        )
