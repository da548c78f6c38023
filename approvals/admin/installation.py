"""The whole server: whether deadlines are held back, and the act that lets them go."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from approvals.admin.acting import ActingAdmin, ReadOnlyAdmin, act, actor_of
from approvals.models import Installation
from approvals.operations import escalation


@admin.register(Installation)
class InstallationAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("__str__", "paused_at", "sweep_held_at", "sweep_held_because")
    fields = ("paused_at", "sweep_held_at", "sweep_held_because", "sweep_released_at")

    def acts_for(self, request: HttpRequest, obj: Installation) -> Iterable[str]:
        may = request.user.has_perm("approvals.change_installation")
        return ("release_sweep",) if may and obj.sweep_held_at else ()

    @act("Clock and workers are well: let deadlines act")
    def release_sweep(self, request: HttpRequest, obj: Any, *, at: datetime) -> str:
        escalation.release_sweep(actor=actor_of(request), at=at)
        return "Deadlines act again."
