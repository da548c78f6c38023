"""Agents and keys: what they may do, and the switch that stops them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from approvals import events
from approvals.admin.acting import (
    ActingAdmin,
    KeptAdmin,
    NarrowAdmin,
    ReadOnlyAdmin,
    act,
    actor_of,
)
from approvals.admin.fields import LinesField
from approvals.models import Agent, ApiKey
from approvals.operations import agents
from approvals.operations.agents import Credentials
from approvals.refusals import Refusal
from audit import trail

PREFIXES = "Addresses below which it may name a callback, one a line: https://agent.example/hooks/"


class RegisterForm(forms.Form):
    """A new agent."""

    name = forms.CharField(max_length=100, help_text="How reviewers will know it.")
    owner = forms.ModelChoiceField(
        get_user_model().objects.order_by("username"),
        required=False,
        help_text="Who is answerable for it; they may not decide what it asks.",
    )
    callback_prefixes = LinesField(required=False, help_text=PREFIXES)


class KeysInline(admin.TabularInline):
    model = ApiKey
    fields = readonly_fields = ("prefix", "created_at", "expires_at", "revoked_at", "last_used_at")
    ordering = ("-created_at",)
    verbose_name_plural = "keys"
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(NarrowAdmin, ActingAdmin, KeptAdmin):
    list_display = ("name", "owner", "is_active", "paused_at", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name",)
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    fields = (
        "name",
        "owner",
        "is_active",
        "trust",
        "callback_prefixes",
        "rate_per_minute",
        "max_waits",
        "max_pending",
        "paused_at",
        "created_at",
    )
    readonly_fields = ("name", "paused_at", "created_at")
    inlines = (KeysInline,)
    actions = ("pause_each", "resume_each")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "callback_prefixes":
            return LinesField(required=False, label="Callback prefixes", help_text=PREFIXES)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Register an agent, and show what is shown once."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = RegisterForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                made = agents.register(
                    **form.cleaned_data, actor=actor_of(request), at=timezone.now()
                )
            except Refusal as refusal:
                form.add_error("name", refusal.detail)
            else:
                return self._shown_once(request, made, title=f"{made.agent} is registered")
        context = {"form": form, "title": "Register an agent"}
        return self._page(request, "admin/approvals/agent/register.html", context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        agent = form.instance
        data = {
            "changed": list(form.changed_data),
            "owner": agent.owner.get_username() if agent.owner else "",
            "is_active": agent.is_active,
            "trust": str(agent.trust),
            "callback_prefixes": agent.callback_prefixes,
            "rate_per_minute": agent.rate_per_minute,
            "max_waits": agent.max_waits,
            "max_pending": agent.max_pending,
        }
        trail.record_in_stream(
            agent.ref, events.AGENT_CHANGED, actor=actor_of(request), at=timezone.now(), data=data
        )

    def acts_for(self, request: HttpRequest, obj: Agent) -> Iterable[str]:
        if not self.has_change_permission(request, obj):
            return ()
        return ("resume" if obj.paused_at else "pause", "rotate")

    @act("Pause: approve nothing it asks for", asks_why=True)
    def pause(self, request: HttpRequest, agent: Agent, *, at: datetime, reason: str) -> str:
        agents.pause(paused=True, agent=agent.name, actor=actor_of(request), at=at, reason=reason)
        return f"{agent} is paused: nothing it asked for is approved."

    @act("Resume", asks_why=True)
    def resume(self, request: HttpRequest, agent: Agent, *, at: datetime, reason: str) -> str:
        agents.pause(paused=False, agent=agent.name, actor=actor_of(request), at=at, reason=reason)
        return f"{agent} goes on."

    @act("New key and secret")
    def rotate(self, request: HttpRequest, agent: Agent, *, at: datetime) -> HttpResponse:
        made = agents.rotate_key(agent.name, actor=actor_of(request), at=at)
        return self._shown_once(request, made, title=f"{agent} has a new key")

    @admin.action(description="Pause")
    def pause_each(self, request: HttpRequest, chosen: "QuerySet[Agent]") -> None:
        self.act_on_each(request, chosen, "pause")

    @admin.action(description="Resume")
    def resume_each(self, request: HttpRequest, chosen: "QuerySet[Agent]") -> None:
        self.act_on_each(request, chosen, "resume")

    def _shown_once(self, request: HttpRequest, made: Credentials, *, title: str) -> HttpResponse:
        context = {
            "made": made,
            "title": title,
            "hours": int(agents.OVERLAP.total_seconds() / 3600),
        }
        response = self._page(request, "admin/approvals/agent/credentials.html", context)
        add_never_cache_headers(response)
        return response

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, template, shared | context)


@admin.register(ApiKey)
class ApiKeyAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("prefix", "agent", "user", "created_at", "expires_at", "revoked_at")
    list_select_related = ("agent", "user")
    search_fields = ("prefix__startswith",)
    fields = ("prefix", "agent", "user", "created_at", "expires_at", "revoked_at", "last_used_at")
    ordering = ("-created_at",)

    def acts_for(self, request: HttpRequest, obj: ApiKey) -> Iterable[str]:
        may = request.user.has_perm("approvals.change_apikey")
        return ("revoke",) if may and obj.revoked_at is None else ()

    @act("Revoke now")
    def revoke(self, request: HttpRequest, key: ApiKey, *, at: datetime) -> str:
        agents.revoke_key(key, actor=actor_of(request), at=at)
        return f"The key {key} is revoked."
