"""The page behind the link of the first start."""

from typing import Any

from django import forms
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from approvals.refusals import Refusal
from hitl_site import first_run


class FirstAdminForm(forms.Form):
    username = forms.CharField(
        max_length=150, widget=forms.TextInput({"class": "input", "autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False,
        help_text="At least 10 characters.",
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        label="The same again",
        widget=forms.PasswordInput({"class": "input", "autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("password") and cleaned.get("again") not in (None, cleaned["password"]):
            self.add_error("again", "The two are not the same.")
        return cleaned


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first admin and sign them in. 404 for anybody without the link."""
    if not first_run.is_open_to(token):
        raise Http404
    form = FirstAdminForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            admin = first_run.create_admin(
                token,
                username=form.cleaned_data["username"],
                password=form.cleaned_data["password"],
                at=timezone.now(),
            )
        except Refusal as refusal:
            form.add_error(None, refusal.detail)
        else:
            login(request, admin)  # type: ignore[arg-type]
            return redirect("admin:index")
    status = 422 if request.method == "POST" else 200
    return render(request, "welcome.html", {"form": form}, status=status)
