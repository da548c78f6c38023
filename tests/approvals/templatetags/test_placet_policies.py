import pytest

from approvals.templatetags import placet_policies


@pytest.mark.parametrize(
    ("sentence", "html"),
    [
        ("It passes.", "It passes."),
        ("Where `args.x > 1`.", "Where <code>args.x &gt; 1</code>."),
        ("<b>`</b>` x", "&lt;b&gt;<code>&lt;/b&gt;</code> x"),
        ("One ` alone", "One <code> alone</code>"),
    ],
)
def test_conditions_stand_as_code_and_nothing_in_them_is_markup(sentence, html):
    assert placet_policies.coded(sentence) == html


@pytest.mark.parametrize(
    ("share", "places", "words"), [(1, 0, "100"), (0.0495, 2, "4.95"), (0.2, 0, "20")]
)
def test_a_share_is_told_in_percent(share, places, words):
    assert placet_policies.percent(share, places) == f"{words}\u00a0%"


@pytest.mark.parametrize(
    ("name", "words"),
    [("threshold", "the auto-approval threshold"), ("template small", "template small")],
)
def test_what_let_it_pass_is_told_in_words(name, words):
    assert placet_policies.passing(name) == words


def test_a_tier_without_a_bound_has_the_shipped_one_on_the_ruler():
    assert placet_policies.three_bounds({"director": 0.5}) == (0.3, 0.5, 0.9)
