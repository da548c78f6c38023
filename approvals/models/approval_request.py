"""One request for permission."""

import json
import uuid
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from approvals.models.agent import Agent
from approvals.rules.authority import Case
from approvals.rules.ladder import Window
from approvals.rules.lifecycle import OPEN, TERMINAL, Status, Via
from approvals.rules.terms import Terms
from approvals.rules.tiers import Level, Tier, level_of

# In order of definition: a set of texts comes in another order in every process, and the
# constraint would look changed.
_OPEN = [status for status in Status if status in OPEN]
_TERMINAL = [status for status in Status if status in TERMINAL]


class ApprovalGroup(models.Model):
    """The calls of one agent turn, answered as one. `name` is the agent's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    idempotency_key = models.CharField(max_length=255, null=True, editable=False)
    fingerprint = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "name"], name="group_name_once"),
            models.UniqueConstraint(
                fields=["agent", "idempotency_key"], name="group_idempotency_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.agent_id}"

    @property
    def ref(self) -> str:
        return f"group:{self.pk}"


class ApprovalRequestQuerySet(models.QuerySet["ApprovalRequest"]):
    def open(self) -> "ApprovalRequestQuerySet":
        return self.filter(status__in=_OPEN)

    def pending(self) -> "ApprovalRequestQuerySet":
        return self.filter(status=Status.PENDING)

    def settled(self) -> "ApprovalRequestQuerySet":
        return self.filter(status__in=_TERMINAL)

    def due(self, at: datetime) -> "ApprovalRequestQuerySet":
        return self.filter(next_due_at__lte=at).order_by("next_due_at")

    def locked(self, approval_id: uuid.UUID) -> "ApprovalRequest":
        """
        The approval, held until the transaction ends.

        On SQLite the transaction itself holds the one write lock, and the row lock is a
        no-op; on PostgreSQL it is the row lock that counts. `of` keeps the joined rows free.
        """
        return (
            self.select_for_update(of=("self",))
            .select_related(
                "agent",
                "version",
                "version__checkpoint",
                "version__team",
                "version__on_call",
                "group",
            )
            .get(pk=approval_id)
        )


class ApprovalRequest(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="approvals")
    version = models.ForeignKey(
        "approvals.CheckpointVersion", on_delete=models.PROTECT, related_name="approvals"
    )
    template = models.ForeignKey(
        "approvals.ApprovalTemplate", on_delete=models.PROTECT, null=True, related_name="approvals"
    )
    follows = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="follow_ups"
    )
    group = models.ForeignKey(
        ApprovalGroup, on_delete=models.PROTECT, null=True, related_name="approvals"
    )
    group_index = models.PositiveIntegerField(null=True)
    run = models.CharField(max_length=200, blank=True)
    checkpoint = models.CharField(max_length=80)
    action = models.CharField(max_length=200)
    on_behalf_of = models.CharField(max_length=254, blank=True)
    callback_url = models.CharField(max_length=2000, blank=True)
    # What else the agent submitted, as canonical JSON: everything but action, arguments,
    # steps and context, which belong to a revision.
    envelope = models.TextField(default="{}")

    status = models.CharField(max_length=20, choices=Status, default=Status.PENDING)
    via = models.CharField(max_length=20, choices=Via, blank=True)
    # The decision as the agent reads it, as JSON text; written once, by settling.
    decision = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True)

    # The current revision, repeated here so that lists and votes need no join.
    revision = models.PositiveIntegerField(default=1)
    digest = models.CharField(max_length=80)
    effect = models.TextField()

    risk_score = models.FloatField()
    risk = models.JSONField()
    flags = models.JSONField(default=list)
    # The same for requests that differ in figures and names only (rules/likeness.py).
    likeness = models.CharField(max_length=64, blank=True)
    amount = models.FloatField(null=True)
    terms_json = models.JSONField(db_column="terms")
    required_tier = models.CharField(max_length=20, choices=Tier)
    quorum_needed = models.PositiveSmallIntegerField(default=1)

    submitted_at = models.DateTimeField()
    # From when the present deadline counts: submission, or the last escalation by time.
    window_starts_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # The one instant at which this wants attention by itself; null once settled.
    next_due_at = models.DateTimeField(null=True)
    # How many of the reminders of this window have been sent.
    reminders_sent = models.PositiveSmallIntegerField(default=0)
    # When whoever is on call was told that it is urgent, in this window.
    urgent_at = models.DateTimeField(null=True)
    claimed_by = models.ForeignKey(
        "approvals.Reviewer", on_delete=models.SET_NULL, null=True, related_name="claims"
    )
    claimed_until = models.DateTimeField(null=True)

    idempotency_key = models.CharField(max_length=255, null=True, editable=False)
    fingerprint = models.CharField(max_length=80, blank=True, editable=False)
    message_seq = models.PositiveIntegerField(default=0, editable=False)
    trail_seq = models.PositiveIntegerField(default=0, editable=False)
    trail_hash = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects = ApprovalRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "idempotency_key"], name="approval_idempotency_key_once"
            ),
            models.UniqueConstraint(fields=["group", "group_index"], name="approval_once_in_group"),
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="approval_status_known"
            ),
            models.CheckConstraint(
                condition=Q(risk_score__gte=0.0, risk_score__lte=1.0), name="approval_risk_0_to_1"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=_OPEN,
                    settled_at__isnull=True,
                    via="",
                    decision="",
                    next_due_at__isnull=False,
                )
                | (
                    Q(status__in=_TERMINAL, settled_at__isnull=False, next_due_at__isnull=True)
                    & ~Q(via="")
                    & ~Q(decision="")
                ),
                name="approval_settled_as_a_whole",
            ),
        ]
        indexes = [
            # An agent's own list, newest first.
            models.Index(fields=["agent", "-submitted_at", "-id"], name="approval_of_agent"),
            # The queue, by deadline; only what is open is in it.
            models.Index(
                fields=["expires_at", "id"],
                condition=Q(status="pending"),
                name="approval_queue",
            ),
            # Near-identical requests in the queue.
            models.Index(
                fields=["likeness"], condition=Q(status="pending"), name="approval_likeness"
            ),
            # An agent's quota: how many of its requests wait.
            models.Index(fields=["agent"], condition=Q(status="pending"), name="approval_waiting"),
            # The sweep: what wants attention by now.
            models.Index(
                fields=["next_due_at"],
                condition=Q(next_due_at__isnull=False),
                name="approval_due",
            ),
            # The history page, newest decision first.
            models.Index(
                fields=["-settled_at", "-id"],
                condition=Q(settled_at__isnull=False),
                name="approval_history",
            ),
            # The timeline of a run, and similar past decisions.
            models.Index(fields=["agent", "run", "submitted_at"], name="approval_run"),
            models.Index(fields=["action", "-settled_at"], name="approval_similar"),
            # A template's limits per hour and day.
            models.Index(
                fields=["template", "-submitted_at"],
                condition=Q(template__isnull=False),
                name="approval_template_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {str(self.pk)[:8]} ({self.status})"

    def get_absolute_url(self) -> str:
        return reverse("approval", args=[self.pk])

    @property
    def ref(self) -> str:
        return f"approval:{self.pk}"

    @property
    def short_id(self) -> str:
        return str(self.pk)[:8]

    @property
    def is_pending(self) -> bool:
        return self.status == Status.PENDING

    @property
    def is_open(self) -> bool:
        return Status(self.status).is_open

    @property
    def may_proceed(self) -> bool:
        return Status(self.status).may_proceed

    @property
    def tier(self) -> Tier:
        return Tier(self.required_tier)

    @cached_property
    def terms(self) -> Terms:
        return Terms.from_json(self.terms_json)

    @property
    def level(self) -> Level:
        return level_of(self.risk_score, self.terms.bounds)

    @cached_property
    def submitted(self) -> dict[str, Any]:
        """The envelope, parsed."""
        return json.loads(self.envelope)

    @property
    def decided(self) -> dict[str, Any] | None:
        """The decision as the agent reads it, or None while open."""
        return json.loads(self.decision) if self.decision else None

    def window(self) -> Window:
        """Where the clock stands, for the rules."""
        return Window(
            submitted_at=self.submitted_at,
            starts_at=self.window_starts_at,
            expires_at=self.expires_at,
            is_told=self.urgent_at is not None,
        )

    def topics(self) -> list[str]:
        """Who else hears of what happens here: its agent, and its group."""
        return [f"agent:{self.agent_id}", *([f"group:{self.group_id}"] if self.group_id else [])]

    def case(
        self, *, at: datetime, voted: frozenset[str] = frozenset(), by_token: bool = False
    ) -> Case:
        """What this asks of whoever decides it. Wants the agent loaded."""
        return Case(
            checkpoint=self.checkpoint,
            needed=self.tier,
            at=at,
            team=self.terms.team,
            team_name=self.terms.team_name,
            amount=self.amount,
            on_behalf_of=self.on_behalf_of,
            agent_owner=str(self.agent.owner_id) if self.agent.owner_id else None,
            publisher=self.terms.publisher,
            by_token=by_token,
            voted=voted,
        )
