"""What every page shows around its matter."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from approvals.models import Installation, Reviewer
from approvals.queries import inbox


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
        standing = Installation.objects.filter(pk=1).first()
        return _banners_for(standing) if standing else []

    return {
        "reviewer": reviewer,
        "theme": reviewer.theme if reviewer else "system",
        "density": reviewer.density if reviewer else "comfortable",
        "your_turn": your_turn,
        "banners": banners,
    }


def _banners_for(standing: Installation) -> list[dict[str, str]]:
    """What stands over every page: that the whole server stops, or waits."""
    said = []
    if standing.paused_at:
        said.append(("Everything is paused.", "Nothing can be approved until an admin resumes."))
    if standing.sweep_held_at:
        said.append(
            (
                "Deadlines are held back.",
                f"{standing.sweep_held_because} Nothing is decided by time until an admin"
                " confirms that all is well, or ten minutes have passed.",
            )
        )
    return [
        {"kind": "stop", "icon": "power", "title": title, "text": text, "url": "", "link": ""}
        for title, text in said
    ]
