"""Form fields for the admin: JSON through the strict gate, and lists as lines."""

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from approvals.rules import gate
from approvals.rules.gate import Malformed

ONE_LINE = 80


def refuse_backwards(form: forms.ModelForm, said: dict[str, Any]) -> None:
    """Say in words what the database would refuse: an end before its start."""
    start, end = said.get("starts_at"), said.get("ends_at")
    if start and end and end <= start:
        form.add_error("ends_at", "It has to end after it starts.")


class StrictJSONField(forms.JSONField):
    """JSON as an agent's is read: no repeated keys, no NaN, no NUL, nothing too deep."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4, "class": "mono"}))
        super().__init__(**kwargs)
        # Told by what stands in the row, not by a copy of it in the page.
        self.show_hidden_initial = False

    def to_python(self, value: Any) -> Any:
        if self.disabled or not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return gate.parse(value.encode("utf-8", "surrogatepass"))
        except Malformed as wrong:
            place = f"{wrong.pointer}: " if wrong.pointer else ""
            raise forms.ValidationError(f"{place}{wrong.detail}", code=wrong.code) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, as it was typed: it may be too deep to be read at all."""
        return initial if self.disabled else InvalidJSONInput(data or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, InvalidJSONInput):
            return value
        if value is None:
            return ""
        text = json.dumps(value, ensure_ascii=False)
        fits = len(text) <= ONE_LINE
        return text if fits else json.dumps(value, ensure_ascii=False, indent=2)


class LinesField(forms.CharField):
    """A list of short texts, one on each line."""

    def __init__(self, **kwargs: Any) -> None:
        for unknown in ("encoder", "decoder"):
            kwargs.pop(unknown, None)
        super().__init__(**{"widget": forms.Textarea(attrs={"rows": 3}), **kwargs})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = (super().to_python(value) or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class LiteralField(forms.CharField):
    """One value: JSON where it reads as JSON, and plain text otherwise."""

    def clean(self, value: Any) -> Any:
        """What was typed; it is only empty if nothing was, for "" and null are values."""
        if not str(value or "").strip():
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return self.to_python(value)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        try:
            return gate.parse(text.encode("utf-8", "surrogatepass"))
        except Malformed:
            return text

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        return json.dumps(value, ensure_ascii=False) if self.to_python(value) != value else value
