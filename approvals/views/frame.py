"""What every page shows around its matter."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from approvals.models import Reviewer
from approvals.queries import inbox
from approvals.views.banners import banners_at


def context(request: HttpRequest) -> dict[str, Any]:
    """
    The context processor: who is here, how much waits for them, and how they like it shown.

    Counts are taken when a template asks for them, so a fragment that doesn't costs nothing.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith(("/admin/", "/api/")):
        return {"reviewer": None, "theme": "system", "density": "comfortable"}
    reviewer = (
        request.reviewer
        if hasattr(request, "reviewer")
        else Reviewer.objects.with_standing().filter(user=user).first()
    )

    @cache
    def your_turn() -> int:
        if reviewer is None:
            return 0
        return inbox.count_of(inbox.pending_for(reviewer, "yours", at=timezone.now()))

    @cache
    def banners() -> list[dict[str, str]]:
        return banners_at(timezone.now()) if reviewer is not None else []

    return {
        "reviewer": reviewer,
        "theme": reviewer.theme if reviewer else "system",
        "density": reviewer.density if reviewer else "comfortable",
        "your_turn": your_turn,
        "banners": banners,
    }
