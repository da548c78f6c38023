"""What happened, to be read: requests, votes, revisions, grants, messages and deliveries."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.admin import showing
from approvals.admin.acting import ActingAdmin, ReadOnlyAdmin, act, actor_of
from approvals.models import (
    ApprovalRequest,
    Attempt,
    Decision,
    Delivery,
    Grant,
    Message,
    Revision,
)
from approvals.operations import deliveries


class HistoryAdmin(ReadOnlyAdmin):
    """Found by the id of the request they belong to: anything else would read every row."""

    found_by = "approval"
    search_fields = ("pk",)
    search_help_text = "The whole id of a request, as in its address."

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if not search_term.strip():
            return queryset, False
        try:
            return queryset.filter(**{self.found_by: uuid.UUID(search_term.strip())}), False
        except ValueError:
            return queryset.none(), False

    @admin.display(description="request")
    def request_link(self, row: Any) -> SafeString:
        address = row.approval.get_absolute_url()
        return format_html('<a href="{}">{}</a>', address, row.approval.short_id)


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(HistoryAdmin):
    found_by = "pk"
    list_display = (
        "short_id", "agent", "checkpoint", "what", "status", "via", "risk_score", "submitted_at",
    )  # fmt: skip
    list_select_related = ("agent",)
    list_filter = ("status",)
    fields = (
        "id", "page", "agent", "version", "template", "run", "what", "whole_effect", "status",
        "via", "settled_at", "whole_decision", "revision", "digest", "risk_score", "whole_risk",
        "whole_flags", "required_tier", "quorum_needed", "whole_terms", "whole_envelope",
        "on_behalf_of", "callback", "submitted_at", "expires_at", "next_due_at", "trail_seq",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ApprovalRequest]":
        found = super().get_queryset(request)
        return found.defer("envelope", "decision", "terms_json", "risk", "flags", "effect")

    @admin.display(description="request")
    def short_id(self, approval: ApprovalRequest) -> str:
        return approval.short_id

    @admin.display(description="action")
    def what(self, approval: ApprovalRequest) -> SafeString:
        return showing.brief(approval.action)

    @admin.display(description="review page")
    def page(self, approval: ApprovalRequest) -> SafeString:
        return format_html('<a href="{}">open</a>', approval.get_absolute_url())

    @admin.display(description="effect")
    def whole_effect(self, approval: ApprovalRequest) -> SafeString:
        return showing.whole(approval.effect)

    @admin.display(description="decision")
    def whole_decision(self, approval: ApprovalRequest) -> SafeString:
        return showing.json_text(approval.decision)

    @admin.display(description="submitted besides")
    def whole_envelope(self, approval: ApprovalRequest) -> SafeString:
        return showing.json_text(approval.envelope)

    @admin.display(description="risk assessment")
    def whole_risk(self, approval: ApprovalRequest) -> SafeString:
        return showing.json_value(approval.risk)

    @admin.display(description="flags")
    def whole_flags(self, approval: ApprovalRequest) -> SafeString:
        return showing.json_value(approval.flags)

    @admin.display(description="terms")
    def whole_terms(self, approval: ApprovalRequest) -> SafeString:
        return showing.json_value(approval.terms_json)

    @admin.display(description="callback")
    def callback(self, approval: ApprovalRequest) -> SafeString:
        return showing.whole(approval.callback_url)


@admin.register(Decision)
class DecisionAdmin(HistoryAdmin):
    list_display = ("request_link", "reviewer", "verdict", "revision", "said", "door", "decided_at")
    list_display_links = ("verdict",)
    list_select_related = ("approval", "reviewer__user")
    fields = (
        "request_link", "reviewer", "acting_for", "verdict", "revision", "digest", "tier",
        "feedback_whole", "reason_code", "until", "door", "batch", "inspected", "seen_seconds",
        "decided_at",
    )  # fmt: skip
    ordering = ("-decided_at",)

    @admin.display(description="feedback")
    def said(self, decision: Decision) -> SafeString:
        return showing.brief(decision.feedback)

    @admin.display(description="feedback")
    def feedback_whole(self, decision: Decision) -> SafeString:
        return showing.whole(decision.feedback)


@admin.register(Revision)
class RevisionAdmin(HistoryAdmin):
    list_display = ("request_link", "number", "digest", "editor", "created_at")
    list_display_links = ("number",)
    list_select_related = ("approval", "editor__user")
    fields = (
        "request_link", "number", "digest", "editor", "what_runs", "what_is_said", "created_at",
    )  # fmt: skip
    ordering = ("-created_at",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Revision]":
        return super().get_queryset(request).defer("body", "context")

    @admin.display(description="what would run")
    def what_runs(self, revision: Revision) -> SafeString:
        return showing.json_text(revision.body)

    @admin.display(description="context")
    def what_is_said(self, revision: Revision) -> SafeString:
        return showing.json_text(revision.context)


@admin.register(Grant)
class GrantAdmin(HistoryAdmin):
    list_display = ("request_link", "jti", "issued_at", "expires_at", "consumed_at")
    list_display_links = ("jti",)
    list_select_related = ("approval",)
    fields = ("request_link", "jti", "kid", "digest", "issued_at", "expires_at", "consumed_at")
    ordering = ("-issued_at",)


@admin.register(Message)
class MessageAdmin(HistoryAdmin):
    list_display = ("seq", "agent", "type", "request_link", "created_at")
    list_select_related = ("agent", "approval")
    fields = ("agent", "seq", "type", "request_link", "approval_seq", "text", "created_at")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Message]":
        return super().get_queryset(request).defer("body")

    @admin.display(description="body")
    def text(self, message: Message) -> SafeString:
        return showing.json_text(message.body)


class AttemptsInline(admin.TabularInline):
    model = Attempt
    fields = readonly_fields = ("number", "started_at", "status", "why", "duration_ms", "answer")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="error")
    def why(self, attempt: Attempt) -> SafeString:
        return showing.whole(attempt.error)

    @admin.display(description="answer")
    def answer(self, attempt: Attempt) -> SafeString:
        return showing.whole(attempt.answer_start)


@admin.register(Delivery)
class DeliveryAdmin(ActingAdmin, HistoryAdmin):
    list_display = ("kind", "to", "request_link", "state", "tries", "due_at", "created_at")
    list_select_related = ("approval",)
    list_filter = ("state",)
    fields = (
        "kind", "whole_recipient", "request_link", "message", "state", "tries", "due_at",
        "settled_at", "created_at",
    )  # fmt: skip
    ordering = ("-created_at",)
    inlines = (AttemptsInline,)
    actions = ("send_each_again",)

    def acts_for(self, request: HttpRequest, obj: Delivery) -> Iterable[str]:
        may = self.has_replay_permission(request)
        return ("send_again",) if may and obj.state == Delivery.State.PARKED else ()

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("approvals.change_delivery")

    @act("Send again")
    def send_again(self, request: HttpRequest, delivery: Delivery, *, at: datetime) -> str:
        deliveries.replay(delivery.pk, actor=actor_of(request), at=at)
        return "It is owed again and will be sent soon."

    @admin.action(description="Send again", permissions=["replay"])
    def send_each_again(self, request: HttpRequest, chosen: "QuerySet[Delivery]") -> None:
        self.act_on_each(request, chosen, "send_again")

    @admin.display(description="to")
    def to(self, delivery: Delivery) -> SafeString:
        return showing.brief(delivery.recipient)

    @admin.display(description="to")
    def whole_recipient(self, delivery: Delivery) -> SafeString:
        return showing.whole(delivery.recipient)
