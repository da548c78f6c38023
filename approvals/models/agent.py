"""Those who ask, and the keys by which callers are known."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Agent(models.Model):
    """A program that asks. It can submit and read its own; it can never decide."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    # The person answerable for it; they may not decide what it asks.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_active = models.BooleanField(default=True)
    # 0.0–1.0, for policies that ask for agent.trust.
    trust = models.FloatField(default=0.5)
    # URLs below which it may name a callback; none by default.
    callback_prefixes = models.JSONField(default=list, blank=True)
    rate_per_minute = models.PositiveIntegerField(null=True, blank=True, default=6000)
    max_waits = models.PositiveIntegerField(default=2000)
    # How many of its requests may wait for a person at once; empty means any number.
    max_pending = models.PositiveIntegerField(null=True, blank=True, default=1000)
    paused_at = models.DateTimeField(null=True, blank=True)
    # The place of the newest message in this agent's feed.
    feed_seq = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(trust__gte=0.0, trust__lte=1.0), name="agent_trust_0_to_1"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        return f"agent:{self.pk}"


class WebhookSecret(models.Model):
    """What an agent's webhooks are signed with. Two are valid while one replaces the other."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="webhook_secrets")
    # Encrypted with a key derived from SECRET_KEY: a copy of the database signs nothing.
    sealed = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"webhook secret of {self.agent_id}"


class ApiKey(models.Model):
    """
    A bearer key, stored as the SHA-256 of its 256 random bits and shown once.

    It belongs to an agent or to a person, never to both: an agent's key cannot decide,
    a person's token has that person's authority and no more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, null=True, blank=True, related_name="keys"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_tokens",
    )
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(agent__isnull=False, user__isnull=True)
                | models.Q(agent__isnull=True, user__isnull=False),
                name="api_key_one_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def ref(self) -> str:
        return f"key:{self.pk}"


class Installation(models.Model):
    """The one row that speaks for the whole server: what is paused, what is held back."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    paused_at = models.DateTimeField(null=True, blank=True)
    # While the sweep of deadlines holds back: so many at once look like a fault of ours.
    sweep_held_at = models.DateTimeField(null=True, blank=True)
    sweep_held_because = models.CharField(max_length=300, blank=True)
    sweep_released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="installation_single"),
        ]
        permissions = [("pause_everything", "Can pause and resume everything")]

    def __str__(self) -> str:
        if self.paused_at:
            return "paused"
        return "deadlines held back" if self.sweep_held_at else "running"
