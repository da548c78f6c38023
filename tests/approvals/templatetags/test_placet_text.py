import re
from collections import namedtuple
from html.parser import HTMLParser

import pytest
from django.template import engines

from approvals.templatetags import placet_text

Part = namedtuple("Part", "kind value")
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "'\"><b>x",
    "data-hx-get hx-on:load <template><form action=/logout>",
    "[Approve](javascript:alert(1))",
    "{{7*7}} {% debug %}",
]


def drawn(source: str, **context) -> str:
    template = engines["django"].from_string(
        "{% load placet_text placet_payload placet_seal placet_time placet_marks %}" + source
    )
    return template.render(context)


class _Parsed(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.words = [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attributes]

    def handle_data(self, data):
        self.words.append(data)


def parsed(html: str) -> _Parsed:
    parser = _Parsed()
    parser.feed(html)
    return parser


def words(html: str) -> str:
    return " ".join("".join(parsed(html).words).split())


class TestAgentText:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_stays_text_character_for_character(self, text):
        page = parsed(placet_text.agent_text(text))

        assert page.tags == ["bdi"]
        assert "".join(page.words) == text

    @pytest.mark.parametrize(
        ("text", "mark"),
        [
            ("Refund \u202e00,01\u202c EUR", "U+202E"),
            ("ok\u200bok", "U+200B"),
            ("\x1b[2JApproved", "U+001B"),
            ("x\U000e0041", "U+E0041"),
        ],
    )
    def test_shows_what_would_not_be_seen(self, text, mark):
        html = placet_text.agent_text(text)

        assert f">{mark}</span>" in html
        assert text[text.index(chr(int(mark[2:], 16)))] not in html

    def test_names_the_character_behind_a_mark(self):
        assert 'title="RIGHT-TO-LEFT OVERRIDE"' in placet_text.agent_text("\u202e")

    def test_counts_marks_that_stand_in_long_rows(self):
        html = placet_text.agent_text("x" + "\u200b" * 500 + "y")

        assert html.count('<span class="u"') == 5
        assert "496 more such characters" in html

    def test_shows_padding_that_would_push_the_rest_out_of_sight(self):
        assert "399 blank lines" in placet_text.agent_text("ok" + "\n" * 400 + "rm -rf /")
        assert "5,000 spaces" in placet_text.agent_text("ok" + " " * 5000 + "rm -rf /")

    def test_leaves_ordinary_layout_alone(self):
        code = "def f():\n        return 1\n\n\ndef g():\n"

        assert "".join(parsed(placet_text.agent_text(code)).words) == code

    def test_is_empty_for_nothing_and_plain_for_numbers(self):
        assert placet_text.agent_text(None) == "<bdi></bdi>"
        assert placet_text.agent_text(1247) == "<bdi>1247</bdi>"


class TestEffect:
    def test_draws_each_value_after_where_it_comes_from(self):
        html = drawn(
            "{% effect parts %}",
            parts=[
                Part("text", "Deletes "),
                Part("lifted", "1,247"),
                Part("text", " accounts and "),
                Part("claimed", "3,891"),
                Part("missing", "(no /arguments/x)"),
            ],
        )

        assert '<b class="lifted"><bdi>1,247</bdi></b>' in html
        assert '<q class="claimed"><bdi>3,891</bdi>' in html
        assert '<b class="missing"><bdi>(no /arguments/x)</bdi></b>' in html
        assert html.strip().startswith('<span class="sentence">')

    @pytest.mark.parametrize("kind", ["text", "lifted", "claimed", "missing"])
    def test_escapes_every_kind_of_part(self, kind):
        html = drawn("{% effect parts %}", parts=[Part(kind, "<b onclick=x>\u202e")])

        assert "onclick" not in parsed(html).attributes
        assert "U+202E" in html

    def test_shows_both_ends_of_a_very_long_value_and_counts_the_middle(self):
        value = "https://good.example/" + "a" * 5000 + "@evil.example"

        text = words(drawn("{% effect parts %}", parts=[Part("lifted", value)]))

        assert text.startswith("https://good.example/")
        assert text.endswith("@evil.example")
        assert f"{len(value) - 260:,} more characters" in text


class TestFolded:
    LONG = "All is well. " * 100 + "Then delete everything."

    def test_keeps_a_long_text_whole_behind_a_count(self):
        page = parsed(html := drawn("{% folded text %}", text=self.LONG))
        lead, rest = placet_text.split_for_fold(self.LONG)

        assert lead + rest == self.LONG
        assert page.tags == ["div", "bdi", "details", "summary", "bdi"]
        assert f"{len(rest):,} more characters" in html
        assert "Then delete everything." in html

    def test_counts_lines_as_well(self):
        assert "on 30 lines" in drawn("{% folded text %}", text="\n".join("abcdefghij" * 4)[:79])

    def test_leaves_a_short_text_alone(self):
        assert "details" not in drawn("{% folded text %}", text="short\ntext")

    def test_does_not_hide_what_follows_padding(self):
        assert placet_text.split_for_fold("ok" + "\n" * 400 + "rm -rf /")[1] == ""

    def test_does_not_tear_a_mark_off_its_letter(self):
        lead, rest = placet_text.split_for_fold("e\u0301" * 1000)

        assert len(lead) % 2 == 0
        assert rest.startswith("e")


class TestAgentQuote:
    def test_says_who_wrote_it_and_that_nobody_checked(self):
        html = drawn('{% agent_quote by="finance-agent v4" text="Five are due." %}')

        assert words(html).startswith("Written by finance-agent v4, not verified")
        assert html.strip().startswith('<div class="quote" hx-disable>')

    def test_lists_every_claim_whatever_its_shape(self):
        facts = {
            "Scope": "5 vendors",
            "Instead": ["wait", "ask"],
            "customer": {"tier": "VIP"},
            "n": [],
        }

        text = words(drawn('{% agent_quote by="a" facts=facts %}', facts=facts))

        assert text.endswith("Scope 5 vendors Instead wait ask customer / tier VIP n (empty)")

    def test_warns_of_letters_that_look_like_others(self):
        html = drawn('{% agent_quote by="a" text=text %}', text="https://p\u0430ypal.example")

        assert re.search(r'class="odd".*mixes Cyrillic and Latin', html)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_makes_nothing_of_what_it_quotes(self, text):
        html = drawn(
            '{% agent_quote by="a" text=text facts=facts %}', text=text, facts={text: text}
        )

        page = parsed(html)
        assert set(page.tags) <= {"div", "p", "b", "blockquote", "bdi", "dl", "dt", "dd"}
        assert set(page.attributes) <= {"class", "hx-disable", "dir"}
        assert "".join(page.words).count(text) == 3
