"""Form fields for times and shares, as people write them."""

import re
from typing import Any

from django import forms

UNITS = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
_OTHER_NAMES = {
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hour", "hours"), "h"),
    **dict.fromkeys(("m", "minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("sec", "second", "seconds", ""), "s"),
}
_PART = re.compile(r"\s*(\d{1,9})\s*([a-z]*)\s*,?")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%?")


class SecondsField(forms.CharField):
    """Whole seconds, written and shown as `4 h`, `1 d 12 h` or `90`."""

    def __init__(self, *, least: int = 0, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least, self.most = least, most

    def prepare_value(self, value: Any) -> Any:
        return in_words(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]
        text = (super().to_python(value) or "").lower()
        if not text:
            return None
        seconds, place = 0, 0
        while place < len(text):
            part = _PART.match(text, place)
            unit = part and _OTHER_NAMES.get(part[2], part[2])
            if not part or unit not in UNITS:
                raise forms.ValidationError("Write it as 4 h, 30 min or 1 d 12 h.")
            seconds += int(part[1]) * UNITS[unit]
            place = part.end()
        if not self.least <= seconds <= self.most:
            words = f"It must be from {in_words(self.least)} to {in_words(self.most)}."
            raise forms.ValidationError(words)
        return seconds

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True


def in_words(seconds: int) -> str:
    """`5400` as `1 h 30 min`."""
    parts = []
    for unit, length in UNITS.items():
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"


class SharesField(forms.CharField):
    """A list of shares of a whole, 0.0–1.0, written and shown as `50 %, 90 %`."""

    def __init__(self, **kwargs: Any) -> None:
        for unknown in ("encoder", "decoder"):
            kwargs.pop(unknown, None)
        super().__init__(**{"required": False, **kwargs})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return ", ".join(f"{round(share * 100, 4):g} %" for share in value)

    def to_python(self, value: Any) -> list[float]:  # type: ignore[override]
        parts = [part.strip() for part in (super().to_python(value) or "").split(",")]
        shares = []
        for part in filter(None, parts):
            if not (written := _PERCENT.fullmatch(part)):
                raise forms.ValidationError("Write shares of the time: 50 %, 90 %.")
            shares.append(round(float(written[1]) / 100, 6))
        return shares

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != list(initial or [])
        except forms.ValidationError:
            return True
