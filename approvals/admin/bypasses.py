"""What is low passes for a while: opening such a bypass, and ending it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from approvals.admin.acting import ActingAdmin, ReadOnlyAdmin, act, actor_of
from approvals.models import Agent, Bypass, Checkpoint
from approvals.operations import bypasses
from approvals.refusals import Refusal

ADD_BYPASS = "approvals.add_bypass"


class OpenForm(forms.Form):
    """A new bypass."""

    checkpoint = forms.ModelChoiceField(Checkpoint.objects.all())
    agent = forms.ModelChoiceField(
        Agent.objects.all(), required=False, help_text="Only this one; none means all."
    )
    hours = forms.IntegerField(
        min_value=1, max_value=int(bypasses.LONGEST / timedelta(hours=1)), initial=1
    )
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="Everybody reads it."
    )


@admin.register(Bypass)
class BypassAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("checkpoint", "agent", "created_by", "starts_at", "ends_at", "ended_at")
    list_select_related = ("checkpoint", "agent", "created_by")
    fields = ("checkpoint", "agent", "reason", "created_by", "starts_at", "ends_at", "ended_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(ADD_BYPASS)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_add_permission(request)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Open one, as a reviewer who answers for it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = OpenForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            try:
                opened = bypasses.open_bypass(
                    said["checkpoint"],
                    agent=said["agent"],
                    lasts=timedelta(hours=said["hours"]),
                    reason=said["reason"],
                    by_user=cast(User, request.user),
                    actor=actor_of(request),
                    at=timezone.now(),
                )
            except Refusal as refusal:
                form.add_error(None, refusal.detail)
            else:
                return redirect(self._address_of(opened))
        context = {"form": form, "title": "Open a bypass", "opts": self.opts}
        return TemplateResponse(
            request,
            "admin/approvals/bypass/open.html",
            {**self.admin_site.each_context(request), **context},
        )

    def acts_for(self, request: HttpRequest, obj: Bypass) -> Iterable[str]:
        may = self.has_add_permission(request) and obj.is_on(timezone.now())
        return ("end",) if may else ()

    @act("End it now")
    def end(self, request: HttpRequest, bypass: Bypass, *, at: datetime) -> str:
        bypasses.end_bypass(bypass, actor=actor_of(request), at=at)
        return "The bypass is over: people are asked again."
