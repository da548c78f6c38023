"""What the admin pages share: buttons that call operations, and rows that stay as they are."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from approvals.operations import denying
from approvals.refusals import Refusal

DECIDE_ELSEWHERE = "Decisions are made on the review page only; history is read here."
IN_USE = "It is in use by the audit trail; switch it off instead."

Act = Callable[..., HttpResponse | str]


def actor_of(request: HttpRequest) -> str:
    """How the trail names whoever is signed in."""
    return f"user:{request.user.pk}"


def act(label: str, *, asks_why: bool = False) -> Callable[[Act], Act]:
    """
    Mark a method as an act upon one object.

    It returns the sentence that says what was done, or a whole page. With `asks_why` there
    is a field beside the button, whose words are the method's `reason`.
    """

    def mark(method: Act) -> Act:
        method.label, method.asks_why = label, asks_why  # type: ignore[attr-defined]
        return method

    return mark


def refused(request: HttpRequest, why: str) -> PermissionDenied:
    """The refusal, put on record where something was tried and not only looked at."""
    if request.method == "POST":
        denying.deny(actor_of(request), why=why, what=request.path, at=timezone.now())
    return PermissionDenied(why)


class KeptAdmin(admin.ModelAdmin):
    """Of what the trail speaks of: it is never deleted, and the page says so."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise refused(request, IN_USE)


class NarrowAdmin(admin.ModelAdmin):
    """
    Of rows that others write, too: a page saves what was changed on it, and nothing else.

    A whole row, as it was when the page read it, would undo a pause of a moment ago, or turn
    back a counter.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=sorted(columns.intersection(form.changed_data)))


class ReadOnlyAdmin(KeptAdmin):
    """Of history: looked at, page by page, without counting what nobody asked for."""

    show_full_result_count = False
    list_per_page = 50
    actions: Sequence[Any] = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(str(field) for field in self.fields or ())

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            raise refused(request, DECIDE_ELSEWHERE)
        return super().changeform_view(request, *args, **kwargs)


class ActingAdmin(admin.ModelAdmin):
    """Buttons on the page of an object, each a POST that runs outside of any transaction."""

    change_form_template = "admin/acting_change_form.html"

    def acts_for(self, request: HttpRequest, obj: Any) -> Iterable[str]:
        """The names of the methods that are open to this person for this object."""
        return ()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        return [path("<path:object_id>/act/<slug:name>/", view, name=name), *super().get_urls()]

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        if name not in self.acts_for(request, obj):
            raise refused(request, "This is not open to you, or not any more.")
        return self._do(request, obj, name) or redirect(self._address_of(obj))

    def act_on_each(self, request: HttpRequest, objects: Iterable[Any], name: str) -> None:
        """The same for a selection of a list; what is not open to it is told."""
        for obj in objects:
            if name in self.acts_for(request, obj):
                self._do(request, obj, name)
            else:
                messages.warning(request, f"{obj}: nothing to do, or not open to you.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        obj = kwargs.get("obj")
        names = self.acts_for(request, obj) if obj is not None else ()
        acts = [
            {
                "address": self._address_of(obj, name),
                "label": getattr(self, name).label,
                "asks_why": getattr(self, name).asks_why,
            }
            for name in names
        ]
        return super().render_change_form(request, context | {"acts": acts}, *args, **kwargs)

    def _do(self, request: HttpRequest, obj: Any, name: str) -> HttpResponse | None:
        try:
            method = getattr(self, name)
            why = {"reason": request.POST.get("reason", "")} if method.asks_why else {}
            answer = method(request, obj, at=_now(), **why)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return None
        if isinstance(answer, str):
            messages.success(request, answer)
            return None
        return answer

    def _address_of(self, obj: Any, name: str = "") -> str:
        kind = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if name:
            return reverse(f"{kind}_act", args=[obj.pk, name])
        return reverse(f"{kind}_change", args=[obj.pk])


def _now() -> datetime:
    return timezone.now()
