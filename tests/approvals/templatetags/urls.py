"""The url names that the frame of a page looks for."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


NAMES = ("queue", "batch", "plans", "history", "preferences", "sign_in", "sign_out")
urlpatterns = [path(f"{name}/", nothing, name=name) for name in NAMES]
