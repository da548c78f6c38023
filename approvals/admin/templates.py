"""Templates: patterns that pass without a person, switched on and off here."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from approvals.admin.acting import ActingAdmin, KeptAdmin, NarrowAdmin, act, actor_of
from approvals.admin.template_form import TemplateForm
from approvals.models import ApprovalTemplate
from approvals.operations import approval_templates

State = ApprovalTemplate.State
PUBLISHES = "approvals.publish_checkpointversion"


@admin.register(ApprovalTemplate)
class ApprovalTemplateAdmin(NarrowAdmin, ActingAdmin, KeptAdmin):
    form = TemplateForm
    list_display = ("name", "checkpoint", "state", "max_risk", "expires_at", "origin")
    list_filter = ("state",)
    search_fields = ("name", "checkpoint__name")
    list_select_related = ("checkpoint",)
    fields = (
        "name",
        "checkpoint",
        "conditions",
        "expression",
        "max_risk",
        "max_per_hour",
        "max_per_day",
        "max_amount_per_day",
        "expires_at",
        "state",
        "origin",
        "created_at",
    )
    readonly_fields = ("state", "origin", "created_at")
    actions = ("turn_on_each", "turn_off_each")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = ("state", "origin", "created_at")
        return fixed if obj is None else ("name", "checkpoint", *fixed)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        was_on = obj.state == State.ON
        super().save_model(request, obj, form, change)
        approval_templates.saved(obj, actor=actor_of(request), at=timezone.now())
        if was_on:
            messages.warning(request, f"{obj.name} is off until somebody else turns it on again.")

    def acts_for(self, request: HttpRequest, obj: ApprovalTemplate) -> Iterable[str]:
        if not self.has_change_permission(request, obj):
            return ()
        if obj.state == State.ON:
            return ("turn_off",)
        return ("turn_on",) if request.user.has_perm(PUBLISHES) else ()

    @act("Turn on: let it pass requests")
    def turn_on(self, request: HttpRequest, template: ApprovalTemplate, *, at: datetime) -> str:
        person = cast(User, request.user)
        approval_templates.switch_on(template, by_user=person, actor=actor_of(request), at=at)
        return f"{template.name} is on: what fits it passes without a person."

    @act("Turn off")
    def turn_off(self, request: HttpRequest, template: ApprovalTemplate, *, at: datetime) -> str:
        approval_templates.switch_off(template, actor=actor_of(request), at=at)
        return f"{template.name} is off."

    @admin.action(description="Turn on")
    def turn_on_each(self, request: HttpRequest, chosen: "QuerySet[ApprovalTemplate]") -> None:
        self.act_on_each(request, chosen, "turn_on")

    @admin.action(description="Turn off")
    def turn_off_each(self, request: HttpRequest, chosen: "QuerySet[ApprovalTemplate]") -> None:
        self.act_on_each(request, chosen, "turn_off")
