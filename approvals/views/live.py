"""The stream that tells a page to look again."""

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET


@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """
    Grant a stream of changes to whoever is signed in.

    The answer is empty: the front in `hitl_site.waiting` reads its header and streams.
    Without that front the browser gets no stream, and the page polls.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    terms = {"topics": ["approval:*"], "holder": f"user:{request.user.pk}", "limit": 20}
    return HttpResponse(headers={"X-Placet-Stream": json.dumps(terms)})
