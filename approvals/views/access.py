"""Who is at the door, and what they may see behind it."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django_htmx.middleware import HtmxDetails

from approvals.models import ApprovalRequest, Reviewer
from approvals.operations import denying
from approvals.queries import approvals

View = Callable[..., HttpResponse]


class BrowserRequest(HttpRequest):
    """Any request, as the middleware leaves it."""

    htmx: HtmxDetails


class ReviewerRequest(BrowserRequest):
    """What a view behind `reviewer_required` gets."""

    reviewer: Reviewer


def reviewer_required(view: View) -> View:
    """
    Only for signed-in reviewers, who then stand on `request.reviewer` with their standing.

    Times on the page are in their zone. What is shown is theirs, so no cache keeps it.
    """

    @wraps(view)
    def guarded(request: ReviewerRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _sign_in_first(request)
        reviewer = Reviewer.objects.with_standing().filter(user=request.user).first()
        if reviewer is None or not reviewer.is_active:
            if request.method == "POST":
                why = "You are not an active reviewer."
                denying.deny(
                    f"user:{request.user.pk}", why=why, what=request.path, at=timezone.now()
                )
            return render(
                request, "approvals/no_reviewer.html", {"is_inactive": reviewer}, status=403
            )
        request.reviewer = reviewer
        with timezone.override(reviewer.zone), _hidden_on_record(request, kwargs):
            response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return guarded


@contextmanager
def _hidden_on_record(request: ReviewerRequest, named: Mapping[str, Any]) -> Iterator[None]:
    try:
        yield
    except Http404:
        if request.method == "POST" and "approval_id" in named:
            denying.hidden(request.reviewer, named["approval_id"], at=timezone.now())
        raise


def approval_or_404(reviewer: Reviewer, approval_id: uuid.UUID) -> ApprovalRequest:
    """
    The approval, if this reviewer may see it, with all that a page reads of related rows.

    :raises Http404: it does not exist, or is none of theirs; nobody learns which
    """
    found = _readable(reviewer, timezone.now()).filter(pk=approval_id).first()
    if found is None:
        raise Http404
    return found


def approval_or_none(reviewer: Reviewer, approval_id: str) -> ApprovalRequest | None:
    """As `approval_or_404`, for an id out of a query string that may be anything."""
    try:
        wanted = uuid.UUID(approval_id)
    except ValueError:
        return None
    return _readable(reviewer, timezone.now()).filter(pk=wanted).first()


def _readable(reviewer: Reviewer, at: datetime) -> Any:
    return approvals.seen_by(reviewer, at=at).select_related(
        "agent",
        "version__checkpoint",
        "version__team",
        "group",
        "template",
        "follows",
        "claimed_by__user",
    )


def _sign_in_first(request: BrowserRequest) -> HttpResponse:
    """To the sign-in page, and back here afterwards; a fragment sends the whole page there."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    here = urlsplit(request.htmx.current_url or "/")
    back = f"{here.path}?{here.query}" if here.query else here.path
    answer = HttpResponse(status=401)
    answer["HX-Redirect"] = f"{resolve_url('sign_in')}?{urlencode({'next': back})}"
    return answer
