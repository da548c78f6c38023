"""Review points, and what each version of them says."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from approvals.rules.policy import (
    SHIPPED_NEVER_AUTO,
    SHIPPED_RISK_RULES,
    OnTimeout,
    Policy,
    ResponseType,
    RiskRule,
    Rung,
    Stage,
)
from approvals.rules.tiers import SHIPPED_BOUNDS


def shipped_risk_rules() -> list[dict]:
    return [
        {
            "name": rule.name,
            "condition": rule.condition,
            "weight": rule.weight,
            "explanation": rule.explanation,
        }
        for rule in SHIPPED_RISK_RULES
    ]


def shipped_tiers() -> dict[str, float]:
    return dict(SHIPPED_BOUNDS)


def shipped_reminders() -> list[float]:
    return [0.5, 0.9]


class Checkpoint(models.Model):
    """A named review point. What it asks for stands in its versions."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.SlugField(max_length=80, unique=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        return f"checkpoint:{self.pk}"


class CheckpointVersion(models.Model):
    """
    One immutable edition of a checkpoint's policy.

    Drafts may be edited; once live, a version is only ever retired. Approvals point at
    the version they were submitted under, so a later edit never bends a running one.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        SHADOW = "shadow", "shadow"
        LIVE = "live", "live"
        RETIRED = "retired", "retired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)

    title = models.CharField(max_length=200, blank=True)
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.PRE_EXECUTION)
    guidelines = models.TextField(blank=True)
    effect = models.CharField(max_length=500, blank=True)
    trigger = models.TextField(blank=True)
    required_context = models.JSONField(default=list, blank=True)
    response_type = models.CharField(
        max_length=12, choices=ResponseType, default=ResponseType.BINARY
    )
    response = models.JSONField(default=dict, blank=True)
    timeout_seconds = models.PositiveIntegerField(default=86_400)
    on_timeout = models.CharField(max_length=10, choices=OnTimeout, default=OnTimeout.REJECT)
    risk_rules = models.JSONField(default=shipped_risk_rules, blank=True)
    auto_approve_below = models.FloatField(default=0.0)
    never_auto = models.TextField(default=SHIPPED_NEVER_AUTO, blank=True)
    tiers = models.JSONField(default=shipped_tiers)
    quorum = models.JSONField(default=dict, blank=True)
    deny_threshold = models.PositiveSmallIntegerField(default=1)
    team = models.ForeignKey(
        "approvals.Team", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ladder = models.JSONField(default=list, blank=True)
    reminders = models.JSONField(default=shipped_reminders, blank=True)
    urgent_below_seconds = models.PositiveIntegerField(default=900)
    # Who is called when it is urgent and nobody looks at it.
    on_call = models.ForeignKey(
        "approvals.Schedule", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_review_rate = models.JSONField(default=dict, blank=True)
    auto_audit_rate = models.FloatField(default=0.0)
    batch_max = models.PositiveSmallIntegerField(default=25)
    undo_seconds = models.JSONField(default=dict, blank=True)
    min_open_seconds = models.JSONField(default=dict, blank=True)
    redacted_fields = models.JSONField(default=list, blank=True)
    grant_seconds = models.PositiveIntegerField(default=86_400)
    excludes_publisher = models.BooleanField(default=False)
    # Whether the tier follows an edit down, too; otherwise an edit only ever raises it.
    edits_may_lower = models.BooleanField(default=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["checkpoint", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "number"], name="version_number_once"),
            models.UniqueConstraint(
                fields=["checkpoint"], condition=Q(state="live"), name="version_one_live"
            ),
            models.CheckConstraint(
                condition=Q(timeout_seconds__gte=1), name="version_timeout_positive"
            ),
            models.CheckConstraint(
                condition=Q(deny_threshold__gte=1), name="version_deny_threshold_positive"
            ),
            models.CheckConstraint(
                condition=Q(auto_approve_below__gte=0.0, auto_approve_below__lte=1.0),
                name="version_threshold_0_to_1",
            ),
        ]
        permissions = [("publish_checkpointversion", "Can publish what somebody else wrote")]

    def __str__(self) -> str:
        return f"{self.checkpoint} version {self.number} ({self.state})"

    def policy(self) -> Policy:
        """The version in the plain values that rules read; wants its three references loaded."""
        return Policy(
            checkpoint=self.checkpoint.name,
            version=self.number,
            title=self.title,
            stage=self.stage,
            guidelines=self.guidelines,
            effect=self.effect,
            trigger=self.trigger,
            required_context=self.required_context
            if isinstance(self.required_context, dict)
            else tuple(self.required_context),
            response={"type": self.response_type, **self.response},
            timeout_seconds=self.timeout_seconds,
            on_timeout=self.on_timeout,
            risk_rules=tuple(RiskRule(**rule) for rule in self.risk_rules),
            auto_approve_below=self.auto_approve_below,
            never_auto=self.never_auto,
            tiers=self.tiers,
            quorum=self.quorum,
            deny_threshold=self.deny_threshold,
            team=str(self.team_id) if self.team_id else None,
            team_name=self.team.name if self.team else "",
            ladder=tuple(Rung(**rung) for rung in self.ladder),
            reminders=tuple(self.reminders),
            urgent_below_seconds=self.urgent_below_seconds,
            on_call=self.on_call.name if self.on_call else "",
            batch_max=self.batch_max,
            min_open_seconds=self.min_open_seconds,
            undo_seconds=self.undo_seconds,
            redacted_fields=tuple(self.redacted_fields),
            grant_seconds=self.grant_seconds,
            excludes_publisher=self.excludes_publisher,
            edits_may_lower=self.edits_may_lower,
            publisher=str(self.published_by_id) if self.published_by_id else None,
        )
