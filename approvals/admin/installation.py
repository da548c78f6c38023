"""The whole server: the switch that stops everything, and deadlines that are held back."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from approvals.admin.acting import ActingAdmin, KeptAdmin, act, actor_of
from approvals.models import Installation
from approvals.operations import agents, escalation

PAUSE_EVERYTHING = "approvals.pause_everything"


@admin.register(Installation)
class InstallationAdmin(ActingAdmin, KeptAdmin):
    """One row, and the switch over everything."""

    fields = readonly_fields = (
        "paused_at",
        "sweep_held_at",
        "sweep_held_because",
        "sweep_released_at",
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PAUSE_EVERYTHING)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(PAUSE_EVERYTHING)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one row, so its page is the list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        only, _ = Installation.objects.get_or_create(pk=1)
        return redirect(reverse("admin:approvals_installation_change", args=[only.pk]))

    def acts_for(self, request: HttpRequest, obj: Installation) -> Iterable[str]:
        if not request.user.has_perm(PAUSE_EVERYTHING):
            return ()
        switch = "resume" if obj.paused_at else "pause"
        return (switch, "release_sweep") if obj.sweep_held_at else (switch,)

    @act("Pause everything: approve nothing", asks_why=True)
    def pause(self, request: HttpRequest, _: Installation, *, at: datetime, reason: str) -> str:
        agents.pause(paused=True, actor=actor_of(request), at=at, reason=reason)
        return "Everything is paused: nothing is approved, and no permission is taken."

    @act("Resume", asks_why=True)
    def resume(self, request: HttpRequest, _: Installation, *, at: datetime, reason: str) -> str:
        agents.pause(paused=False, actor=actor_of(request), at=at, reason=reason)
        return "Everything goes on."

    @act("Clock and workers are well: let deadlines act")
    def release_sweep(self, request: HttpRequest, _: Installation, *, at: datetime) -> str:
        escalation.release_sweep(actor=actor_of(request), at=at)
        return "Deadlines act again."
