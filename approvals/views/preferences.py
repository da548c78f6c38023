"""How a reviewer likes the pages to look."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from approvals.views.access import ReviewerRequest, reviewer_required

THEMES = ("system", "light", "dark", "contrast")
DENSITIES = ("comfortable", "compact")


class PreferencesForm(forms.Form):
    """Either or both; what is not named stays."""

    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES], required=False)
    density = forms.ChoiceField(choices=[(name, name) for name in DENSITIES], required=False)


@require_POST
@reviewer_required
def preferences(request: ReviewerRequest) -> HttpResponse:
    """Keep theme and density, and go back to where the choice was made."""
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return HttpResponse("No such theme or density.", status=422, content_type="text/plain")
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    for name, value in chosen.items():
        setattr(request.reviewer, name, value)
    request.reviewer.save(update_fields=[*chosen])
    return redirect(_back(request))


def _back(request: ReviewerRequest) -> str:
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else resolve_url("queue")
