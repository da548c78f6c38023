"""Values in a sentence: exact and whole, or as they came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules.formats import FORMATTERS, as_text, formatted


class TestMoney:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (12500, "12,500.00"),
            (0.1, "0.10"),
            (1240.5, "1,240.50"),
            (1240.005, "1,240.005"),
            ("90.00", "90.00"),
            ("90.1", "90.10"),
            ("0.123456789", "0.123456789"),
            (-5, "-5.00"),
            (-0.0, "0.00"),
            (1e21, "1,000,000,000,000,000,000,000.00"),
            (1e-7, "0.0000001"),
            ("123456789012345678901234567890.12", "123,456,789,012,345,678,901,234,567,890.12"),
        ],
    )
    def test_is_exact_with_at_least_two_decimals(self, value, text):
        assert formatted(value, ["money"], currencies=()) == text

    @pytest.mark.parametrize(
        ("value", "currencies", "text"),
        [
            (12500, {"USD"}, "$12,500.00"),
            (-5, {"USD"}, "-$5.00"),
            (1240, {"EUR"}, "EUR 1,240.00"),
            (-5, {"EUR"}, "EUR -5.00"),
            (3, {"USD", "EUR"}, "3.00 (EUR, USD)"),
        ],
    )
    def test_names_its_currency_or_all_that_it_may_be(self, value, currencies, text):
        assert formatted(value, ["money"], currencies=currencies) == text

    @given(st.integers(-(10**15), 10**15), st.integers(0, 6))
    def test_loses_no_digit(self, digits, places):
        sent = f"{digits}" if not places else f"{digits}.{'7' * places}"

        shown = formatted(sent, ["money"], currencies=())

        assert shown.replace(",", "").startswith(sent)


class TestOtherFormatters:
    @pytest.mark.parametrize(
        ("value", "names", "text"),
        [
            ([1, 2, 3], ["count"], "3"),
            ({"a": 1}, ["count"], "1"),
            ([], ["count"], "0"),
            ([0.1, 0.2], ["sum"], "0.3"),
            (["1.10", 2], ["sum"], "3.10"),
            ([], ["sum"], "0"),
            ([3200, 2800.5, "0.50"], ["sum", "money"], "6,001.00"),
            ([1e308, 1e-300], ["sum"], f"1{'0' * 308}.{'0' * 299}1"),
            (20, ["percent"], "20%"),
            (2.5, ["percent"], "2.5%"),
            (20.0, ["percent"], "20%"),
            ("2026-11-22", ["date"], "22 Nov 2026"),
            ("2026-01-05T04:05:00Z", ["date"], "5 Jan 2026, 04:05 UTC"),
            ("2026-11-22T14:30:00-00:00", ["date"], "22 Nov 2026, 14:30 UTC"),
            ("2026-11-22 14:30:05+02:00", ["date"], "22 Nov 2026, 14:30:05 +02:00"),
            ("2026-11-22T14:30:00.25-05:30", ["date"], "22 Nov 2026, 14:30:00.25 -05:30"),
            ("2026-11-22T14:30", ["date"], "22 Nov 2026, 14:30 (no time zone)"),
            (["a"], ["list"], "a"),
            (["a", "b", 3], ["list"], "a, b and 3"),
            (["a, b", "c and d", "e"], ["list"], '"a, b", "c and d" and e'),
            ({"to": "Ada", "n": 1}, ["list"], "to: Ada and n: 1"),
            ([], ["list"], "none"),
            ([5, 6.5], ["money"], "5.00 and 6.50"),
            (["2026-11-22", "2026-11-23"], ["date"], "22 Nov 2026 and 23 Nov 2026"),
            ("Ada", ["text"], "Ada"),
            ({"b": 1.0, "a": [True, None]}, [], '{"a":[true,null],"b":1}'),
        ],
    )
    def test_do_their_work(self, value, names, text):
        assert formatted(value, names, currencies=()) == text

    @pytest.mark.parametrize(
        ("value", "names", "text"),
        [
            ("twelve", ["money"], "twelve"),
            ("$12,500", ["money"], "$12,500"),
            ("１２", ["money"], "１２"),
            (True, ["money"], "true"),
            (None, ["money"], "null"),
            (float("nan"), ["money"], "nan"),
            ("9" * 40, ["money"], "9" * 40),
            ([1, "x"], ["sum"], '[1,"x"]'),
            ([1, "x"], ["sum", "money"], '[1,"x"]'),
            ([1, None], ["money"], "[1,null]"),
            (5, ["count"], "5"),
            ("abc", ["count"], "abc"),
            ("abc", ["list"], "abc"),
            ("tomorrow 09:00", ["date"], "tomorrow 09:00"),
            ("2026-02-30", ["date"], "2026-02-30"),
            ("2026-11-22T14:30:00.1234567Z", ["date"], "2026-11-22T14:30:00.1234567Z"),
            (1763800000, ["date"], "1763800000"),
            ("", ["text"], '""'),
            (" \n", ["text"], '" \\n"'),
            (2**60 + 1, ["text"], str(2**60 + 1)),
        ],
    )
    def test_show_what_they_cannot_format_as_it_is(self, value, names, text):
        assert formatted(value, names, currencies=()) == text

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=6,
        ),
        st.lists(st.sampled_from(list(FORMATTERS)), max_size=3),
    )
    def test_never_fail(self, value, names):
        assert formatted(value, names, currencies={"USD"}) != ""

    @given(st.text(min_size=1).filter(str.strip))
    def test_never_cut_a_text(self, text):
        assert as_text(text * 50) == text * 50
