"""What reviewers send: words checked and brought into the shape that the operations take."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import QueryDict
from django.utils import timezone

from approvals.models import ApprovalRequest
from approvals.outbound import chat
from approvals.queries import inbox
from approvals.rules import gate
from approvals.rules.gate import Malformed
from approvals.rules.policy import ResponseType
from approvals.rules.ruling import MAX_FEEDBACK, Ruling
from approvals.rules.verdicts import Reason, StepVerdict, Verdict

# More than anybody reads at one sitting: a page left open over night says nothing.
LONGEST_LOOK = timedelta(hours=12)

_opened = Signer(salt="opened")


def opened_mark(approval: ApprovalRequest) -> str:
    """Put on the page that shows an approval, to tell later how long it was looked at."""
    return _opened.sign(f"{approval.pk.hex}@{timezone.now().timestamp():.1f}")


class ChatURLField(forms.CharField):
    """An incoming webhook, or nothing. Where its name leads is looked at when it is called."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Chat webhook",
            required=False,
            max_length=2000,
            widget=forms.TextInput(
                attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
            ),
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        url = super().clean(value)
        allowed = settings.ALLOW_PRIVATE_CALLBACKS
        if url and (wrong := chat.objection_to(url, allowed_networks=allowed)):
            raise forms.ValidationError(wrong)
        return url


