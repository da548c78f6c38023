"""The edit form of an action's arguments: a field for each, typed where that is simple."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from approvals.forms import checked
from approvals.rules import gate, spoofing
from approvals.rules.canonical import canonical
from approvals.rules.gate import Malformed
from approvals.templatetags.placet_text import agent_text

# A text longer than this, or with a line end, is edited in a box of several lines.
ONE_LINE = 72
MOST_FIELDS = 60


class ArgumentField(forms.Field):
    """A field that knows the argument's key and its value before the edit."""

    def __init__(self, key: str, *, before: Any, **kwargs: Any) -> None:
        self.key, self.before = key, before
        label = agent_text(key) if isinstance(key, str) else key
        super().__init__(label=label, **kwargs)

    def validate(self, value: Any) -> None:
        """Nothing is too empty: an agent's argument may be "" or null, and stay so."""


class TextField(ArgumentField):
    """A string. An unchanged one stays as it is, whatever a browser does to line ends."""

    def __init__(self, key: str, *, before: str, **kwargs: Any) -> None:
        lines = before.count("\n") + len(before) // ONE_LINE + 1
        is_long = "\n" in before or "\r" in before or len(before) > ONE_LINE
        widget = (
            forms.Textarea({"rows": min(lines + 1, 14), "dir": "auto"})
            if is_long
            else forms.TextInput({"dir": "auto"})
        )
        super().__init__(key, before=before, widget=widget, initial=before, **kwargs)

    def to_python(self, value: Any) -> str:
        text = _one_line_end(value or "")
        return self.before if text == _one_line_end(self.before) else checked(text)


class NumberField(ArgumentField):
    """A number as JSON writes it: `30`, `0.5`, `-1e3`."""

    def __init__(self, key: str, *, before: Any, is_integer: bool = False, **kwargs: Any) -> None:
        self.is_integer = is_integer
        initial = "" if before is None else json.dumps(before)
        widget = forms.TextInput({"inputmode": "numeric" if is_integer else "decimal"})
        super().__init__(key, before=before, widget=widget, initial=initial, **kwargs)

    def to_python(self, value: Any) -> int | float | None:
        if not (value or "").strip() and self.before is None:
            return None
        try:
            number = gate.parse((value or "").strip().encode())
        except Malformed:
            number = None
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise forms.ValidationError("Write a number, such as 30 or 0.5.")
        if self.is_integer and number != int(number):
            raise forms.ValidationError("Write a whole number.")
        return number


class TruthField(ArgumentField):
    """true or false, as two radios: an unticked box could also mean that nobody looked."""

    widget = forms.RadioSelect(choices=[("true", "true"), ("false", "false")])

    def __init__(self, key: str, *, before: Any, **kwargs: Any) -> None:
        super().__init__(key, before=before, initial=json.dumps(before), **kwargs)

    def to_python(self, value: Any) -> bool | None:
        if value in ("true", "false"):
            return value == "true"
        if value in ("", None, "null") and self.before is None:
            return None
        raise forms.ValidationError("Choose true or false.")


class ChoiceField(ArgumentField):
    """One of the values that the schema lists, whatever their types."""

    def __init__(self, key: str, *, before: Any, values: list[Any], **kwargs: Any) -> None:
        listed = values if before in values else [before, *values]
        self.values = {json.dumps(value): value for value in listed}
        choices = [
            (code, spoofing.spelled_out(value) if isinstance(value, str) else code)
            for code, value in self.values.items()
        ]
        widget = forms.Select(choices=choices)
        super().__init__(key, before=before, widget=widget, initial=json.dumps(before), **kwargs)

    def to_python(self, value: Any) -> Any:
        if value not in self.values:
            raise forms.ValidationError("Choose one of the values.")
        return self.values[value]


class JsonField(ArgumentField):
    """Anything else, as JSON text."""

    def __init__(
        self, key: str, *, before: Any, must_be_object: bool = False, **kwargs: Any
    ) -> None:
        self.must_be_object = must_be_object
        text = json.dumps(before, indent=2, ensure_ascii=False)
        widget = forms.Textarea(
            {"rows": min(text.count("\n") + 4, 20), "class": "mono", "spellcheck": "false"}
        )
        super().__init__(key, before=before, widget=widget, initial=text, **kwargs)

    def to_python(self, value: Any) -> Any:
        try:
            found = gate.parse((value or "").encode())
        except Malformed as wrong:
            raise forms.ValidationError(f"This is not JSON as we take it: {wrong.detail}") from None
        if self.must_be_object and not isinstance(found, dict):
            raise forms.ValidationError("The arguments must stay a JSON object, in { }.")
        return found


class ArgumentForm(forms.Form):
    """
    A field for each argument, in the order they are sealed in.

    `is_whole` instead edits all of them as one JSON text, which can also add and remove.
    """

    WHOLE = "arguments"
    use_required_attribute = False

    def __init__(
        self,
        data: Any = None,
        *,
        arguments: Mapping[str, Any],
        schema: Mapping[str, Any],
        is_whole: bool = False,
    ) -> None:
        super().__init__(data)
        self.before = dict(arguments)
        self.is_whole = is_whole or not arguments or len(arguments) > MOST_FIELDS
        if self.is_whole:
            whole = JsonField("Arguments", before=self.before, must_be_object=True)
            self.fields[self.WHOLE] = whole
            return
        for place, (key, value) in enumerate(arguments.items()):
            self.fields[f"a{place}"] = _field_for(key, value, _schema_of(key, schema))

    def arguments(self) -> dict[str, Any]:
        """The arguments as edited; wants a valid form."""
        if self.is_whole:
            return self.cleaned_data[self.WHOLE]
        return {field.key: self.cleaned_data[name] for name, field in self.fields.items()}  # type: ignore[attr-defined]

    def changed(self) -> set[str]:
        """The names of the fields whose value is another now."""
        if not self.is_bound:
            return set()
        return {
            name
            for name, field in self.fields.items()
            if name in self.errors or not _same(field.before, self.cleaned_data.get(name))  # type: ignore[attr-defined]
        }


def _field_for(key: str, value: Any, schema: Mapping[str, Any]) -> ArgumentField:
    help_text = _help(schema)
    allowed = schema.get("enum")
    kind = schema.get("type")
    if isinstance(allowed, list) and 0 < len(allowed) <= 100:
        return ChoiceField(key, before=value, values=allowed, help_text=help_text)
    if isinstance(value, bool) or (value is None and kind == "boolean"):
        return TruthField(key, before=value, help_text=help_text)
    if isinstance(value, int | float) or (value is None and kind in ("number", "integer")):
        return NumberField(key, before=value, is_integer=kind == "integer", help_text=help_text)
    if isinstance(value, str):
        return TextField(key, before=value, help_text=help_text)
    return JsonField(key, before=value, help_text=help_text)


def _schema_of(key: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = schema.get("properties")
    found = properties.get(key) if isinstance(properties, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _help(schema: Mapping[str, Any]) -> SafeString | str:
    """The schema's own words about a field, which are the agent's, and its bounds."""
    bounds = [
        f"{words} {schema[name]}"
        for name, words in (("minimum", "at least"), ("maximum", "at most"))
        if isinstance(schema.get(name), int | float)
    ]
    said = schema.get("description")
    parts = [said] if isinstance(said, str) else []
    return agent_text("; ".join([*parts, *bounds])) if parts or bounds else ""


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _same(one: Any, other: Any) -> bool:
    # Python holds 1 equal to True; what is sealed does not.
    return canonical(one) == canonical(other)
