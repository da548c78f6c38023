from collections import namedtuple

import pytest

from tests.approvals.templatetags.test_placet_text import HOSTILE, drawn, parsed, words

Mark = namedtuple("Mark", "pointer title detail touch touched")


def rows(value):
    """The payload as (key, value) texts, in order."""
    html = drawn("{% payload value %}", value=value)
    cells = html.split("<dt>")[1:]
    return [tuple(words(part) for part in cell.split("</dt>", 1)) for cell in cells]


class TestPayload:
    def test_leads_to_every_leaf(self):
        value = {"title": "Q4", "claims": ["+25%"], "invoices": [{"vendor": "A"}, {"vendor": "B"}]}

        assert rows(value) == [
            ("title", "Q4"),
            ("claims/0", "+25%"),
            ("invoices/0/vendor", "A"),
            ("invoices/1/vendor", "B"),
        ]

    def test_writes_plain_values_as_they_are_sealed(self):
        value = {"a": 1247, "b": 1e21, "c": True, "d": None, "e": [], "f": {}, "g": 0.1}

        assert [text for _, text in rows(value)] == [
            "1247",
            "1e+21",
            "true",
            "null",
            "[]",
            "{}",
            "0.1",
        ]

    @pytest.mark.parametrize("text", ["2", "-1.5e3", "true", "null", "{}", "", " padded ", '"x"'])
    def test_sets_apart_text_that_could_be_taken_for_something_else(self, text):
        assert 'data-kind="quoted"' in drawn("{% payload value %}", value={"a": text})

    @pytest.mark.parametrize("text", ["Our Q4 results", "+25% YoY", "12 rue de Rome", "truely"])
    def test_leaves_unmistakable_text_alone(self, text):
        assert 'data-kind="text"' in drawn("{% payload value %}", value={"a": text})

    def test_does_not_let_a_slash_in_a_key_pose_as_a_level(self):
        assert rows({"a/b": {"~c": 1}}) == [("a~1b/~0c", "1")]

    @pytest.mark.parametrize("value", ["just text", 5, None, [], {}])
    def test_shows_a_payload_that_is_no_object(self, value):
        [(key, text)] = rows(value)

        assert key == "(everything)"
        assert text

    def test_folds_many_fields_behind_their_number(self):
        html = drawn("{% payload value %}", value={f"key{n}": n for n in range(100)})

        assert "40 more fields" in html
        assert html.count("<dt>") == 100

    @pytest.mark.parametrize("text", HOSTILE)
    def test_makes_nothing_of_hostile_keys_and_values(self, text):
        page = parsed(drawn("{% payload value %}", value={text: [text]}))

        assert set(page.tags) <= {"div", "dl", "dt", "dd", "span", "bdi"}
        assert set(page.attributes) <= {"class", "data-kind", "hx-disable"}

    def test_names_look_alike_letters_under_their_value(self):
        html = drawn("{% payload value %}", value={"host": "p\u0430ypal.example"})

        assert "mixes Cyrillic and Latin" in words(html)


class TestMarks:
    CHANGED = Mark("/matched", "8 times the usual.", "Median 148.", True, False)

    def draw(self, *marks, **value):
        return drawn("{% payload value marks 'touch' %}", value=value, marks=marks)

    def test_stand_at_the_field_they_concern(self):
        html = self.draw(self.CHANGED, years=2, matched=1247)

        assert words(html) == (
            "years 2 matched 1247 8 times the usual. Median 148.I have looked at this"
        )

    def test_ask_to_be_looked_at_in_the_form_that_decides(self):
        html = self.draw(self.CHANGED, matched=1)

        assert '<input type="checkbox" name="touched" value="/matched" form="touch">' in html

    def test_stay_checked_once_looked_at(self):
        html = self.draw(self.CHANGED._replace(touched=True), matched=1)

        assert 'form="touch" checked>' in html

    def test_about_a_structure_stand_at_its_first_leaf(self):
        html = self.draw(self.CHANGED._replace(pointer="/claims"), title="x", claims=["a", "b"])

        assert (
            words(html).index("claims/0")
            < words(html).index("8 times")
            < words(html).index("claims/1")
        )

    def test_about_a_field_that_is_not_there_stand_above_all_and_name_it(self):
        html = self.draw(self.CHANGED._replace(pointer="/approved_by"), matched=1)

        assert words(html).startswith("8 times the usual. /approved_by Median 148.")

    def test_are_never_folded_away(self):
        value = {f"key{n}": n for n in range(100)}

        html = self.draw(self.CHANGED._replace(pointer="/key99"), **value)

        assert '<details class="fold" open>' in html

    def test_keep_a_long_text_open(self):
        html = self.draw(self.CHANGED, matched="word " * 1000)

        assert '<details class="fold" open>' in html


class TestDiff:
    def draw(self, before, after):
        return drawn("{% diff before after %}", before=before, after=after)

    def test_shows_words_in_texts_and_whole_values_elsewhere(self):
        html = self.draw({"body": "refund 20% now", "n": 20}, {"body": "refund 30% now", "n": 30})

        assert "<del>20%</del><ins>30%</ins>" in html
        assert "<del><bdi>20</bdi></del><ins><bdi>30</bdi></ins>" in html

    def test_names_what_stayed(self):
        html = self.draw({"to": "Ann", "n": 1}, {"to": "Ann", "n": 2})

        assert words(html).endswith("Unchanged: to")

    def test_says_what_was_added_and_removed(self):
        html = self.draw({"old": 1}, {"new": {"a": 1, "b": [2]}})

        assert words(html) == "new addeda: 1 b/0: 2old removed1"

    def test_folds_the_middle_of_a_long_unchanged_run_but_keeps_it(self):
        text = "nothing new here, " * 100

        html = self.draw({"a": f"old {text}"}, {"a": f"new {text}"})

        assert "unchanged characters" in html
        assert words(html).count("nothing new here") >= 99

    def test_says_so_if_nothing_changed(self):
        assert words(self.draw({}, {})) == "Nothing changed."

    @pytest.mark.parametrize("text", HOSTILE)
    def test_makes_nothing_of_hostile_changes(self, text):
        page = parsed(self.draw({text: text, "same": 1}, {text: f"{text} {text}", text * 2: text}))

        assert set(page.tags) <= {"div", "dl", "dt", "dd", "span", "bdi", "ins", "del"}
        assert set(page.attributes) <= {"class", "dir", "hx-disable"}
