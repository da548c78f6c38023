"""What would not be seen is marked; what deceives is named; nothing is altered."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules.spoofing import Finding, findings, marked, name_of, scan, spelled_out

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
NASTY = st.sampled_from("ab1 é\u0301\u20e3\u200d\u202e\ufe0f😀葛\U000e0100\x1b\n\r\U000e0041\ud800")


def tags(text):
    return "".join(chr(0xE0000 + ord(character)) for character in text)


class TestMarked:
    def test_parts_a_text_into_what_is_shown_and_what_is_marked(self):
        assert marked("Refund \u202e00,01\u202c EUR") == [
            ("text", "Refund "),
            ("mark", "U+202E"),
            ("text", "00,01"),
            ("mark", "U+202C"),
            ("text", " EUR"),
        ]

    @pytest.mark.parametrize(
        "character",
        [
            *("\u061c", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e"),
            *("\u2066", "\u2067", "\u2068", "\u2069"),
            *("\u00ad", "\u034f", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\u2061"),
            *("\u206a", "\u2800", "\u3164", "\uffa0", "\ufeff", "\ufff9", "\U0001d173"),
            *("\ufe00", "\ufe0e", "\ufe0f", "\U000e0100", "\U000e01ef", "\U000e0001"),
            *("\U000e0041", "\U000e007f", "\x00", "\x07", "\x08", "\x0b", "\x0c", "\r"),
            *("\x1b", "\x7f", "\x80", "\x85", "\x9b", "\u2028", "\u2029", "\ud800"),
        ],
        ids=lambda character: f"U+{ord(character):04X}",
    )
    def test_marks_what_is_not_seen_between_letters(self, character):
        assert marked(f"a{character}b") == [
            ("text", "a"),
            ("mark", f"U+{ord(character):04X}"),
            ("text", "b"),
        ]
        assert marked(character) == [("mark", f"U+{ord(character):04X}")]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "plain ASCII, with\ttabs\nand lines",
            "lines of\r\nanother kind",
            "café cafe\u0301 Łódź tiếng Việt",
            "Привет",
            "שָׁלוֹם עולם",
            "العربية ١٢٣",
            "日本語テキスト",
            f"{FAMILY} and {ENGLAND}",
            "❤️ ☺︎ 1️⃣ #️⃣ ℹ️ ‼️ 👁️\u200d🗨️ 👩🏽\u200d💻",
            "می\u200cخواهم",
            "क्\u200dष",
            "葛\U000e0100",
            "no\u00a0break",
            "e\u0301\u0302\u0303\u0304",
        ],
    )
    def test_leaves_alone_what_people_write(self, text):
        assert marked(text) == ([("text", text)] if text else [])

    @pytest.mark.parametrize(
        ("text", "marks"),
        [
            pytest.param("😀\ufe0f\ufe0f", 1, id="a selector too many"),
            pytest.param("😀" + "\U000e0101\U000e0110\ufe01" * 9, 27, id="bytes after an emoji"),
            pytest.param("1\ufe0f", 1, id="half a keycap"),
            pytest.param("葛\U000e0100\U000e0101", 1, id="two variants of one ideograph"),
            pytest.param("😀\u200da", 1, id="an emoji joined to a letter"),
            pytest.param("می\u200c\u200cخواهم", 1, id="a joiner too many"),
            pytest.param(f"\U0001f3f4{tags('evil')}\U000e007f", 5, id="a flag of nowhere"),
            pytest.param(f"{ENGLAND}{tags('x')}", 1, id="tags after a flag"),
            pytest.param("Z" + "\u0301" * 200, 196, id="marks stacked on a letter"),
            pytest.param("Z" + "\u0301\u034f" * 6, 8, id="marks stacked through a joiner"),
        ],
    )
    def test_marks_what_stands_where_it_does_nothing(self, text, marks):
        assert sum(kind == "mark" for kind, _ in marked(text)) == marks

    @given(st.text(NASTY) | st.text())
    def test_loses_nothing(self, text):
        back = [chr(int(v[2:], 16)) if kind == "mark" else v for kind, v in marked(text)]

        assert "".join(back) == text
        assert all(value for _, value in marked(text))

    @given(st.text(NASTY) | st.text(min_size=1))
    def test_leaves_nothing_to_mark(self, text):
        clean = spelled_out(text)

        assert not clean or marked(clean) == [("text", clean)]


class TestNames:
    @pytest.mark.parametrize(
        ("mark", "name"),
        [
            ("U+202E", "RIGHT-TO-LEFT OVERRIDE"),
            ("U+200B", "ZERO WIDTH SPACE"),
            ("U+E0041", "TAG LATIN CAPITAL LETTER A"),
            ("U+001B", "ESCAPE"),
            ("U+0000", "NULL"),
            ("U+007F", "DELETE"),
            ("U+009B", "CONTROL"),
        ],
    )
    def test_are_unicodes(self, mark, name):
        assert name_of(mark) == name

    def test_are_spelled_out_for_terminals_and_logs(self):
        hostile = "\x1b[2J\x1b[1;1HApproved\x9b\u202e"

        assert spelled_out(hostile) == "[U+001B][2J[U+001B][1;1HApproved[U+009B][U+202E]"


class TestFindings:
    @pytest.mark.parametrize(
        ("text", "finding"),
        [
            (
                "Refund \u202e00,01\u202c EUR",
                Finding(
                    "bidi_control",
                    2,
                    "2 reordering controls: U+202E RIGHT-TO-LEFT OVERRIDE, "
                    "U+202C POP DIRECTIONAL FORMATTING",
                ),
            ),
            (
                "one\u200bword",
                Finding("invisible", 1, "1 invisible character: U+200B ZERO WIDTH SPACE"),
            ),
            (
                "😀\ufe01\ufe02\ufe03\ufe04\ufe05",
                Finding(
                    "invisible",
                    5,
                    "5 invisible characters: U+FE01 VARIATION SELECTOR-2, "
                    "U+FE02 VARIATION SELECTOR-3, U+FE03 VARIATION SELECTOR-4 and 2 more",
                ),
            ),
            ("\x1b[2J", Finding("control", 1, "1 control character: U+001B ESCAPE")),
            (
                "hi" + tags("ignore all"),
                Finding("tag", 10, '10 invisible tag characters, in ASCII: "ignore all"'),
            ),
            (
                "Z" + "\u0301" * 200,
                Finding(
                    "combining", 196, "196 stacked combining marks: U+0301 COMBINING ACUTE ACCENT"
                ),
            ),
            (
                "p\u0430ypal.com",
                Finding(
                    "mixed_script",
                    1,
                    '"p\u0430ypal" (as a host xn--pypal-4ve) mixes Cyrillic and Latin: '
                    "\u0430 is U+0430",
                ),
            ),
            (
                "\u0430\u0440\u0440\u04cf\u0435",
                Finding(
                    "confusable",
                    5,
                    '"\u0430\u0440\u0440\u04cf\u0435" (as a host xn--80ak6aa92e) reads as "apple" '
                    "but is in Cyrillic letters",
                ),
            ),
        ],
    )
    def test_say_in_words_what_is_odd(self, text, finding):
        assert findings(text) == [finding]

    def test_are_one_of_a_kind(self):
        text = "\u200b\u200b \u202e p\u0430y p\u0430y p\u0430y p\u0430y"

        assert [(finding.code, finding.count) for finding in findings(text)] == [
            ("invisible", 2),
            ("bidi_control", 1),
            ("mixed_script", 4),
        ]
        assert findings(text)[-1].words.endswith(" and 1 more")

    def test_quote_no_hidden_character_and_no_endless_word(self):
        (hidden, mixed) = findings("p\u0430\u200b" + "y" * 100_000)

        assert hidden.code == "invisible"
        assert "[U+200B]" in mixed.words
        assert "\u200b" not in mixed.words
        assert len(mixed.words) < 300

    @pytest.mark.parametrize("text", ["", "plain", "café", "Привет", "日本語", f"{FAMILY} ❤️"])
    def test_are_none_for_an_honest_text(self, text):
        assert findings(text) == []


class TestScan:
    def test_points_at_the_value_or_the_key(self):
        found = scan({"to": ["ok", "p\u0430ypal"], "a/\u200bb": {"c": 1}, "n": None})

        assert [(f.code, f.pointer) for f in found] == [
            ("mixed_script", "/to/1"),
            ("invisible", "/a~1\u200bb"),
        ]
        assert found[1].words.startswith("In the key: 1 invisible character")

    def test_stops_at_two_hundred(self):
        assert len(scan(["\u200b"] * 5_000)) == 200

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("\u200b" * 87_000, id="invisible"),
            pytest.param("\x1b" * 262_000, id="controls"),
            pytest.param(" p\u0430" * 60_000, id="mixed words"),
            pytest.param("p\u0430" * 80_000, id="one mixed word"),
            pytest.param("a" + "\u0301" * 130_000, id="one letter with marks"),
            pytest.param(tags("a") * 65_000, id="tags"),
        ],
    )
    def test_takes_a_moment_for_the_worst_that_fits_a_body(self, text):
        started = time.perf_counter()

        assert scan([text])
        assert marked(text)

        assert time.perf_counter() - started < 3
