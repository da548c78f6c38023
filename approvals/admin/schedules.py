"""Schedules: who is on call, and how well that is covered. Each change is put on record."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from approvals import events
from approvals.admin.acting import actor_of
from approvals.admin.fields import refuse_backwards
from approvals.models import Schedule, ScheduleOverride, Shift
from approvals.queries import coverage
from approvals.rules import zones
from approvals.rules.rota import WEEKDAYS
from approvals.rules.zones import zone_called
from audit import trail

WEEK, WEEKS_AHEAD = timedelta(weeks=1), 8


class ScheduleForm(forms.ModelForm):
    class Meta:
        model = Schedule
        exclude = ()  # noqa: DJ006  (the admin's `fields` say which)
        help_texts = {
            "name": "Policies name it so; it stays as it is.",
            "time_zone": "A name such as Europe/Berlin. All times on this page are by its clock.",
        }

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"]
        if wrong := zones.objection_to(name):
            raise forms.ValidationError(wrong)
        return name


class ShiftForm(forms.ModelForm):
    weekdays = forms.MultipleChoiceField(
        choices=[(day, day.title()) for day in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "weekdays"}),
    )

    class Meta:
        model = Shift
        exclude = ()  # noqa: DJ006  (the inline's `fields` say which)
        help_texts = {
            "layer": "1 is asked first; 2 when nobody of 1 is there.",
            "ends_at": "At or before the start: on the next day.",
            "every_weeks": "2 is every other week, counted from the week of the start.",
        }


class ShiftFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """A schedule that is called by keeps a shift, or nobody could ever be called."""
        super().clean()
        gone = [form for form in self.deleted_forms if form.instance.pk]
        left = [form for form in self.forms if form.has_changed() or form.instance.pk]
        if gone and len(left) == len(self.deleted_forms):
            if named_by := coverage.named_by(self.instance):
                raise forms.ValidationError(
                    f"{', '.join(named_by)} calls by this schedule: it keeps at least one shift."
                )


# Without the admin's shortcuts, which speak of the server's time.
TYPED: dict[type[models.Field], dict[str, Any]] = {
    models.TimeField: {"widget": forms.TimeInput({"type": "time"}, format="%H:%M")},
    models.DateField: {"widget": forms.DateInput({"type": "date"}, format="%Y-%m-%d")},
    models.DateTimeField: {
        "form_class": forms.DateTimeField,
        "widget": forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    },
}


class ShiftsInline(admin.StackedInline):
    model = Shift
    form = ShiftForm
    formset = ShiftFormSet
    extra = 0
    formfield_overrides = TYPED
    autocomplete_fields = ("reviewer",)
    fields = (
        ("reviewer", "layer"),
        "weekdays",
        ("starts_at", "ends_at"),
        ("starts_on", "every_weeks"),
    )


class OverrideForm(forms.ModelForm):
    class Meta:
        model = ScheduleOverride
        exclude = ()  # noqa: DJ006  (the inline's `fields` say which)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        refuse_backwards(self, said)
        return said


class OverridesInline(admin.StackedInline):
    model = ScheduleOverride
    form = OverrideForm
    verbose_name, verbose_name_plural = "override", "overrides: for once somebody else"
    extra = 0
    formfield_overrides = TYPED
    autocomplete_fields = ("reviewer",)
    fields = ("reviewer", ("starts_at", "ends_at"))


@admin.register(Schedule)
class ScheduleAdmin(admin.ModelAdmin):
    form = ScheduleForm
    change_form_template = "admin/approvals/schedule/change_form.html"
    list_display = ("name", "time_zone", "called_by")
    search_fields = ("name",)
    fields = ("name", "time_zone")
    inlines = (ShiftsInline, OverridesInline)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else ("name",)

    @admin.display(description="called by")
    def called_by(self, schedule: Schedule) -> str:
        return ", ".join(coverage.named_by(schedule)) or "nothing yet"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or not coverage.named_by(obj))

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kw: Any) -> Any:
        schedule = self.get_object(request, object_id)
        if schedule and (named_by := coverage.named_by(schedule)):
            raise PermissionDenied(f"{', '.join(named_by)} calls by this schedule.")
        return super().delete_view(request, object_id, *args, **kw)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Not by the selection: each is looked at, and deleted on its own page."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """The page by the clock of the schedule, times that are typed in as well as shown."""
        schedule = self.get_object(request, object_id) if object_id else None
        with timezone.override(zone_called(schedule.time_zone if schedule else "UTC")):
            response = super().changeform_view(request, object_id, *args, **kwargs)
            return response.render() if hasattr(response, "render") else response

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if schedule := kwargs.get("obj"):
            context |= _coverage_of(schedule, at=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the rest, and put all of it on record in the same transaction."""
        super().save_related(request, form, formsets, change)
        if change and not form.changed_data and not any(map(_has_changed, formsets)):
            return
        _record(form.instance, request, said=_said_of(form.instance))

    def delete_model(self, request: HttpRequest, obj: Schedule) -> None:
        _record(obj, request, said={"name": obj.name, "deleted": True})
        super().delete_model(request, obj)


def _coverage_of(schedule: Schedule, *, at: datetime) -> dict[str, Any]:
    soon = coverage.of_schedule(schedule, start=at, end=at + WEEK)
    ahead = coverage.of_schedule(schedule, start=at, end=at + WEEKS_AHEAD * WEEK)
    return {"on_call_now": soon[0], "week": soon, "weaknesses": coverage.weaknesses(ahead)}


def _has_changed(formset: Any) -> bool:
    return bool(formset.new_objects or formset.changed_objects or formset.deleted_objects)


def _record(schedule: Schedule, request: HttpRequest, *, said: dict[str, Any]) -> None:
    trail.record_in_stream(
        schedule.ref,
        events.SCHEDULE_CHANGED,
        actor=actor_of(request),
        at=timezone.now(),
        data=said,
    )


def _said_of(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "time_zone": schedule.time_zone,
        "shifts": [
            {
                "reviewer": shift.reviewer.ref,
                "layer": shift.layer,
                "weekdays": shift.weekdays,
                "from": f"{shift.starts_at:%H:%M:%S}",
                "to": f"{shift.ends_at:%H:%M:%S}",
                "every_weeks": shift.every_weeks,
                "starts_on": f"{shift.starts_on}",
            }
            for shift in Shift.objects.filter(schedule=schedule).select_related("reviewer")
        ],
        "overrides": [
            {
                "reviewer": override.reviewer.ref,
                "from": trail.stamp(override.starts_at),
                "to": trail.stamp(override.ends_at),
            }
            for override in schedule.overrides.select_related("reviewer")
        ],
    }
