"""What anybody may read: the signing keys, and the API's own documentation."""

from functools import cache
from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from approvals import signing_keys


@require_safe
def jwks(request: HttpRequest) -> JsonResponse:
    response = JsonResponse(signing_keys.jwks())
    response["Cache-Control"] = "public, max-age=300"
    return response


@cache
def openapi() -> dict[str, Any]:
    """The OpenAPI document. It says the same for as long as the process lives."""
    return SchemaGenerator().get_schema(request=None, public=True)


@require_safe
def schema(request: HttpRequest) -> JsonResponse:
    response = JsonResponse(openapi())
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
@csp_update({"style-src": ["'unsafe-inline'"], "img-src": ["data:"]})
def docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, browsable from our own static files."""
    return render(request, "api/docs.html")
