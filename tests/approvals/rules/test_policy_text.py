import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import policy_text
from approvals.rules.policy_text import Document, Unreadable

EXACT = 2**53 - 1
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(-EXACT, EXACT, allow_nan=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)


def the_value_in(text):
    return policy_text.read(text).checkpoints[0]["value"]


class TestWritingAndReading:
    @given(JSON)
    def test_gives_back_every_value_and_the_same_text(self, value):
        text = policy_text.write(Document([{"value": value}], []))

        # repr, because to Python 1 and True and 1.0 are equal.
        assert repr(the_value_in(text)) == repr(value)
        assert policy_text.write(policy_text.read(text)) == text

    @pytest.mark.parametrize(
        "text",
        [
            *("off", "on", "yes", "No", "2026-11-02", "1:30", "010", "0o7", "1e3", "1_000", "~"),
            *("=", "<<", "null", "true", "1.5", ".5", "+1", "0x1F", ".inf", "a: b", "- x", "#"),
            *("", "\n", "a\n b", "\ufeff", "\x85", "\u2028", "x ", "|", "{", "a\tb\n"),
        ],
    )
    def test_keeps_text_that_looks_like_something_else(self, text):
        assert the_value_in(policy_text.write(Document([{"value": text}], []))) == text

    def test_puts_what_is_short_on_one_line_and_wording_in_a_block(self):
        entry = {"name": "refunds", "guidelines": "One.\nTwo.", "tiers": {"director": 0.6}}

        assert policy_text.written(entry) == (
            "name: refunds\nguidelines: |-\n  One.\n  Two.\ntiers: {director: 0.6}\n"
        )


class TestReading:
    @pytest.mark.parametrize("word", ["on", "off", "yes", "no", "2026-11-02", "12:30:00"])
    def test_takes_a_bare_word_for_a_word(self, word):
        assert the_value_in(f"checkpoints: [{{value: {word}}}]") == word

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            (
                "checkpoints:\n- name: a\n  name: b\n",
                "line 3, column 3: the key 'name' is there twice",
            ),
            ("checkpoints: &all []\ntemplates: *all\n", "anchors and aliases are not allowed"),
            ("checkpoints: !!python/object:os.system []\n", "tags are not allowed"),
            ("checkpoints:\n- {1: 2}\n", "line 2, column 4: the key 1 must be text"),
            ("checkpoints: [\n", "expected the node content"),
            ("checkpoints: " + "[" * 5000, "nested deeper than"),
            ("checkpoints: [{value: " + "9" * 5000 + "}]", "too many digits"),
            ('checkpoints: [{value: "\\0"}]', "NUL"),
            ("checkpoints: [{value: \x00}]", "not allowed"),
            ("checkpoints: many\n", "checkpoints must be a list"),
            ("templates: [small_refund]\n", r"templates\[0\] must have a name"),
            ("rules: []\n", "there is no section 'rules'"),
            ("", "both lists"),
            ("- name: a\n", "both lists"),
            ("# " + "x" * policy_text.MAX_BYTES, "at most 1,048,576 bytes"),
        ],
    )
    def test_refuses_what_is_no_policy_and_says_where(self, text, says):
        with pytest.raises(Unreadable, match=says):
            policy_text.read(text)
