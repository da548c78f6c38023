"""
Text of others, made harmless for a terminal: nothing moves the cursor, hides or reorders.

Nothing is left out. A character that would not be seen as itself is shown by its code.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any

MOST_MARKS = 4  # combining marks on one letter; no living orthography needs more

# Control, format (bidi and zero width among them), surrogate, private, unassigned, and
# separators of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters and marks that are drawn as nothing.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def line(text: str) -> str:
    """In one line: line breaks are shown by their codes, too."""
    return _replaced(text, lambda character: f"⟨U+{ord(character):04X}⟩")


def block(text: str, *, margin: str) -> str:
    """
    In as many lines as it has, each behind `margin`.

    The margin is what tells it from our own lines: it cannot write one without.
    """
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(margin + line(each) for each in lines)


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """JSON to read and to edit: odd characters are escapes, which mean the same."""
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    # Outside of strings there is only ASCII, and line breaks of ours.
    return "\n".join(_replaced(each, _escape) for each in written.split("\n"))


def _replaced(text: str, code: Callable[[str], str]) -> str:
    shown = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hides = marks > MOST_MARKS or category in _UNSEEN or _BLANK.match(character)
        shown.append(code(character) if hides else character)
    return "".join(shown)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]
