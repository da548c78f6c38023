"""The form of a draft: what it asks, and what it will not save."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from approvals.admin import version_fields as typed
from approvals.admin.fields import LinesField, StrictJSONField
from approvals.admin.measures import SecondsField
from approvals.admin.rows import blame
from approvals.models import CheckpointVersion
from approvals.operations import policies
from approvals.rules.policy import OnTimeout, ResponseType
from approvals.rules.policy_shapes import A_YEAR

# Of the form, and not of the row: the box about silence, and the parts of `response`.
FORM_ONLY = (
    "allow_timeout_approve",
    "options",
    "choose_at_least",
    "choose_at_most",
    "answer_schema",
)
_CEL = forms.Textarea(attrs={"rows": 3, "class": "mono"})
# Where the parts of `response` are asked for.
_PARTS = {"options": "options", "min": "choose_at_least", "max": "choose_at_most"}
_PLACES = {f"response.{part}": field for part, field in _PARTS.items()} | {
    "response.schema": "answer_schema",
    "response": "options",
}


class VersionForm(forms.ModelForm):
    """A draft; what may not be published is not saved either."""

    allow_timeout_approve = forms.BooleanField(
        label="Silence may approve",
        required=False,
        help_text="I want requests of low risk to be approved if nobody answers in time.",
    )
    trigger = forms.CharField(
        required=False,
        widget=_CEL,
        help_text="CEL. False lets it pass at once; empty means always.",
    )
    never_auto = forms.CharField(
        required=False,
        widget=_CEL,
        help_text="CEL. True sends it to a person whatever templates and thresholds say.",
    )
    required_context = typed.PointersOrSchemaField(
        required=False,
        help_text="Pointers into the context, one a line: /rationale. Or a JSON Schema of it.",
    )
    redacted_fields = LinesField(
        required=False,
        help_text="Pointers to what is masked until somebody asks to see it, one a line.",
    )
    risk_rules = typed.risk_rules()
    tiers = typed.tiers()
    quorum = typed.quorum()
    ladder = typed.ladder()
    reminders = typed.reminders()
    timeout_seconds = SecondsField(
        label="Timeout", least=1, most=A_YEAR, help_text="How long people have: 4 h, 30 min, 1 d."
    )
    urgent_below_seconds = SecondsField(
        label="Urgent below",
        most=A_YEAR,
        help_text="With less time left and nobody looking at it, whoever is on call is told.",
    )
    grant_seconds = SecondsField(
        label="Permission lasts", least=1, most=A_YEAR, help_text="How long a yes can be used."
    )
    undo_seconds = typed.seconds_by_tier(most=86_400, help_text="How long a yes can be taken back.")
    min_open_seconds = typed.seconds_by_tier(
        most=3600, label="Open at least", help_text="Before a yes is taken."
    )
    second_review_rate = typed.shares_by_tier(
        help_text="The share, 0 to 1, that a second person looks at."
    )
    options = typed.options()
    choose_at_least = forms.IntegerField(required=False, min_value=0, max_value=100)
    choose_at_most = forms.IntegerField(required=False, min_value=1, max_value=100)
    answer_schema = StrictJSONField(
        required=False, help_text="For a written answer: a JSON Schema that it must fit."
    )

    class Meta:
        model = CheckpointVersion
        exclude = ("response",)  # noqa: DJ006  (the admin's fieldsets say which)
        widgets = {"effect": forms.TextInput(attrs={"class": "vLargeTextField"})}
        help_texts = {
            "effect": "What the reviewer reads first, over the arguments: "
            "Refunds {/arguments/customer} {/arguments/amount#money}.",
            "guidelines": "The criteria that a reviewer should hold it against. Markdown.",
            "auto_approve_below": "A risk from 0.0 to 1.0; 0 means never.",
            "deny_threshold": "How many have to say no; one is usual.",
            "edits_may_lower": "An edit that lowers the risk lowers the tier with it.",
            "on_call": "Who is called when little time is left and nobody looks at it.",
            "excludes_publisher": "Whoever published this version may not decide under it.",
            "batch_max": "How many may be decided together; 0 means one by one.",
            "auto_audit_rate": "The share, 0 to 1, of what passes by itself that people audit.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Django asks the model's own form fields for defaults, and most here are ours.
        for name in self.declared_fields.keys() - set(FORM_ONLY):
            self.initial.setdefault(name, getattr(self.instance, name))
        if self.instance.on_timeout == OnTimeout.APPROVE:
            self.initial.setdefault("allow_timeout_approve", True)
        for part, field in _PARTS.items():
            self.initial.setdefault(field, self.instance.response.get(part))
        self.initial.setdefault("answer_schema", self.instance.response.get("schema"))

    def _post_clean(self) -> None:
        if not self.errors:
            self.instance.response = self._response()
        super()._post_clean()  # type: ignore[misc]
        if set(self.errors) - {NON_FIELD_ERRORS}:
            return
        silence = self.cleaned_data.get("allow_timeout_approve", False)
        found = policies.problems_of_version(self.instance, silence_allowed=silence)
        if found:
            # The database's constraints say less of the same, and not at which field.
            self.errors.pop(NON_FIELD_ERRORS, None)
        for problem in found:
            blame(self, problem, places=_PLACES)

    def _response(self) -> dict[str, Any]:
        said = self.cleaned_data
        match said.get("response_type"):
            case ResponseType.MULTISELECT:
                parts = {part: said.get(field) for part, field in _PARTS.items()}
                return {part: value for part, value in parts.items() if value is not None}
            case ResponseType.FREEFORM if said.get("answer_schema"):
                return {"schema": said["answer_schema"]}
            case _:
                return {}
