"""Templates: patterns that pass without a person, switched on and off here."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from approvals import events
from approvals.admin.acting import ActingAdmin, KeptAdmin, act, actor_of
from approvals.admin.template_form import TemplateForm
from approvals.models import ApprovalTemplate
from approvals.operations import policies
from approvals.rules.template_checks import LONGEST_LIFE
from audit import trail

State = ApprovalTemplate.State


@admin.register(ApprovalTemplate)
class ApprovalTemplateAdmin(ActingAdmin, KeptAdmin):
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
        super().save_model(request, obj, form, change)
        _put_on_record(obj, request, at=timezone.now())

    def acts_for(self, request: HttpRequest, obj: ApprovalTemplate) -> Iterable[str]:
        if not self.has_change_permission(request, obj):
            return ()
        return ("turn_off",) if obj.state == State.ON else ("turn_on",)

    @act("Turn on: let it pass requests")
    def turn_on(self, request: HttpRequest, template: ApprovalTemplate, *, at: datetime) -> str:
        longest = at + LONGEST_LIFE
        if template.expires_at is None or template.expires_at <= at:
            template.expires_at = longest - timedelta(seconds=1)
        if found := policies.problems_of_template(template, at=at):
            raise policies.InvalidPolicy(f"It stays off. {found[0]}")
        return self._switch(request, template, State.ON, at=at)

    @act("Turn off")
    def turn_off(self, request: HttpRequest, template: ApprovalTemplate, *, at: datetime) -> str:
        return self._switch(request, template, State.OFF, at=at)

    @admin.action(description="Turn on")
    def turn_on_each(self, request: HttpRequest, chosen: "QuerySet[ApprovalTemplate]") -> None:
        self.act_on_each(request, chosen, "turn_on")

    @admin.action(description="Turn off")
    def turn_off_each(self, request: HttpRequest, chosen: "QuerySet[ApprovalTemplate]") -> None:
        self.act_on_each(request, chosen, "turn_off")

    def _switch(
        self, request: HttpRequest, template: ApprovalTemplate, state: State, *, at: datetime
    ) -> str:
        template.state = state
        with transaction.atomic():
            template.save(update_fields=["state", "expires_at"])
            _put_on_record(template, request, at=at)
        return f"{template.name} is {state.label}."


def _put_on_record(template: ApprovalTemplate, request: HttpRequest, *, at: datetime) -> None:
    # Templates have no versions, so the trail keeps what they said.
    said = {
        name: "" if (value := getattr(template, name)) is None else str(value)
        for name in ("expression", "max_risk", "max_per_hour", "max_per_day", "max_amount_per_day")
    }
    data = {
        "name": template.name,
        "state": str(template.state),
        "expires_at": trail.stamp(template.expires_at) if template.expires_at else "",
        "conditions": [{**row, "value": str(row["value"])} for row in template.conditions],
        **said,
    }
    trail.record_in_stream(
        f"template:{template.pk}",
        events.TEMPLATE_CHANGED,
        actor=actor_of(request),
        at=at,
        data=data,
    )
