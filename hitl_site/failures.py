"""What a caller reads when nothing matched or something broke: JSON under /api/, else a page."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 400, "malformed_request", "The request cannot be read")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _answer(request, 404, "not_found", "Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "internal_error", "Something broke on our side")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, "csrf_failed", "This page was too old to act; load it again")


def _answer(request: HttpRequest, status: int, code: str, title: str) -> HttpResponse:
    request_id = getattr(request, "request_id", "")
    if request.path.startswith(("/api/", "/.well-known/")):
        problem: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": f"{title}.",
            "code": code,
            "request_id": request_id,
            "errors": [],
        }
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return render(
        request, f"{status}.html", {"title": title, "request_id": request_id}, status=status
    )
