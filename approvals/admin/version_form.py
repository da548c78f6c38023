"""The form of a draft: what it asks, and what it will not save."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS

from approvals.admin.fields import StrictJSONField
from approvals.models import CheckpointVersion
from approvals.operations import policies
from approvals.rules.policy import OnTimeout

HELP = {
    "effect": "What the reviewer reads first, over the arguments: "
    "Refunds {/arguments/customer} {/arguments/amount#money}.",
    "trigger": "CEL. False lets it pass at once; empty means always.",
    "never_auto": "CEL. True sends it to a person whatever templates and thresholds say.",
    "required_context": 'A list of pointers, ["/rationale"], or a JSON Schema of the context.',
    "risk_rules": "A list of {name, condition (CEL), weight, explanation}; "
    "the weights of those that hold are added, up to 1.",
    "response": "For a choice: {options: [{id, label}], min, max}. For free text: {schema}.",
    "auto_approve_below": "0.0 to 1.0; 0 means never.",
    "tiers": "From which risk on each tier is needed.",
    "quorum": "How many people of a tier, if more than one: {executive: 2}.",
    "ladder": "A list of {after_seconds, to}, counted from submission.",
    "reminders": "At which shares of the time: 0.5 is half of it.",
    "batch_max": "How many may be decided together; 0 means one by one.",
    "redacted_fields": "Pointers to what is masked until somebody asks to see it, one a line.",
    "guidelines": "The criteria that a reviewer should hold it against. Markdown.",
    "second_review_rate": "The share that a second person looks at, by tier.",
}


class VersionForm(forms.ModelForm):
    """A draft; what may not be published is not saved either."""

    allow_timeout_approve = forms.BooleanField(
        label="Silence may approve",
        required=False,
        help_text="I want requests of low risk to be approved if nobody answers in time.",
    )

    class Meta:
        model = CheckpointVersion
        exclude = ()  # noqa: DJ006  (the admin's fieldsets say which)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.on_timeout == OnTimeout.APPROVE:
            self.initial.setdefault("allow_timeout_approve", True)
        for name, words in HELP.items():
            if name in self.fields:
                self.fields[name].help_text = words

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name, field in self.fields.items():
            if isinstance(field, StrictJSONField) and name in said and said[name] is None:
                said[name] = type(getattr(CheckpointVersion(), name))()
        return said

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if set(self.errors) - {NON_FIELD_ERRORS}:
            return
        silence = self.cleaned_data.get("allow_timeout_approve", False)
        found = policies.problems_of_version(self.instance, silence_allowed=silence)
        if found:
            # The database's constraints say less of the same, and not at which field.
            self.errors.pop(NON_FIELD_ERRORS, None)
        for problem in found:
            place = problem.root if problem.root in self.fields else None
            self.add_error(place, str(problem))
