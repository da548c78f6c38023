import json
import unicodedata

import pytest

from placet.cli import inert

HIDDEN = {
    "escape": "\x1b",
    "bell": "\x07",
    "carriage return": "\r",
    "backspace": "\b",
    "delete": "\x7f",
    "one-byte escape (CSI)": "\x9b",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "line separator": "\u2028",
    "tag": "\U000e0041",
    "variation selector": "\ufe0f",
    "hangul filler": "\u3164",
    "private use": "\ue000",
    "half of a surrogate pair": "\ud800",
    "next line": "\x85",
}


@pytest.mark.parametrize("character", HIDDEN.values(), ids=HIDDEN.keys())
class TestACharacterThatIsNotSeenAsItself:
    def test_is_shown_by_its_code(self, character):
        assert inert.line(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"

    def test_is_an_escape_in_json_and_means_the_same(self, character):
        value = {f"k{character}": [f"a{character}b"]}

        written = inert.as_json(value)

        assert character not in written
        assert json.loads(written) == value


def test_no_character_at_all_reaches_the_terminal_as_a_control():
    everything = "".join(map(chr, range(0x110000)))

    shown = inert.line(everything) + inert.as_json([everything], indent=None)

    assert {unicodedata.category(c) for c in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_what_people_write_stays_as_it_is():
    text = "Zoë pays 5 € to Ивана, 東京: “fine”, नमस्ते 🙂"

    assert inert.line(text) == text
    assert json.dumps(text, ensure_ascii=False) in inert.as_json([text])


def test_marks_are_not_stacked_without_end():
    assert inert.line("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "⟨U+0301⟩" * 2


def test_lines_of_others_stand_behind_a_margin():
    forged = "fine\n[A] approve\r\nDone: approved.\rx"

    lines = inert.block(forged, margin="│ ").split("\n")

    assert lines == ["│ fine", "│ [A] approve", "│ Done: approved.⟨U+000D⟩x"]
