"""Reviewers, teams, absences and sign-ins. Each change of authority is put on record."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils import timezone

from approvals import events
from approvals.admin.acting import KeptAdmin, actor_of
from approvals.admin.fields import refuse_backwards
from approvals.admin.hours import HoursField
from approvals.forms import ChatURLField
from approvals.models import Absence, Reviewer, Team
from approvals.rules import delegation, zones
from audit import trail


class ReviewerForm(forms.ModelForm):
    working_hours = HoursField(
        required=False,
        help_text="By the clock in their time zone; none at all means always. Hours that end at or "
        "before their start end on the next day. They say when to tell somebody, never who may "
        "decide.",
    )

    class Meta:
        model = Reviewer
        exclude = ()  # noqa: DJ006  (the admin's `fields` say which)
        help_texts = {
            "checkpoints": "Only these; none chosen means no limit.",
            "amount_ceiling": "They may not decide above this amount.",
            "time_zone": "A name such as Europe/Berlin.",
        }

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"]
        if wrong := zones.objection_to(name):
            raise forms.ValidationError(wrong)
        return name


class AbsenceForm(forms.ModelForm):
    class Meta:
        model = Absence
        exclude = ()  # noqa: DJ006  (the inline says which)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        # The reviewer is the page's, not the form's, so the model's own check does not run.
        if said.get("delegate") and said["delegate"].pk == self.instance.reviewer_id:
            self.add_error("delegate", "Nobody stands in for themselves.")
        refuse_backwards(self, said)
        return said


class AbsencesInline(admin.TabularInline):
    model = Absence
    form = AbsenceForm
    fk_name = "reviewer"
    extra = 0
    autocomplete_fields = ("delegate",)


@admin.register(Reviewer)
class ReviewerAdmin(KeptAdmin):
    form = ReviewerForm
    list_display = ("name", "tier", "team_names", "is_active", "amount_ceiling", "competent_until")
    list_filter = ("tier", "is_active")
    search_fields = ("user__username", "user__first_name", "user__last_name")
    list_select_related = ("user",)
    autocomplete_fields = ("user",)
    fields = (
        "user",
        "tier",
        "is_active",
        "teams",
        "checkpoints",
        "amount_ceiling",
        "competent_until",
        "time_zone",
        "working_hours",
        "cost_per_hour",
    )
    inlines = (AbsencesInline,)

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("teams")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("user",)

    @admin.display(description="teams")
    def team_names(self, reviewer: Reviewer) -> str:
        return ", ".join(team.name for team in reviewer.teams.all())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rest, and put all of it on record in the same transaction."""
        super().save_related(request, form, formsets, change)
        reviewer = Reviewer.objects.with_standing().get(pk=form.instance.pk)
        for warning in _vain_delegations(reviewer, at=timezone.now()):
            messages.warning(request, warning)
        changed = [*form.changed_data, *(["absences"] if _any_changed(formsets) else [])]
        if change and not changed:
            return
        trail.record_in_stream(
            reviewer.ref,
            events.REVIEWER_CHANGED if change else events.REVIEWER_CREATED,
            actor=actor_of(request),
            at=timezone.now(),
            data={"changed": changed, **_said_of(reviewer)} if change else _said_of(reviewer),
        )


class TeamForm(forms.ModelForm):
    chat_url = ChatURLField(
        help_text="An incoming webhook of the team's channel, as Slack and Mattermost make them."
    )

    class Meta:
        model = Team
        fields = ("name", "chat_url")


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    form = TeamForm
    list_display = ("name",)
    search_fields = ("name",)


class PersonAdmin(UserAdmin):
    """Sign-ins. One that was used stays, switched off, for the trail speaks of it."""

    delete_view = KeptAdmin.delete_view
    has_delete_permission = KeptAdmin.has_delete_permission

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        data = {
            "username": user.username,
            "changed": [name for name in form.changed_data if "password" not in name],
            "is_active": user.is_active,
            "is_staff": user.is_staff,
            "is_superuser": user.is_superuser,
        }
        trail.record_in_stream(
            f"user:{user.pk}",
            events.USER_CHANGED if change else events.USER_CREATED,
            actor=actor_of(request),
            at=timezone.now(),
            data=data,
        )


admin.site.unregister(get_user_model())
# Addresses that nothing here confirms or signs in with.
admin.site.unregister(EmailAddress)
admin.site.register(get_user_model(), PersonAdmin)


def _any_changed(formsets: Any) -> bool:
    return any(
        formset.new_objects or formset.changed_objects or formset.deleted_objects
        for formset in formsets
    )


def _vain_delegations(reviewer: Reviewer, *, at: datetime) -> Iterator[str]:
    """In words, each delegate of an absence to come who could never stand in."""
    absent = reviewer.standing(at=at)
    delegates = Reviewer.objects.with_standing().prefetch_related("absences")
    for absence in reviewer.absences.filter(delegate__isnull=False, ends_at__gt=at):
        delegate = delegates.get(covers=absence)
        why = delegation.why_never(
            absent,
            delegate.standing(at=at),
            away=(absence.starts_at, absence.ends_at),
            delegate_away=[(other.starts_at, other.ends_at) for other in delegate.absences.all()],
        )
        if why:
            yield f"{delegate.name} could never stand in from {absence.starts_at:%Y-%m-%d}: {why}"


def _said_of(reviewer: Reviewer) -> dict[str, Any]:
    ceiling = reviewer.amount_ceiling
    return {
        "username": reviewer.user.get_username(),
        "tier": reviewer.tier,
        "is_active": reviewer.is_active,
        "teams": sorted(team.name for team in reviewer.teams.all()),
        "checkpoints": sorted(checkpoint.name for checkpoint in reviewer.checkpoints.all()),
        "amount_ceiling": "" if ceiling is None else str(ceiling),
        "competent_until": trail.stamp(reviewer.competent_until)
        if reviewer.competent_until
        else "",
        "time_zone": reviewer.time_zone,
        "working_hours": reviewer.working_hours,
        "absences": [
            {
                "from": trail.stamp(absence.starts_at),
                "to": trail.stamp(absence.ends_at),
                "delegate": absence.delegate.user.get_username() if absence.delegate else "",
            }
            for absence in reviewer.absences.select_related("delegate__user")
        ],
    }
