"""What an approval asks, as it stood at a moment; and the steps of a plan as they stand."""

import json
import uuid
from functools import cached_property
from typing import Any

from django.db import models

from approvals.models.approval_request import ApprovalRequest
from approvals.rules.verdicts import StepStatus


class Revision(models.Model):
    """The action as it stood at a moment: exact bytes, and their digest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="revisions"
    )
    number = models.PositiveIntegerField()
    # RFC 8785 text of {"action", "arguments", "steps"?}; its SHA-256 is the digest.
    body = models.TextField()
    digest = models.CharField(max_length=80)
    # RFC 8785 text of the context: shown, not executed, not covered by the digest.
    context = models.TextField(default="{}")
    # Whose words: an agent's, or the reviewer who edited it.
    editor = models.ForeignKey(
        "approvals.Reviewer", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Of a plan: what became of the steps that are no longer in the body, and of those
    # that are, as {"<step id>": {"status", "feedback"}}; empty where nobody chose.
    dispositions = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["approval", "number"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "number"], name="revision_number_once"),
        ]

    def __str__(self) -> str:
        return f"revision {self.number} of {self.approval_id}"

    @cached_property
    def proposed(self) -> dict[str, Any]:
        """`{"action", "arguments", "steps"?}`, parsed from the very bytes the digest binds."""
        return json.loads(self.body)

    @property
    def arguments(self) -> dict[str, Any]:
        return self.proposed["arguments"]

    @property
    def steps(self) -> list[dict[str, Any]]:
        return self.proposed.get("steps", [])

    @cached_property
    def about(self) -> dict[str, Any]:
        """The context, parsed."""
        return json.loads(self.context)


class PlanStep(models.Model):
    """A step of a plan, as it stands."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    approval = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    step_id = models.CharField(max_length=200)
    action = models.CharField(max_length=200)
    depends_on = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=StepStatus, default=StepStatus.PENDING)
    feedback = models.TextField(blank=True)

    class Meta:
        ordering = ["approval", "position"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "step_id"], name="step_id_once"),
            models.UniqueConstraint(fields=["approval", "position"], name="step_position_once"),
        ]

    def __str__(self) -> str:
        return f"step {self.step_id} of {self.approval_id} ({self.status})"
