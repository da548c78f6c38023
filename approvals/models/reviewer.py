"""Those who decide."""

import uuid
import zoneinfo
from datetime import datetime, tzinfo

from django.conf import settings
from django.db import models
from django.utils import timezone

from approvals.rules.authority import Standing
from approvals.rules.tiers import Tier


class Team(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    # An incoming webhook of the team's channel that takes Slack's `{"text": …}`.
    chat_url = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ReviewerQuerySet(models.QuerySet["Reviewer"]):
    def with_standing(self) -> "ReviewerQuerySet":
        """Load what `standing()` reads, so that it never queries."""
        return self.select_related("user").prefetch_related(
            "teams",
            "checkpoints",
            "covers__reviewer__user",
            "covers__reviewer__teams",
            "covers__reviewer__checkpoints",
        )


class Reviewer(models.Model):
    """A person who may decide. Being a superuser gives no authority; this row does."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviewer"
    )
    tier = models.CharField(max_length=20, choices=Tier, default=Tier.TEAM_MEMBER)
    teams = models.ManyToManyField(Team, blank=True, related_name="reviewers")
    # Checkpoints they are limited to; none chosen means no limit.
    checkpoints = models.ManyToManyField("approvals.Checkpoint", blank=True, related_name="+")
    is_active = models.BooleanField(default=True)
    amount_ceiling = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    # Wall-clock hours by weekday: {"mon": ["09:00", "17:00"], …}; empty means always.
    working_hours = models.JSONField(default=dict, blank=True)
    cost_per_hour = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    competent_until = models.DateTimeField(null=True, blank=True)
    theme = models.CharField(max_length=12, default="system")
    density = models.CharField(max_length=12, default="comfortable")

    objects = ReviewerQuerySet.as_manager()

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tier__in=Tier.values), name="reviewer_tier_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_tier_display()})"

    @property
    def name(self) -> str:
        return self.user.get_full_name() or self.user.get_username()

    @property
    def ref(self) -> str:
        return f"reviewer:{self.pk}"

    @property
    def zone(self) -> tzinfo:
        """Theirs; the server's, where nobody has set one that exists."""
        try:
            return zoneinfo.ZoneInfo(self.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return timezone.get_default_timezone()

    def standing(self, *, at: datetime) -> Standing:
        """What the rules need to know of this person at one instant (see `with_standing`)."""
        covered = [absence.reviewer for absence in self.covers.all() if absence.is_on(at)]
        return self._standing(tuple(absent._standing(()) for absent in covered))

    def _standing(self, stands_in_for: tuple[Standing, ...]) -> Standing:
        return Standing(
            reviewer=str(self.pk),
            user=str(self.user_id),
            name=self.name,
            tier=Tier(self.tier),
            is_active=self.is_active and self.user.is_active,
            teams=frozenset(str(team.pk) for team in self.teams.all()),
            checkpoints=frozenset(checkpoint.name for checkpoint in self.checkpoints.all()),
            amount_ceiling=None if self.amount_ceiling is None else float(self.amount_ceiling),
            competent_until=self.competent_until,
            known_as=frozenset(
                known.lower() for known in (self.user.get_username(), self.user.email) if known
            ),
            stands_in_for=stands_in_for,
        )


class Absence(models.Model):
    """Away from, until; and who may stand in meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="absences")
    delegate = models.ForeignKey(
        Reviewer, on_delete=models.CASCADE, null=True, blank=True, related_name="covers"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="absence_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~models.Q(delegate=models.F("reviewer")),
                name="absence_not_self_delegated",
            ),
        ]

    def __str__(self) -> str:
        return f"away {self.starts_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}"

    def is_on(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at
