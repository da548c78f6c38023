"""What people were told, or could not be: to be read, and sent again."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.admin import showing
from approvals.admin.acting import ActingAdmin, ReadOnlyAdmin, act
from approvals.models import Notice
from approvals.operations import notices


@admin.register(Notice)
class NoticeAdmin(ActingAdmin, ReadOnlyAdmin):
    list_display = ("kind", "channel", "to", "about", "state", "tries", "why", "due_at")
    list_select_related = ("approval", "reviewer__user")
    list_filter = ("state", "kind", "channel")
    fields = (
        "kind", "channel", "to", "about", "subject", "whole_text", "state", "tries", "error",
        "more", "due_at", "not_after", "created_at", "settled_at",
    )  # fmt: skip
    ordering = ("-created_at",)
    actions = ("send_each_again",)

    def acts_for(self, request: HttpRequest, obj: Notice) -> Iterable[str]:
        may = self.has_send_permission(request)
        return ("send_again",) if may and obj.state == Notice.State.FAILED else ()

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("approvals.change_notice")

    @act("Send again")
    def send_again(self, request: HttpRequest, notice: Notice, *, at: datetime) -> str:
        notices.send_again(notice.pk, at=at)
        return "It is owed again and will be sent soon, unless its matter is over."

    @admin.action(description="Send again", permissions=["send"])
    def send_each_again(self, request: HttpRequest, chosen: "QuerySet[Notice]") -> None:
        self.act_on_each(request, chosen, "send_again")

    @admin.display(description="to")
    def to(self, notice: Notice) -> SafeString:
        # A webhook's path is its password.
        shown = notice.recipient
        if notice.channel == Notice.Channel.CHAT:
            shown = f"a channel at {urlsplit(notice.recipient).hostname}"
        elif notice.channel == Notice.Channel.APPRISE:
            shown = f"service {notice.recipient} of NOTIFY_URLS"
        return showing.brief(f"{notice.reviewer.name}: {shown}" if notice.reviewer else shown)

    @admin.display(description="request")
    def about(self, notice: Notice) -> SafeString:
        if notice.approval is None:
            return format_html("<span>{}</span>", "none")
        address = notice.approval.get_absolute_url()
        return format_html('<a href="{}">{}</a>', address, notice.approval.short_id)

    @admin.display(description="error")
    def why(self, notice: Notice) -> SafeString:
        return showing.brief(notice.error)

    @admin.display(description="text")
    def whole_text(self, notice: Notice) -> SafeString:
        return showing.whole(notice.text)
