"""How a reviewer likes the pages to look, and how they want to be told what waits."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from approvals.forms import ChatURLField
from approvals.models import Notice, NotificationPreference
from approvals.operations import notices as telling
from approvals.queries import reaching
from approvals.refusals import Refusal
from approvals.views.access import ReviewerRequest, reviewer_required

THEMES = ("system", "light", "dark", "contrast")
DENSITIES = ("comfortable", "compact")
# Enough to see whether a test arrived, and what went wrong of late.
NEWEST = 6


class PreferencesForm(forms.Form):
    """Either or both; what is not named stays."""

    theme = forms.ChoiceField(choices=[(name, name) for name in THEMES], required=False)
    density = forms.ChoiceField(choices=[(name, name) for name in DENSITIES], required=False)


class ClockField(forms.TimeField):
    """A time on the wall, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TimeInput(format="%H:%M", attrs={"type": "time"})
        message = {"invalid": "Write it as 22:00."}
        super().__init__(input_formats=["%H:%M"], widget=widget, error_messages=message, **kwargs)


class NoticesForm(forms.ModelForm):
    chat_url = ChatURLField(
        help_text="An incoming webhook of Slack, Mattermost or another that takes the same."
    )
    quiet_from = ClockField(label="From", required=False)
    quiet_until = ClockField(label="Until", required=False)
    digest_at = ClockField(label="Digest at")

    class Meta:
        model = NotificationPreference
        fields = (
            "by_email", "chat_url", "quiet_from", "quiet_until", "digest_low", "digest_at",
        )  # fmt: skip
        labels = {"by_email": "E-mail", "digest_low": "Together, once a day"}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        ends = {name: said.get(name) for name in ("quiet_from", "quiet_until")}
        if self.errors.keys() & ends.keys():
            return said
        missing = [name for name, clock in ends.items() if clock is None]
        if len(missing) == 1:
            self.add_error(missing[0], "Quiet hours need both ends, or neither.")
        elif not missing and ends["quiet_from"] == ends["quiet_until"]:
            self.add_error("quiet_until", "Quiet hours end at another time than they begin.")
        return said


@require_http_methods(["GET", "HEAD", "POST"])
@reviewer_required
def preferences(request: ReviewerRequest) -> HttpResponse:
    """The page; or, posted from the menu of any page: keep theme and density, and go back there."""
    if request.method != "POST":
        return _page(request, NoticesForm(instance=reaching.preference_of(request.reviewer)))
    form = PreferencesForm(request.POST)
    if not form.is_valid():
        return HttpResponse("No such theme or density.", status=422, content_type="text/plain")
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    for name, value in chosen.items():
        setattr(request.reviewer, name, value)
    request.reviewer.save(update_fields=[*chosen])
    return redirect(_back(request))


@require_POST
@reviewer_required
def notices(request: ReviewerRequest) -> HttpResponse:
    """Keep how this person wants to be told."""
    form = NoticesForm(request.POST, instance=reaching.preference_of(request.reviewer))
    if not form.is_valid():
        return _page(request, form, status=422)
    form.save()
    messages.success(request, "Kept. It holds for what comes from now on.")
    return redirect("preferences")


@require_POST
@reviewer_required
def send_test(request: ReviewerRequest) -> HttpResponse:
    """Have a test message sent through every channel of this person's."""
    try:
        telling.owe_test(request.reviewer, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "A test is on its way. Below you see what became of it.")
    return redirect("preferences")


def _page(request: ReviewerRequest, form: NoticesForm, status: int = 200) -> HttpResponse:
    reviewer = request.reviewer
    newest = Notice.objects.filter(reviewer=reviewer).order_by("-created_at")[:NEWEST]
    context = {
        "form": form,
        "has_mail": bool(settings.EMAIL_URL),
        "hours": reaching.working_days(reviewer),
        "newest": newest,
    }
    return render(request, "approvals/preferences.html", context, status=status)


def _back(request: ReviewerRequest) -> str:
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_ours else resolve_url("queue")
