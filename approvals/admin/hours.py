"""Working hours as inputs: from and until, for each day of the week."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from approvals.rules.rota import WEEKDAYS


class HoursWidget(forms.MultiWidget):
    def __init__(self) -> None:
        clocks: dict[str, forms.Widget | type[forms.Widget]] = {
            f"{day}_{edge}": forms.TimeInput(
                format="%H:%M", attrs={"type": "time", "aria-label": f"{day.title()} {edge}"}
            )
            for day in WEEKDAYS
            for edge in ("from", "until")
        }
        super().__init__(clocks)

    def decompress(self, value: Any) -> list[str | None]:
        hours = value or {}
        return [clock for day in WEEKDAYS for clock in hours.get(day, (None, None))]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        parts = self.get_context(name, value, attrs)["widget"]["subwidgets"]
        clocks = [
            widget.render(part["name"], part["value"], part["attrs"], renderer)
            for widget, part in zip(self.widgets, parts, strict=True)
        ]
        days = zip((day.title() for day in WEEKDAYS), clocks[::2], clocks[1::2], strict=True)
        row = '<div><span>{}</span>{}<span aria-hidden="true">–</span>{}</div>'
        return format_html('<div class="hours">{}</div>', format_html_join("", row, days))


class HoursField(forms.MultiValueField):
    """{"mon": ["09:00", "17:00"], …}; a day that is left empty has none."""

    widget = HoursWidget

    def __init__(self, **kwargs: Any) -> None:
        clocks = [forms.TimeField(required=False) for _ in WEEKDAYS for _ in range(2)]
        super().__init__(clocks, require_all_fields=False, **kwargs)

    def compress(self, clocks: list[Any]) -> dict[str, list[str]]:
        hours = {}
        # If nothing at all is typed, the list is empty.
        for day, begins, ends in zip(WEEKDAYS, clocks[::2], clocks[1::2], strict=False):
            if (begins is None) != (ends is None):
                raise forms.ValidationError(f"{day.title()} needs both a beginning and an end.")
            if begins is not None:
                hours[day] = [f"{begins:%H:%M}", f"{ends:%H:%M}"]
        return hours
