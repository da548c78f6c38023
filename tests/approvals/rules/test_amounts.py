import pytest

from approvals.rules.amounts import LARGEST_AMOUNT, figure_in


class TestText:
    @pytest.mark.parametrize(
        ("text", "figure"),
        [
            ("5000", 5000),
            ("5000.00", 5000),
            ("5,000", 5000),
            ("5.000", 5000),
            ("5.000,00", 5000),
            ("1,240.50", 1240.5),
            ("1'240.50", 1240.5),
            ("1 240,50", 1240.5),
            ("5,000,000", 5_000_000),
            ("EUR 5,000", 5000),
            ("5000 USD", 5000),
            ("€5,000.00", 5000),
            ("$ 12", 12),
            ("-5000", 5000),
            ("12,5", 12.5),
            (" 7 ", 7),
            ("1e3", 1000),
        ],
    )
    def test_is_read_as_the_larger_of_what_it_may_mean(self, text, figure):
        assert figure_in({"amount": text}) == figure

    @pytest.mark.parametrize(
        "text",
        ["five thousand", "5k", "5 thousand", "nan", "inf", "1e999", "5000 or so", ",", True],
    )
    def test_that_cannot_be_read_counts_as_the_largest(self, text):
        assert figure_in({"amount": text}) == LARGEST_AMOUNT

    @pytest.mark.parametrize("nothing", [None, "", [], {}])
    def test_of_nothing_is_no_amount(self, nothing):
        assert figure_in({"amount": nothing}) is None


class TestWhereItStands:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"Amount": 9},
            {"total_amount": 9},
            {"amountEUR": 9},
            {"unitPrice": 9},
            {"total": 9},
            {"payment": {"amount": 9}},
            {"amount": {"value": 9, "currency": "EUR"}},
            {"amount": 1, "total": 9},
            {"lines": [{"amount": 4}, {"amount": 5}]},
            {"amounts": [4, 5]},
            {"lines": [{"amount": 12}, {"amount": -3}], "note": "x"},
        ],
        ids=str,
    )
    def test_matters_not(self, arguments):
        assert figure_in(arguments) in (9, 15)

    @pytest.mark.parametrize("arguments", [{}, {"summary": 9}, {"count": 9}, {"note": "amount: 9"}])
    def test_is_not_anywhere(self, arguments):
        assert figure_in(arguments) is None

    def test_a_figure_among_words_is_found(self):
        assert figure_in({"amount": {"value": "5,000", "currency": "EUR"}}) == 5000

    def test_words_alone_are_no_figure(self):
        assert figure_in({"amount": {"currency": "EUR"}}) == LARGEST_AMOUNT
