"""What is told to agents and owed to the outside."""

import uuid

from django.db import models
from django.db.models import Q

from approvals.models.agent import Agent
from approvals.models.approval_request import ApprovalRequest


class Message(models.Model):
    """
    One thing an agent should hear: a line of its feed, and the body of its webhook.

    `seq` counts per agent, taken under the agent's row lock, so it is the order of the
    commits and a reader that follows it misses nothing. `approval_seq` counts per approval.
    """

    id = models.BigAutoField(primary_key=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="messages")
    seq = models.PositiveBigIntegerField()
    approval = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="messages")
    approval_seq = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    # {"type", "seq", "timestamp", "data"} as it is sent, byte for byte.
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["agent", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "seq"], name="message_once_in_feed"),
            models.UniqueConstraint(
                fields=["approval", "approval_seq"], name="message_once_for_approval"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.seq} for {self.agent_id}"


class Delivery(models.Model):
    """A promise to the outside. The row is the promise; a broker is only an alarm clock."""

    class Kind(models.TextChoices):
        CALLBACK = "callback", "webhook"

    class State(models.TextChoices):
        OWED = "owed", "owed"
        DONE = "done", "done"
        # Gave up: shown, and sent again when a person asks for it.
        PARKED = "parked", "parked"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, related_name="deliveries"
    )
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="deliveries")
    recipient = models.CharField(max_length=2000)
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["created_at", "id"]
        indexes = [
            # The sweep: what is owed by now.
            models.Index(fields=["due_at"], condition=Q(state="owed"), name="delivery_owed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient} ({self.state})"


class Attempt(models.Model):
    """One try at a delivery, written before the call: a crash in the middle counts as one."""

    id = models.BigAutoField(primary_key=True)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    answer_start = models.TextField(blank=True)

    class Meta:
        ordering = ["delivery", "number"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_number_once"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"
