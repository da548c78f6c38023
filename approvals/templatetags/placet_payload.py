"""The payload, leaf by leaf, and what an edit does to it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.rules import diffing
from approvals.templatetags.placet_text import counted, oddities, shown, spelled

register = template.Library()

# So many fields stand open; the others wait in a fold that counts them.
OPEN_ROWS = 60

# Text that could be taken for another kind of JSON value, or for nothing at all.
AMBIGUOUS = re.compile(r'-?\d[\d.]*(?:[eE][+-]?\d+)?|true|false|null|\{\}|\[\]|".*"|', re.DOTALL)

# In a diff, an unchanged run longer than this folds its middle.
SAME_CHARS, SAME_EDGE = 400, 120


class Mark(Protocol):
    """
    An anomaly the server found at one field.

    `pointer` is a JSON pointer ("/amount"); `title` and `detail` are our words. `touch`
    asks the reviewer to confirm having looked; `touched` says they did.
    """

    pointer: str
    title: str
    detail: str
    touch: bool
    touched: bool


@dataclass(slots=True)
class Row:
    """One leaf: the keys above it, its own key, its value as text, and what is odd there."""

    pointer: str
    above: str
    key: str
    text: str
    kind: str
    odd: list[str]
    marks: list[Mark] = field(default_factory=list)


@register.inclusion_tag("components/payload.html")
def payload(value: Any, marks: Iterable[Mark] = (), form: str = "") -> dict[str, Any]:
    """
    Any JSON value as rows of key and value, nothing left out.

    :param marks: anomalies, drawn at the field they concern, or above all if it is absent
    :param form: id of the form that the "I have looked at this" boxes belong to
    """
    rows = list(_rows(value, ()))
    elsewhere = _attach(marks, rows)
    return {
        "rows": rows[:OPEN_ROWS],
        "folded_rows": rows[OPEN_ROWS:],
        "opened": any(row.marks for row in rows[OPEN_ROWS:]),
        "elsewhere": elsewhere,
        "form": form,
    }


@register.inclusion_tag("components/diff.html")
def diff(before: Any, after: Any) -> dict[str, Any]:
    """What changed between two JSON values, and the names of what did not."""
    return {
        "changes": [
            {
                "kind": change.kind,
                "key": "/".join(_token(step) for step in change.path),
                "before": _plain(change.before),
                "after": _plain(change.after),
                "pieces": list(_pieces(change.segments)),
            }
            for change in diffing.changes(before, after)
        ],
        "unchanged": diffing.unchanged_keys(before, after),
    }


@register.filter
def segment(part: diffing.Segment) -> SafeString:
    """One run of a word-level diff as text, `<ins>` or `<del>`."""
    tag = {"ins": "<ins>{}</ins>", "del": "<del>{}</del>"}.get(part.kind, "{}")
    return format_html(tag, shown(part.text))


def _rows(value: Any, path: tuple[str, ...]) -> Iterator[Row]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _rows(item, (*path, _token(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _rows(item, (*path, str(index)))
    else:
        above = "".join(f"{step}/" for step in path[:-1])
        pointer = "".join(f"/{step}" for step in path)
        text, key = _plain(value), path[-1] if path else ""
        odd = [*oddities(pointer), *oddities(text)]
        yield Row(pointer, above, key, text, _kind(value), odd)


def _token(key: str | int) -> str:
    """A key as a reference token of RFC 6901, so that a slash in it cannot pose as a level."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return _structure(value)
    return spelled(value)


def _structure(value: dict[str, Any] | list[Any]) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    return "\n".join(f"{row.pointer[1:]}: {row.text}" for row in _rows(value, ()))


def _kind(value: Any) -> str:
    """
    How a value is drawn: `text`, `quoted` text or `literal`.

    Ambiguous text stands in quotes, because "2" and 2 are sealed differently.
    """
    if not isinstance(value, str):
        return "literal"
    return "quoted" if AMBIGUOUS.fullmatch(value) or value != value.strip() else "text"


def _attach(marks: Iterable[Mark], rows: list[Row]) -> list[Mark]:
    """Give each mark to the first row at or below its pointer; return those without one."""
    elsewhere: list[Mark] = []
    for mark in marks:
        below = f"{mark.pointer}/"
        at = (row for row in rows if row.pointer == mark.pointer or row.pointer.startswith(below))
        row = next(at, None)
        (row.marks if row else elsewhere).append(mark)
    return elsewhere


def _pieces(segments: list[diffing.Segment]) -> Iterator[dict[str, Any]]:
    """A diff for the screen: the middle of a long unchanged run becomes a counted fold."""
    for part in segments:
        if part.kind == "same" and len(part.text) > SAME_CHARS:
            middle = part.text[SAME_EDGE:-SAME_EDGE]
            yield {"part": diffing.Segment("same", part.text[:SAME_EDGE])}
            yield {"fold": middle, "counted": counted(middle, "unchanged")}
            yield {"part": diffing.Segment("same", part.text[-SAME_EDGE:])}
        else:
            yield {"part": part}
