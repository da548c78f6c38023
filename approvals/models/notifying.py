"""Telling people: how they want to hear it, and what they are owed."""

import datetime
import uuid

from django.db import models
from django.db.models import Q

from approvals.models.approval_request import ApprovalRequest
from approvals.models.reviewer import Reviewer


class NotificationPreference(models.Model):
    """One reviewer's channels and quiet hours; without a row the defaults hold."""

    reviewer = models.OneToOneField(
        Reviewer, on_delete=models.CASCADE, primary_key=True, related_name="notifying"
    )
    by_email = models.BooleanField(default=True)
    # An incoming webhook that takes Slack's `{"text": …}`; empty means none.
    chat_url = models.CharField(max_length=2000, blank=True)
    # Wall-clock, in the reviewer's time zone; both empty means no quiet hours.
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    # What is low comes once a day instead of one by one.
    digest_low = models.BooleanField(default=True)
    digest_at = models.TimeField(default=datetime.time(9, 0))
    digest_sent_on = models.DateField(null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_both_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"how to reach {self.reviewer_id}"


class Announcement(models.Model):
    """
    That there is something to tell, before anybody has looked for whom.

    One row, whatever the crowd it concerns, is all that a submission or a deadline pays;
    a worker turns it into notices and deletes it.
    """

    class Kind(models.TextChoices):
        NEW = "new", "something new"
        REMINDER = "reminder", "a reminder"
        ESCALATED = "escalated", "escalated"
        TIMED_OUT = "timed_out", "timed out"

    kind = models.CharField(max_length=10, choices=Kind)
    approval = models.ForeignKey(ApprovalRequest, on_delete=models.CASCADE, related_name="+")
    # Who had it open at that moment: an escalation frees the claim before anybody is told.
    claimed_by = models.ForeignKey(Reviewer, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.approval_id}"


class Notice(models.Model):
    """
    One message owed to a person or a channel. It carries a link and never any authority.

    Unlike a webhook to an agent it may go stale: after `not_after`, or once its matter is
    over, it is dropped.
    """

    class Kind(models.TextChoices):
        NEW = "new", "something new"
        REMINDER = "reminder", "a reminder"
        URGENT = "urgent", "urgent"
        ESCALATED = "escalated", "escalated"
        TIMED_OUT = "timed_out", "timed out"
        DIGEST = "digest", "the day's digest"
        TROUBLE = "trouble", "trouble with the server"
        TEST = "test", "a test"

    class Channel(models.TextChoices):
        EMAIL = "email", "e-mail"
        CHAT = "chat", "chat webhook"
        APPRISE = "apprise", "notification service"

    class State(models.TextChoices):
        OWED = "owed", "owed"
        SENT = "sent", "sent"
        DROPPED = "dropped", "dropped"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    channel = models.CharField(max_length=10, choices=Channel)
    # None for a channel of a team or of the installation.
    reviewer = models.ForeignKey(
        Reviewer, on_delete=models.CASCADE, null=True, related_name="notices"
    )
    # None for a digest, and for trouble that belongs to no request.
    approval = models.ForeignKey(
        ApprovalRequest, on_delete=models.PROTECT, null=True, related_name="notices"
    )
    recipient = models.CharField(max_length=2000)
    # Others that joined this one before it was sent, instead of becoming one more message.
    more = models.PositiveIntegerField(default=0)
    # Of what waits, the words are found when it is sent: by then there is less time left.
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    link = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OWED)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    due_at = models.DateTimeField()
    not_after = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            # The sweep: what is owed by now.
            models.Index(fields=["due_at"], condition=Q(state="owed"), name="notice_owed"),
            # What a recipient is owed or was told of late: the next one joins it, or waits.
            models.Index(fields=["recipient", "-created_at"], name="notice_to"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.channel} ({self.state})"
