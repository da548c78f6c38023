"""Text that agents wrote, on admin pages: inert, and folded where it is long."""

import json
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.templatetags.placet_text import agent_text, counted, shown, split_for_fold

IN_A_LIST = 90


def brief(value: Any) -> SafeString:
    """The beginning of a text, for a cell of a list."""
    text = str(value)
    if len(text) <= IN_A_LIST:
        return agent_text(text)
    return format_html("<bdi>{}</bdi> <small>{}</small>", shown(text[:IN_A_LIST]), "…")


def whole(value: Any) -> SafeString:
    """All of a text, its end in a fold that counts it."""
    lead, rest = split_for_fold(str(value))
    context = {"lead": lead, "rest": rest, "counted": counted(rest, "more")}
    return SafeString(render_to_string("components/folded.html", context))


def json_text(text: str) -> SafeString:
    """A stored JSON text, laid out to be read."""
    if not text:
        return format_html("<span>{}</span>", "none")
    return whole(json.dumps(json.loads(text), indent=2, ensure_ascii=False))


def json_value(value: Any) -> SafeString:
    return whole(json.dumps(value, indent=2, ensure_ascii=False))
