"""
Characters that deceive the eye: hidden, reordering, look-alike, stacked.

Nothing is ever altered. `marked` says where a screen has to show a mark instead of a
character, `findings` says in words what is odd about a text. The kinds of characters
are Unicode's own (UAX #9 for bidi, UAX #44 for the categories, UTS #51 for emoji).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from approvals.rules.limits import Path, pointer_to
from approvals.rules.lookalikes import Double, Mixture, doubles, mixtures, script_of, words_of

T = TypeVar("T")

MAX_STACKED = 4  # combining marks on one letter; no living orthography needs more
MAX_FINDINGS = 200  # of one scan
MAX_EXAMPLES = 3  # words or characters that a finding names
MAX_QUOTED = 63  # characters of a word in a finding; also the longest label of a host name

BIDI_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
# Letters and marks that are drawn as nothing; format characters are found by category.
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# The few format characters that are drawn: signs before Arabic and other numbers.
DRAWN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
JOINERS = frozenset("\u200c\u200d")
SELECTOR = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
TAG = re.compile("[\U000e0000-\U000e007f]")
TAG_OFFSET = 0xE0000  # a tag stands for the ASCII character this far below
OTHER_EMOJI = frozenset("\u203c\u2049\u2139\u3030\u303d")  # by category letters or punctuation
UNSEEN_ASCII = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# The flags of England, Scotland and Wales, the only use of tags that Unicode recommends.
FLAG = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067"
    "|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
JOINING_SCRIPTS = frozenset(
    "ARABIC SYRIAC MONGOLIAN DEVANAGARI BENGALI GURMUKHI GUJARATI ORIYA TAMIL TELUGU KANNADA "
    "MALAYALAM SINHALA MYANMAR KHMER TIBETAN".split()
)
NAMES_OF_CONTROLS = (
    "NULL,START OF HEADING,START OF TEXT,END OF TEXT,END OF TRANSMISSION,ENQUIRY,ACKNOWLEDGE,"
    "BELL,BACKSPACE,TAB,LINE FEED,LINE TABULATION,FORM FEED,CARRIAGE RETURN,SHIFT OUT,SHIFT IN,"
    "DATA LINK ESCAPE,DEVICE CONTROL ONE,DEVICE CONTROL TWO,DEVICE CONTROL THREE,"
    "DEVICE CONTROL FOUR,NEGATIVE ACKNOWLEDGE,SYNCHRONOUS IDLE,END OF TRANSMISSION BLOCK,CANCEL,"
    "END OF MEDIUM,SUBSTITUTE,ESCAPE,INFORMATION SEPARATOR FOUR,INFORMATION SEPARATOR THREE,"
    "INFORMATION SEPARATOR TWO,INFORMATION SEPARATOR ONE"
).split(",")
NOUNS = {
    "bidi_control": "reordering control",
    "invisible": "invisible character",
    "control": "control character",
    "tag": "invisible tag character",
    "combining": "stacked combining mark",
}


@dataclass(frozen=True)
class Finding:
    """`code` is stable, `count` in characters, `words` for a screen; `pointer` after a scan."""

    code: str
    count: int
    words: str
    pointer: str = ""


def marked(text: str) -> list[tuple[str, str]]:
    """
    `text` in segments: `("text", …)` to be shown as it is, and `("mark", "U+202E")`.

    A mark stands for one character that would not be seen, or would move its neighbours;
    with those characters back in place the segments give `text` again.
    """
    segments, start = [], 0
    for index, _ in _deceivers(text):
        if index > start:
            segments.append(("text", text[start:index]))
        segments.append(("mark", f"U+{ord(text[index]):04X}"))
        start = index + 1
    if start < len(text):
        segments.append(("text", text[start:]))
    return segments


def spelled_out(text: str) -> str:
    """`text` for a terminal, a log or a plain e-mail, with the marks in brackets."""
    return "".join(value if kind == "text" else f"[{value}]" for kind, value in marked(text))


def name_of(mark: str) -> str:
    """The Unicode name behind a mark: `U+202E` is `RIGHT-TO-LEFT OVERRIDE`."""
    number = int(mark.removeprefix("U+"), 16)
    if number < len(NAMES_OF_CONTROLS):
        return NAMES_OF_CONTROLS[number]
    return unicodedata.name(chr(number), "DELETE" if number == 0x7F else "CONTROL")


def findings(text: str) -> list[Finding]:
    """What is odd about a text, at most one finding of each kind."""
    if _is_plain(text):
        return []
    found: dict[str, list[str]] = {}
    for index, code in _deceivers(text):
        found.setdefault(code, []).append(text[index])
    odd = [_finding(code, characters) for code, characters in found.items()]
    words = words_of(text)
    if mixed := mixtures(words):
        count = sum(len(mixture.strangers) for mixture in mixed)
        odd.append(Finding("mixed_script", count, _told(mixed, _about_mixture)))
    if alike := doubles(words):
        count = sum(len(double.word) for double in alike)
        odd.append(Finding("confusable", count, _told(alike, _about_double)))
    return odd


def scan(value: Any) -> list[Finding]:
    """Findings in every string and key of a JSON value, with pointers; at most 200."""
    return list(islice(_scan(value, ()), MAX_FINDINGS))


def _scan(value: Any, path: Path) -> Iterator[Finding]:
    if isinstance(value, str):
        for finding in findings(value):
            yield replace(finding, pointer=pointer_to(path))
    elif isinstance(value, dict):
        for key, item in value.items():
            for finding in findings(key):
                words = f"In the key: {finding.words}"
                yield replace(finding, words=words, pointer=pointer_to((*path, key)))
            yield from _scan(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _scan(item, (*path, index))


def _is_plain(text: str) -> bool:
    return text.isascii() and not UNSEEN_ASCII.search(text)


def _deceivers(text: str) -> Iterator[tuple[int, str]]:
    """Where the characters stand that need a mark, and of what kind each is."""
    if _is_plain(text):
        return
    in_flags = {at for flag in FLAG.finditer(text) for at in range(*flag.span())}
    stacked = 0
    for index, character in enumerate(text):
        kind = _kind(character)
        if kind is None:
            stacked = 0
        elif kind == "combining":
            stacked += 1
            if stacked > MAX_STACKED:
                yield index, kind
        elif kind in ("joiner", "selector"):
            if not _belongs(kind, text, index):
                yield index, "invisible"
        elif index not in in_flags and text[index : index + 2] != "\r\n":
            yield index, kind


@lru_cache(maxsize=4096)
def _kind(character: str) -> str | None:
    category = unicodedata.category(character)
    if character in BIDI_CONTROLS:
        return "bidi_control"
    if character in JOINERS:
        return "joiner"
    if SELECTOR.match(character):
        return "selector"
    if TAG.match(character):
        return "tag"
    if category in ("Cc", "Cs", "Zl", "Zp"):
        return None if character in "\n\t" else "control"
    if character in BLANKS or (category == "Cf" and character not in DRAWN_FORMATS):
        return "invisible"
    return "combining" if category in ("Mn", "Me") else None


def _belongs(kind: str, text: str, index: int) -> bool:
    """Whether a joiner or selector does there what it is for: in emoji, and some scripts."""
    before, after = text[max(index - 1, 0) : index], text[index + 1 : index + 2]
    if not before:
        return False
    script = unicodedata.name(before, "").partition(" ")[0]
    if kind == "joiner":
        in_a_picture = _is_picture(after) and (_is_picture(before) or before == "\ufe0f")
        return in_a_picture or script in JOINING_SCRIPTS
    if text[index] in "\ufe0e\ufe0f":
        return after == "\u20e3" if before in "0123456789#*" else _is_picture(before)
    return script in ("CJK", "MONGOLIAN") and script_of(before) != ""


def _is_picture(character: str) -> bool:
    if not character or character.isascii():
        return False
    return character in OTHER_EMOJI or unicodedata.category(character) in ("So", "Sm", "Sk")


def _finding(code: str, characters: list[str]) -> Finding:
    count = len(characters)
    what = f"{count:,} {NOUNS[code]}{'' if count == 1 else 's'}"
    if code != "tag":
        return Finding(code, count, f"{what}: {_told(list(dict.fromkeys(characters)), _about)}")
    ascii_text = "".join(chr(ord(tag) - TAG_OFFSET) for tag in characters)
    return Finding(code, count, f"{what}, in ASCII: {_quoted(ascii_text, limit=500)}")


def _about(character: str) -> str:
    mark = f"U+{ord(character):04X}"
    return f"{mark} {name_of(mark)}"


def _about_letter(letter: str) -> str:
    return f"{letter} is U+{ord(letter):04X}"


def _about_mixture(mixture: Mixture) -> str:
    scripts = " and ".join(script.capitalize() for script in mixture.scripts)
    letters = list(dict.fromkeys(mixture.strangers))
    return f"{_quoted(mixture.word)} mixes {scripts}: {_told(letters, _about_letter)}"


def _about_double(double: Double) -> str:
    kind = "styled" if double.script == "LATIN" else double.script.capitalize()
    return f"{_quoted(double.word)} reads as {_quoted(double.latin)} but is in {kind} letters"


def _quoted(word: str, *, limit: int = MAX_QUOTED) -> str:
    """A word as a finding may show it: hidden characters spelled out, with its host form."""
    shown = f'"{spelled_out(word[:limit])}{"…" if len(word) > limit else ""}"'
    if word.isascii() or len(word) > limit:
        return shown
    return f"{shown} (as a host xn--{word.encode('punycode').decode()})"


def _told(things: Sequence[T], tell: Callable[[T], str]) -> str:
    rest = len(things) - MAX_EXAMPLES
    told = ", ".join(map(tell, things[:MAX_EXAMPLES]))
    return f"{told} and {rest:,} more" if rest > 0 else told