class FeedbackField(forms.CharField):
    """Words to the agent: never required by the form, for the ruling knows when they are."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, strip=True, **kwargs)

    def clean(self, value: Any) -> str:
        words = super().clean(value).replace("\r\n", "\n")
        if len(words) > MAX_FEEDBACK:
            raise forms.ValidationError(
                f"At most {MAX_FEEDBACK:,} characters; these are {len(words):,}."
            )
        return checked(words)


class SeenForm(forms.Form):
    """What stood on the screen, and where the screen is: part of every act upon a request."""

    data: QueryDict
    revision = forms.IntegerField(min_value=1)
    digest = forms.CharField(max_length=80)
    opened = forms.CharField(required=False, max_length=200)
    view = forms.ChoiceField(
        choices=[(view.name, view.title) for view in inbox.VIEWS], required=False
    )
    place = forms.ChoiceField(choices=[("pane", "pane"), ("page", "page")], required=False)

    def __init__(self, data: QueryDict, *, approval: ApprovalRequest) -> None:
        super().__init__(data)
        self.approval = approval

    @property
    def complaints(self) -> str:
        """Everything that is wrong, in one line."""
        return " ".join(str(message) for field in self.errors.values() for message in field)

    @property
    def seen_seconds(self) -> float | None:
        """How long the page had been open, if that can be known."""
        try:
            shown, _, since = _opened.unsign(self.cleaned_data.get("opened", "")).partition("@")
        except BadSignature:
            return None
        seconds = timezone.now().timestamp() - float(since)
        was_this = shown == self.approval.pk.hex
        return seconds if was_this and 0 <= seconds <= LONGEST_LOOK.total_seconds() else None


class AnswerForm(SeenForm):
    """A yes, with what was chosen or written where the request asks for more than that."""

    feedback = FeedbackField()
    answer = forms.CharField(required=False, strip=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        said["answered"] = self._answered()
        return said

    def _answered(self) -> dict[str, Any]:
        """`selected` or `answer` of the ruling, as the kind of the request asks."""
        response = self.approval.terms.response
        match ResponseType(response["type"]):
            case ResponseType.MULTISELECT:
                return {"selected": [checked(one) for one in self.data.getlist("selected")]}
            case ResponseType.FREEFORM:
                return {"answer": self._written(response.get("schema") or {})}
        return {}

    def _written(self, schema: dict[str, Any]) -> Any:
        text = self.cleaned_data.get("answer", "").replace("\r\n", "\n")
        if not text or schema.get("type", "string") == "string":
            return checked(text)
        try:
            return gate.parse(text.encode())
        except Malformed:
            # Not the JSON that the schema wants; let the schema say so, of the text.
            return checked(text)


class DecideForm(AnswerForm):
    """One verdict on one request. A reason by itself is a rejection."""

    verdict = forms.ChoiceField(choices=Verdict.choices, required=False)
    reason_code = forms.ChoiceField(choices=Reason.choices, required=False)
    until = forms.DateTimeField(required=False)
    until_other = forms.DateTimeField(required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("reason_code") and not said.get("verdict"):
            said["verdict"] = Verdict.REJECT
        if not said.get("verdict") and "verdict" not in self.errors:
            self.add_error("verdict", "Choose what to say.")
        if said.get("verdict") != Verdict.APPROVE:
            said["answered"] = {}
        return said

    def ruling(self) -> Ruling:
        said = self.cleaned_data
        return Ruling(
            verdict=Verdict(said["verdict"]),
            revision=said["revision"],
            digest=said["digest"],
            feedback=said["feedback"],
            reason_code=said["reason_code"],
            until=said["until"] or said["until_other"],
            **said["answered"],
        )


class PlanForm(AnswerForm):
    """A word on each step: fields `step-<place>`, `why-<place>` and `arguments-<place>`."""

    def __init__(
        self, data: QueryDict, *, approval: ApprovalRequest, steps: list[dict[str, Any]]
    ) -> None:
        super().__init__(data, approval=approval)
        self.steps = steps

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        said["steps"] = {}
        for place, step in enumerate(self.steps):
            if words := self._said_of(place, step):
                said["steps"][step["id"]] = words
        return said

    def ruling(self) -> Ruling:
        said = self.cleaned_data
        return Ruling(
            verdict=Verdict.MODIFY if said["steps"] else Verdict.APPROVE,
            revision=said["revision"],
            digest=said["digest"],
            feedback=said["feedback"],
            steps=said["steps"],
            **said["answered"],
        )

    def _said_of(self, place: int, step: dict[str, Any]) -> dict[str, Any] | None:
        """What was said of one step, or None for a plain yes."""
        # Where the agent takes no modified plan, the steps are not asked about one by one.
        unsaid = "" if self.approval.terms.allows(Verdict.MODIFY) else StepVerdict.APPROVE
        verdict = self.data.get(f"step-{place}", unsaid)
        if verdict not in StepVerdict.values:
            self.add_error(None, f"Step {place + 1} has no answer.")
            return None
        if verdict == StepVerdict.APPROVE:
            return None
        said: dict[str, Any] = {"verdict": verdict, "feedback": self._why(place)}
        if verdict == StepVerdict.MODIFY:
            arguments = self._arguments(place, step)
            if arguments is None or arguments == step.get("arguments", {}):
                return None
            said["arguments"] = arguments
        return said

    def _why(self, place: int) -> str:
        try:
            return FeedbackField().clean(self.data.get(f"why-{place}", ""))
        except forms.ValidationError as wrong:
            self.add_error(None, [f"Step {place + 1}: {message}" for message in wrong.messages])
            return ""

    def _arguments(self, place: int, step: dict[str, Any]) -> dict[str, Any] | None:
        """The edited arguments, or None if there are none or they cannot be read."""
        text = self.data.get(f"arguments-{place}", "")
        if not text.strip():
            return None
        try:
            arguments = gate.parse(text.encode())
        except Malformed as wrong:
            self.add_error(None, f"Step {place + 1}: {wrong.detail}")
            return None
        if not isinstance(arguments, dict):
            self.add_error(None, f"Step {place + 1}: the arguments must stay a JSON object.")
            return None
        return arguments


def checked(value: Any) -> Any:
    """
    `value`, if it may be stored and shown.

    :raises ValidationError: it breaks a limit of the JSON gate
    """
    try:
        return gate.check(value)
    except Malformed as wrong:
        raise forms.ValidationError(wrong.detail) from None
