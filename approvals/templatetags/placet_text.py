"""
Words that Placet did not write, made safe and honest to look at.

Nothing here trusts its input: text is escaped, and what would be invisible, or would
push its neighbours away, is replaced on screen by a mark that says what stands there.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Protocol

from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from approvals.rules import spoofing
from approvals.rules.canonical import canonical

register = template.Library()

# Emptiness long enough to push what follows out of sight.
PADDING = re.compile(r"\n(?:[^\S\n]*\n){4,}|[^\S\n]{40,}")

# Of more marks in a row than this, the first few stand for all.
MARKS_IN_A_ROW, MARKS_LEFT = 12, 4

# A value in a sentence shows this much of both ends; the payload shows it whole.
HEAD_CHARS, TAIL_CHARS = 200, 60

# A text is folded past either limit, and then shows this much before the fold.
FOLD_CHARS, FOLD_LINES = 900, 16
LEAD_CHARS, LEAD_LINES = 600, 10


class Part(Protocol):
    """
    A piece of an effect sentence.

    `kind` is `text` (the checkpoint's own words), `lifted` (a value out of the sealed
    payload), `claimed` (a figure only the agent gives) or `missing` (there is no such
    value; `value` says which).
    """

    kind: str
    value: Any


@register.filter
def agent_text(value: Any) -> SafeString:
    """Text from an agent as escaped, direction-isolated HTML with every trick marked."""
    return format_html("<bdi>{}</bdi>", shown("" if value is None else str(value)))


@register.filter
def oddities(value: Any) -> list[str]:
    """What a reader should know about the characters of a text, a sentence each."""
    return [finding.words for finding in spoofing.findings(str(value))]


@register.inclusion_tag("components/effect.html")
def effect(parts: Iterable[Part]) -> dict[str, Any]:
    """The effect sentence, each value drawn after where it comes from."""
    html = {"text": agent_text}
    return {"parts": [(part.kind, html.get(part.kind, in_sentence)(part.value)) for part in parts]}


@register.inclusion_tag("components/folded.html")
def folded(value: Any, opened: Any = False) -> dict[str, Any]:
    """A text of any length: whole, or its beginning and a fold that counts the rest."""
    lead, rest = split_for_fold(str(value))
    return {"lead": lead, "rest": rest, "counted": counted(rest, "more"), "opened": opened}


@register.inclusion_tag("components/agent_quote.html")
def agent_quote(by: str, text: Any = "", facts: Any = ()) -> dict[str, Any]:
    """
    What the agent claims, under the line that says who wrote it and that nobody checked.

    :param by: the agent as Placet knows it ("finance-agent v4")
    :param facts: further claims, a mapping or (label, any JSON value) pairs
    """
    pairs = facts.items() if isinstance(facts, Mapping) else facts
    rows = [row for label, value in pairs for row in leaves(value, label)]
    said = [text or "", *(part for row in rows for part in row)]
    odd = dict.fromkeys(words for part in said for words in oddities(part))
    return {"by": by, "text": text, "rows": rows, "odd": list(odd)}


def shown(text: str) -> SafeString:
    """Escaped text in which marks stand for what could deceive."""
    return format_html_join("", "{}", ((_drawn(kind, value),) for kind, value in _segments(text)))


def in_sentence(value: Any) -> SafeString:
    """A value as it reads inside a sentence; a very long one keeps both of its ends."""
    text = value if isinstance(value, str) else spelled(value)
    left_out = len(text) - HEAD_CHARS - TAIL_CHARS
    if left_out <= TAIL_CHARS:
        return agent_text(text)
    return format_html(
        '<bdi>{} <span class="u">{} more characters, shown below</span> {}</bdi>',
        shown(text[:HEAD_CHARS]),
        f"{left_out:,}",
        shown(text[-TAIL_CHARS:]),
    )


def counted(text: str, which: str) -> str:
    """The size of a text that is folded away: "1,204 more characters on 12 lines"."""
    lines = text.count("\n") + 1
    return f"{len(text):,} {which} characters" + (f" on {lines:,} lines" if lines > 1 else "")


def spelled(value: Any) -> str:
    """A JSON value that is not a string, written as it is sealed; structures as a plain list."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict | list):
        return ", ".join(f"{label}: {leaf}" if label else leaf for label, leaf in leaves(value))
    return canonical(value) if isinstance(value, float) else str(value)


def leaves(value: Any, label: str = "") -> Iterator[tuple[str, str]]:
    """Every plain value inside a JSON value, as text, with the keys that lead to it."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from leaves(item, f"{label} / {key}" if label else key)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, label)
    elif isinstance(value, dict | list | str) and not value:
        yield label, "(empty)"
    else:
        yield label, value if isinstance(value, str) else spelled(value)


def split_for_fold(text: str) -> tuple[str, str]:
    """
    What is shown at once, and what a fold hides; the second is empty if all fits.

    The cut falls on a line end or a space where one is near, and never tears a combining
    mark off its letter.
    """
    visible = PADDING.sub("\n", text)
    if len(visible) <= FOLD_CHARS and visible.count("\n") < FOLD_LINES:
        return text, ""
    cut = _after_lines(text, LEAD_LINES)
    if cut > LEAD_CHARS:
        cut = max(text.rfind(" ", LEAD_CHARS - 60, LEAD_CHARS) + 1, LEAD_CHARS - 60)
    while cut < len(text) and unicodedata.combining(text[cut]):
        cut += 1
    return text[:cut], text[cut:]


def _after_lines(text: str, count: int) -> int:
    """Where the line after the first `count` begins; padding counts as a single line."""
    position = 0
    for _ in range(count):
        found = text.find("\n", position)
        if found < 0:
            return len(text)
        padding = PADDING.match(text, found)
        position = padding.end() if padding else found + 1
    return position


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """The segments of `spoofing.marked`, long emptiness and long rows of marks set apart."""
    for is_mark, run in groupby(spoofing.marked(text), key=lambda segment: segment[0] == "mark"):
        values = [value for _, value in run]
        if is_mark:
            drawn = values if len(values) <= MARKS_IN_A_ROW else values[:MARKS_LEFT]
            yield from (("mark", mark) for mark in drawn)
            if rest := len(values) - len(drawn):
                yield "note", f"{rest:,} more such characters"
        else:
            yield from _with_padding("".join(values))


def _with_padding(text: str) -> Iterator[tuple[str, str]]:
    end = 0
    for padding in PADDING.finditer(text):
        yield "text", text[end : padding.start()]
        blank_lines = padding.group().count("\n") - 1
        if blank_lines > 0:
            yield from (("text", "\n"), ("note", f"{blank_lines:,} blank lines"), ("text", "\n"))
        else:
            spaces = len(padding.group())
            yield from (("text", " "), ("note", f"{spaces:,} spaces"), ("text", " "))
        end = padding.end()
    yield "text", text[end:]


def _drawn(kind: str, value: str) -> SafeString:
    if kind == "mark":
        return format_html('<span class="u" title="{}">{}</span>', spoofing.name_of(value), value)
    if kind == "note":
        return format_html('<span class="u">{}</span>', value)
    return escape(value)
