import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import diffing
from approvals.rules.canonical import canonical

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab ", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy", max_size=2), inner),
    max_leaves=8,
)


def drawn(before, after):
    """The segments as one line: [-went-] and {+came+}."""
    frames = {"same": "{}", "del": "[-{}-]", "ins": "{{+{}+}}"}
    return "".join(frames[s.kind].format(s.text) for s in diffing.words(before, after))


def told(before, after):
    return [(c.kind, "/".join(map(str, c.path))) for c in diffing.changes(before, after)]


class TestWords:
    def test_replaces_a_figure_as_one_piece(self):
        assert drawn("refunded 20% and", "refunded 30% and") == "refunded [-20%-]{+30%+} and"
        assert drawn("+25% YoY", "+23% YoY") == "[-+25%-]{++23%+} YoY"
        assert drawn("pay $1,240.00", "pay $124.00") == "pay [-$1,240.00-]{+$124.00+}"

    def test_reads_neighbouring_words_as_one_replacement(self):
        assert drawn("the quick fox", "a slow fox") == "[-the quick-]{+a slow+} fox"

    def test_keeps_changes_on_different_lines_apart(self):
        assert drawn("one\ntwo", "1\n2") == "[-one-]{+1+}\n[-two-]{+2+}"

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [("", "", ""), ("", "a", "{+a+}"), ("a", "", "[-a-]"), ("same", "same", "same")],
    )
    def test_knows_the_edges(self, before, after, expected):
        assert drawn(before, after) == expected

    @given(st.text("ab\n 1%", max_size=30), st.text("ab\n 1%", max_size=30))
    def test_loses_nothing_of_either_text(self, before, after):
        segments = diffing.words(before, after)

        assert "".join(s.text for s in segments if s.kind != "ins") == before
        assert "".join(s.text for s in segments if s.kind != "del") == after
        assert all(s.text for s in segments)

    def test_compares_a_long_text_by_its_sentences(self):
        before = "".join(f"The sum of {n} and the rest of the it is a {n}. " for n in range(900))
        after = before.replace("of 450 and", "of 451 and").replace("of 700 and", "of 701 and")

        changed = [s for s in diffing.words(before, after) if s.kind != "same"]

        assert [s.kind for s in changed] == ["del", "ins", "del", "ins"]
        assert max(len(s.text) for s in changed) < 60

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([f"old{n}" for n in range(20_000)], [f"new{n}" for n in range(20_000)]),
            (["0"] * 3_000, ["0", "1"] * 1_500),
            (
                [word for n in range(2_000) for word in (f"both{n}", f"old{n}")],
                [word for n in range(2_000) for word in (f"both{n}", f"new{n}")],
            ),
        ],
    )
    def test_does_not_hang_on_texts_made_to_be_slow(self, before, after):
        started = time.perf_counter()
        diffing.words(" ".join(before), " ".join(after))
        diffing.changes(before, after)

        assert time.perf_counter() - started < 8


class TestChanges:
    def test_name_the_keys_down_to_the_difference(self):
        before = {"to": "Ann", "refund": {"percent": 20}, "old": 1}
        after = {"to": "Ann", "refund": {"percent": 30}, "new": 2}

        assert told(before, after) == [
            ("changed", "refund/percent"),
            ("added", "new"),
            ("removed", "old"),
        ]

    def test_see_that_an_item_left_a_list_rather_than_that_all_moved_up(self):
        assert told(["a", "b", "c"], ["b", "c"]) == [("removed", "0")]

    def test_look_inside_an_item_that_changed_in_place(self):
        before = [{"vendor": "A", "amount": 1}, {"vendor": "B", "amount": 2}]
        after = [{"vendor": "A", "amount": 1}, {"vendor": "B", "amount": 3}]

        assert told(before, after) == [("changed", "1/amount")]

    @pytest.mark.parametrize(
        ("before", "after"), [(1, True), (0, False), ("1", 1), (None, False), ([], {}), ("", None)]
    )
    def test_tell_values_apart_that_json_tells_apart(self, before, after):
        assert told({"a": before}, {"a": after}) == [("changed", "a")]

    def test_hold_one_and_one_point_zero_for_the_same_number(self):
        assert told({"a": 1}, {"a": 1.0}) == []

    def test_are_word_by_word_only_between_two_texts(self):
        [text, number] = diffing.changes({"a": "x y", "b": 1}, {"a": "x z", "b": 2})

        assert [s.kind for s in text.segments] == ["same", "del", "ins"]
        assert number.segments == []

    @given(JSON)
    def test_are_none_between_a_value_and_itself(self, value):
        assert diffing.changes(value, value) == []

    @given(JSON, JSON)
    def test_are_some_between_two_different_values(self, before, after):
        same = canonical(before) == canonical(after)

        assert bool(diffing.changes(before, after)) is not same


class TestUnchangedKeys:
    def test_names_the_outermost_keys_that_stayed(self):
        assert diffing.unchanged_keys({"a": 1, "b": [1], "c": 2}, {"a": 1, "b": [2], "c": 2}) == [
            "a",
            "c",
        ]
