"""The form of a template: its pattern as rows, and what it will not save."""

from django import forms
from django.utils import timezone

from approvals.admin.fields import LiteralField
from approvals.admin.rows import Column, RowsField, blame
from approvals.models import ApprovalTemplate
from approvals.operations import policies
from approvals.rules.matching import Operator


class TemplateForm(forms.ModelForm):
    conditions = RowsField(
        [
            Column("pointer", "Field", forms.CharField(max_length=500), width=5),
            Column("operator", "How", forms.ChoiceField(choices=Operator.choices), width=3),
            Column("value", "Value", LiteralField(), width=4),
        ],
        help_text="All must hold, and a field that is missing never does. Fields are pointers: "
        "/action, /arguments/amount, /context/customer_history. A value is read as JSON where "
        'it is JSON (50, true, ["a", "b"]), and as text otherwise.',
    )
    expression = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        help_text="CEL, which must hold as well.",
    )

    class Meta:
        model = ApprovalTemplate
        exclude = ()  # noqa: DJ006  (the admin's `fields` say which)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for problem in policies.problems_of_template(self.instance, at=timezone.now()):
            blame(self, problem)
