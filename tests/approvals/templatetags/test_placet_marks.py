from decimal import Decimal

import pytest

from tests.approvals.templatetags.test_placet_text import drawn, words


class TestRisk:
    @pytest.mark.parametrize("level", ["low", "medium", "high", "critical"])
    def test_is_a_shape_a_word_and_a_colour(self, level):
        html = drawn("{% risk level %}", level=level)

        assert f'href="#r-{level}"' in html
        assert f'data-risk="{level}"' in html
        assert words(html) == f"{level.capitalize()} risk"

    def test_shows_its_score_with_two_decimals(self):
        assert words(drawn("{% risk 'high' 0.6 %}")) == "High risk 0.60"
        assert words(drawn("{% risk 'low' 0 %}")) == "Low risk 0.00"

    def test_does_not_invent_a_level(self):
        with pytest.raises(ValueError, match="Not a risk level: 'none'"):
            drawn("{% risk 'none' %}")


class TestRuler:
    def test_says_in_words_what_it_draws(self):
        assert (
            'aria-label="Risk 0.40, was 0.20 on a scale from 0 to 1; team member below 0.30, '
            'team lead below 0.60, director below 0.90, executive above"'
        ) in drawn("{% ruler 0.4 was=0.2 %}")

    @pytest.mark.parametrize(
        ("score", "level", "tier"),
        [
            (0.29, "low", "team member"),
            (0.3, "medium", "team lead"),
            (0.6, "high", "director"),
            (0.9, "critical", "exec."),
        ],
    )
    def test_points_at_the_tier_that_may_decide(self, score, level, tier):
        html = drawn("{% ruler score %}", score=score)

        assert f'data-risk="{level}"' in html
        assert f'class="on">{tier}</text>' in html

    def test_takes_the_decimals_of_a_database(self):
        bounds = [Decimal("0.3"), Decimal("0.6"), Decimal("0.9")]

        html = drawn("{% ruler score bounds %}", score=Decimal("0.60"), bounds=bounds)

        assert 'data-risk="high"' in html

    def test_draws_the_old_score_only_if_it_moved(self):
        assert 'class="was"' in drawn("{% ruler 0.4 was=0.2 %}")
        assert 'class="was"' not in drawn("{% ruler 0.4 was=0.4 %}")

    @pytest.mark.parametrize("score", [0.0, 1.0])
    def test_keeps_its_number_inside_at_both_ends(self, score):
        html = drawn("{% ruler score %}", score=score)

        assert ('x="22.0"' if score == 0 else 'x="438.0"') in html

    def test_leaves_out_a_word_that_has_no_room(self):
        assert ">team lead<" not in drawn("{% ruler 0.5 bounds %}", bounds=[0.3, 0.35, 0.9])


class TestQuorum:
    def test_is_a_tablet_for_each_vote_and_a_count(self):
        html = drawn("{% quorum 2 1 %}")

        assert html.count("<svg") == 2
        assert words(html) == "1 of 2"

    def test_tells_rejected_and_outdated_votes(self):
        html = drawn("{% quorum 3 1 rejections=1 outdated=2 %}")

        assert words(html) == "1 of 3, 1 against, 2 outdated"
        assert html.count('class="old"') == 2

    def test_is_words_alone_when_the_tablets_would_be_too_many(self):
        html = drawn("{% quorum 9 4 %}")

        assert "<svg" not in html
        assert words(html) == "4 of 9"


class TestWhatNoPersonDecided:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("{% via 'template' 'small_refund v3' %}", "Template small_refund v3"),
            ("{% via 'timeout' 'rejected' %}", "Timed out: rejected"),
            ("{% via 'threshold' %}", "Below the threshold"),
            ("{% via 'bypass' 'storm control' %}", "Bypassed: storm control"),
            ("{% via 'delegation' 'Ben for Ana' %}", "Ben for Ana"),
            ("{% status 'rejected' via='timeout' %}", "Timed out: rejected"),
            ("{% status 'approved' via='template' detail='t v3' %}", "Template t v3, approved"),
            ("{% status 'cancelled' %}", "Lapsed: the agent withdrew"),
        ],
    )
    def test_is_a_dashed_chip_and_never_a_tablet(self, source, expected):
        html = drawn(source)

        assert words(html) == expected
        assert 'class="via"' in html
        assert "<rect" not in html


class TestWhatAPersonDecided:
    @pytest.mark.parametrize("source", ["{% verdict 'approve' %}", "{% status 'modified' %}"])
    def test_is_a_filled_tablet_with_a_word(self, source):
        html = drawn(source)

        assert '<svg class="yes"' in html
        assert words(html) in {"Approved", "Modified"}

    @pytest.mark.parametrize("kind", ["request_changes", "guide", "defer", "escalate"])
    def test_is_an_icon_if_it_is_no_vote(self, kind):
        assert "<rect" not in drawn("{% verdict kind %}", kind=kind)


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [("Ada Okafor", "AO"), ("ben", "B"), ("Ana Maria Silva", "AS"), ("", "")],
    )
    def test_are_of_the_first_and_the_last_name(self, name, expected):
        assert drawn("{{ name|initials }}", name=name) == expected
