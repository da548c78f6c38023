"""Pages for those who write policies: a right to see them, whether or not they review."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.cache import patch_cache_control

from approvals.views.access import BrowserRequest, View

READS_POLICIES = "approvals.view_checkpointversion"
PUBLISHES = "approvals.publish_checkpointversion"
WRITES_POLICIES = "approvals.change_checkpointversion"
# What agents asked and people answered; those who write policies need not see it.
READS_REQUESTS = "approvals.view_approvalrequest"


class StaffRequest(BrowserRequest):
    """What a view behind `staff_required` gets."""

    user: User


def staff_required(*permissions: str) -> Callable[[View], View]:
    """Only for signed-in staff who may read policies, and have these permissions besides."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            wanted = (READS_POLICIES, *permissions)
            if not (request.user.is_staff and request.user.has_perms(wanted)):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            patch_cache_control(response, private=True, no_cache=True)
            return response

        return guarded

    return guard


def actor_of(request: StaffRequest) -> str:
    """How the trail names whoever is signed in."""
    return f"user:{request.user.pk}"
