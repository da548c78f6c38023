"""Answers to an act upon a request: what happened, or the request as it stands now."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.queries import inbox, serving
from approvals.refusals import Refusal
from approvals.views import access, queue, showing, words
from approvals.views.access import ReviewerRequest
from approvals.views.showing import PANE, Place, Said


def done(
    request: ReviewerRequest, approval: ApprovalRequest, message: str, *, place: Place
) -> HttpResponse:
    """On to the next request of the same view, with a line about this one."""
    at = timezone.now()
    following = serving.after(approval, request.reviewer, view=place.view, at=at)
    return _onward(request, following, message, place=place, left=approval)


def stayed(
    request: ReviewerRequest, approval: ApprovalRequest, message: str, *, place: Place
) -> HttpResponse:
    """The same request again, with a line about what was done to it."""
    return _onward(request, approval, message, place=place, left=None)


def refused(
    request: ReviewerRequest,
    approval: ApprovalRequest,
    refusal: Refusal,
    *,
    place: Place,
    said: Said,
) -> HttpResponse:
    """The request as it stands now, with the refusal, and the words that were not sent."""
    fresh = access.approval_or_404(request.reviewer, approval.pk)
    told = {"refusal": refusal, "said": said}
    if refusal.status == 409:
        told["conflict"] = _conflict(request, fresh, refusal, place=place, said=said)
    return again(request, fresh, place=place, status=refusal.status, **told)


def again(
    request: ReviewerRequest, approval: ApprovalRequest, *, place: Place, status: int, **told: Any
) -> HttpResponse:
    """The request, drawn anew in its place: alone for htmx, else in its whole page."""
    context = showing.context_of(request, approval, place=place, is_asked=True, **told)
    if request.htmx:
        response = render(request, "approvals/_detail.html", context, status=status)
        # Tells placet.js that this is the request drawn anew, and not some page of an error.
        response["X-Placet-Panel"] = "yes"
        return response
    if place.kind == PANE:
        return queue.page(request, place, beside=context, status=status)
    return render(request, "approvals/approval.html", context, status=status)


def _onward(
    request: ReviewerRequest,
    following: ApprovalRequest | None,
    message: str,
    *,
    place: Place,
    left: ApprovalRequest | None,
) -> HttpResponse:
    address = place.address_of(following)
    if not request.htmx:
        messages.success(request, message)
        return redirect(address)
    context: dict[str, Any] = {"place": place, "message": message, "left": left}
    if following is None:
        template = "approvals/_nothing_more.html"
    else:
        template = "approvals/_moved_on.html"
        found = access.approval_or_404(request.reviewer, following.pk)
        context |= showing.context_of(request, found, place=place, is_asked=place.kind == PANE)
    counts = inbox.counts_for(request.reviewer, at=timezone.now())
    context |= {"your_turn": counts["yours"], "counts": counts}
    response = render(request, template, context)
    response["HX-Replace-Url"] = address
    # The rows of the queue look for themselves what has become of them.
    response["HX-Trigger-After-Settle"] = "placet:changed"
    return response


def _conflict(
    request: ReviewerRequest,
    approval: ApprovalRequest,
    refusal: Refusal,
    *,
    place: Place,
    said: Said,
) -> dict[str, Any]:
    """Who was first, with what, when, and what became of the words that came too late."""
    at = timezone.now()
    following = serving.after(approval, request.reviewer, view=place.view, at=at)
    if approval.is_open and refusal.code != "expired":
        title, text = (
            refusal.detail,
            "Nothing of yours was sent. What stands below is how it is now.",
        )
    else:
        title = words.how_it_ended(approval, now=at) if not approval.is_open else refusal.detail
        text = _their_words(approval) + "Nothing of yours was sent."
    return {
        "title": title,
        "text": text,
        "draft": _draft(said, is_pending=approval.is_pending),
        "next_url": place.address_of(following) if following else "",
    }


def _their_words(approval: ApprovalRequest) -> str:
    feedback = (approval.decided or {}).get("feedback", "")
    return f"“{feedback}” " if feedback else ""


def _draft(said: Said, *, is_pending: bool) -> str:
    """The words that have no field to go back into: an edit, or anything once it is settled."""
    parts = [said.draft, "" if is_pending and not said.draft else said.feedback]
    return "\n\n".join(part for part in parts if part)
