"""The trail, to be read. It cannot be added to here, nor changed."""

import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audit.models import Event

# A body longer than this stands in a fold.
SHORT_BODY = 2000


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    list_display = ("at", "subject_text", "seq", "type", "actor_text")
    list_display_links = ("at",)
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-id",)
    search_fields = ("subject",)
    search_help_text = (
        "A whole subject, such as approval:0192…, or a type, such as agent.registered."
    )
    fields = readonly_fields = (
        "at", "subject_text", "seq", "type", "actor_text", "related", "laid_out", "said", "prev",
        "hash",
    )  # fmt: skip
    actions = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            raise PermissionDenied("The trail is only ever appended to, by what happens.")
        return super().changeform_view(request, *args, **kwargs)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("body")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """By a whole subject or type: both have an index, and a part of one has none."""
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        name = "subject" if ":" in term else "type"
        return queryset.filter(**{name: term}), False

    @admin.display(description="subject")
    def subject_text(self, event: Event) -> SafeString:
        return format_html("<bdi>{}</bdi>", event.subject)

    @admin.display(description="actor")
    def actor_text(self, event: Event) -> SafeString:
        return format_html("<bdi>{}</bdi>", event.actor)

    @admin.display(description="body")
    def laid_out(self, event: Event) -> SafeString:
        return _pre(json.dumps(json.loads(event.body), indent=2))

    @admin.display(description="texts")
    def said(self, event: Event) -> SafeString:
        texts = ((text.name, _pre(text.text)) for text in event.texts.all())
        return format_html_join("", "<p>{}</p>{}", texts)


def _pre(text: str) -> SafeString:
    if len(text) <= SHORT_BODY:
        return format_html('<pre><bdi dir="auto">{}</bdi></pre>', text)
    return format_html(
        "<details><summary>{} characters</summary><pre><bdi>{}</bdi></pre></details>",
        f"{len(text):,}",
        text,
    )
