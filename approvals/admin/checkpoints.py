"""Checkpoints and their versions: drafts are written here, and somebody else publishes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.admin.acting import ActingAdmin, KeptAdmin, NarrowAdmin, act, actor_of
from approvals.admin.version_form import FORM_ONLY, VersionForm
from approvals.models import Checkpoint, CheckpointVersion
from approvals.operations import agents, versions
from approvals.operations.versions import NotADraft

State = CheckpointVersion.State


class VersionsInline(admin.TabularInline):
    model = CheckpointVersion
    fields = readonly_fields = ("edition", "state", "title", "created_by", "published_at")
    ordering = ("-number",)
    verbose_name_plural = "versions"
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="version")
    def edition(self, version: CheckpointVersion) -> SafeString:
        address = reverse("admin:approvals_checkpointversion_change", args=[version.pk])
        return format_html('<a href="{}">Version {}</a>', address, version.number)


@admin.register(Checkpoint)
class CheckpointAdmin(NarrowAdmin, ActingAdmin, KeptAdmin):
    list_display = ("name", "live", "paused_at", "created_at")
    search_fields = ("name",)
    fields = ("name", "paused_at")
    change_form_template = "admin/approvals/checkpoint/change_form.html"
    inlines = (VersionsInline,)
    actions = ("pause_each", "resume_each")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Checkpoint]":
        live = Max("versions__number", filter=models.Q(versions__state=State.LIVE))
        return super().get_queryset(request).annotate(live_number=live)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("paused_at",) if obj is None else ("name", "paused_at")

    def acts_for(self, request: HttpRequest, obj: Checkpoint) -> Iterable[str]:
        if not self.has_change_permission(request, obj):
            return ()
        return ("new_draft", "resume" if obj.paused_at else "pause")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        live = self._live(kwargs.get("obj"))
        return super().render_change_form(request, context | {"live": live}, *args, **kwargs)

    def _live(self, checkpoint: Checkpoint | None) -> CheckpointVersion | None:
        return checkpoint.versions.filter(state=State.LIVE).first() if checkpoint else None

    @admin.display(description="live version")
    def live(self, checkpoint: Checkpoint) -> str:
        number = getattr(checkpoint, "live_number", None)
        return f"version {number}" if number else "none yet"

    @act("Pause: approve nothing here", asks_why=True)
    def pause(
        self, request: HttpRequest, checkpoint: Checkpoint, *, at: datetime, reason: str
    ) -> str:
        agents.pause(
            paused=True, checkpoint=checkpoint.name, actor=actor_of(request), at=at, reason=reason
        )
        return f"{checkpoint} is paused: nothing is approved here."

    @act("Resume", asks_why=True)
    def resume(
        self, request: HttpRequest, checkpoint: Checkpoint, *, at: datetime, reason: str
    ) -> str:
        agents.pause(
            paused=False, checkpoint=checkpoint.name, actor=actor_of(request), at=at, reason=reason
        )
        return f"{checkpoint} goes on."

    @act("New draft")
    def new_draft(
        self, request: HttpRequest, checkpoint: Checkpoint, *, at: datetime
    ) -> HttpResponse:
        source = self._live(checkpoint) or CheckpointVersion(checkpoint=checkpoint)
        return _to_draft(source, request, at=at)

    @admin.action(description="Pause")
    def pause_each(self, request: HttpRequest, chosen: "QuerySet[Checkpoint]") -> None:
        self.act_on_each(request, chosen, "pause")

    @admin.action(description="Resume")
    def resume_each(self, request: HttpRequest, chosen: "QuerySet[Checkpoint]") -> None:
        self.act_on_each(request, chosen, "resume")


@admin.register(CheckpointVersion)
class CheckpointVersionAdmin(ActingAdmin):
    form = VersionForm
    list_display = (
        "checkpoint", "number", "state", "title", "created_by", "published_at", "published_by",
    )  # fmt: skip
    list_display_links = ("checkpoint", "number")
    list_filter = ("state",)
    search_fields = ("checkpoint__name", "title")
    list_select_related = ("checkpoint", "created_by", "published_by")
    readonly_fields = (
        "number", "state", "created_at", "created_by", "published_at", "published_by",
    )  # fmt: skip
    actions = ()
    change_form_template = "admin/approvals/checkpointversion/change_form.html"
    fieldsets = (
        (None, {"fields": ("checkpoint", "title", "stage", "guidelines", "effect")}),
        ("What comes here", {"fields": ("trigger", "required_context")}),
        ("Risk", {"fields": ("risk_rules", "auto_approve_below", "never_auto", "tiers")}),
        (
            "Who decides",
            {
                "fields": (
                    "team",
                    "quorum",
                    "deny_threshold",
                    "excludes_publisher",
                    "edits_may_lower",
                )
            },
        ),
        (
            "The answer",
            {
                "fields": (
                    "response_type",
                    "options",
                    ("choose_at_least", "choose_at_most"),
                    "answer_schema",
                )
            },
        ),
        (
            "Time",
            {
                "fields": (
                    "timeout_seconds",
                    "on_timeout",
                    "allow_timeout_approve",
                    "ladder",
                    "reminders",
                    "urgent_below_seconds",
                    "on_call",
                    "grant_seconds",
                )
            },
        ),
        (
            "Review",
            {
                "fields": (
                    "batch_max",
                    "redacted_fields",
                    "undo_seconds",
                    "min_open_seconds",
                    "second_review_rate",
                    "auto_audit_rate",
                )
            },
        ),
        ("This version", {"fields": readonly_fields}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is None else (*self.readonly_fields, "checkpoint")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of what is not edited any more, what stands in the row instead of the form's own."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        return [
            (title, {"fields": tuple(_of_the_row(options["fields"]))})
            for title, options in self.fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or obj.state == State.DRAFT
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (
            obj is not None
            and obj.state == State.DRAFT
            and super().has_delete_permission(request, obj)
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        person = cast(User, request.user)
        try:
            versions.save_draft(obj, by_user=person, actor=actor_of(request), at=timezone.now())
        except NotADraft as refusal:
            raise PermissionDenied(refusal.detail) from refusal

    def acts_for(self, request: HttpRequest, obj: CheckpointVersion) -> Iterable[str]:
        if not self.has_change_permission(request):
            return ()
        may_publish = request.user.has_perm("approvals.publish_checkpointversion")
        match obj.state:
            case State.DRAFT:
                return ("start_shadow", "new_draft")
            case State.SHADOW:
                return ("stop_shadow", "new_draft")
            case State.LIVE:
                return ("new_draft", "retire") if may_publish else ("new_draft",)
        return ("go_back",) if obj.published_at else ("new_draft",)

    @act("Run it in the shadow")
    def start_shadow(
        self, request: HttpRequest, version: CheckpointVersion, *, at: datetime
    ) -> str:
        versions.start_shadow(version, actor=actor_of(request), at=at)
        return f"Version {version.number} runs beside the live one, and decides nothing."

    @act("Stop the shadow")
    def stop_shadow(self, request: HttpRequest, version: CheckpointVersion, *, at: datetime) -> str:
        versions.stop_shadow(version, actor=actor_of(request), at=at)
        return f"Version {version.number} is retired; what it would have done stays on record."

    @act("Retire: refuse what comes here, until somebody else publishes anew")
    def retire(self, request: HttpRequest, version: CheckpointVersion, *, at: datetime) -> str:
        versions.retire(version, actor=actor_of(request), at=at)
        return f"{version.checkpoint} has no live version any more: what names it is refused."

    @act("New draft from this version")
    def new_draft(
        self, request: HttpRequest, version: CheckpointVersion, *, at: datetime
    ) -> HttpResponse:
        return _to_draft(version, request, at=at)

    @act("Go back to this version")
    def go_back(
        self, request: HttpRequest, version: CheckpointVersion, *, at: datetime
    ) -> HttpResponse:
        messages.info(request, "This draft says what held then. Somebody else has to publish it.")
        return _to_draft(version, request, at=at)


def _of_the_row(names: Iterable[Any]) -> list[str]:
    kept = [name for name in names if isinstance(name, str) and name not in FORM_ONLY]
    return [*kept, "response"] if "response_type" in kept else kept


def _to_draft(version: CheckpointVersion, request: HttpRequest, *, at: datetime) -> HttpResponse:
    """A copy of the version as a new draft of whoever asked, opened."""
    person = cast(User, request.user)
    draft = versions.copy(version, by_user=person, actor=actor_of(request), at=at)
    return redirect(reverse("admin:approvals_checkpointversion_change", args=[draft.pk]))
