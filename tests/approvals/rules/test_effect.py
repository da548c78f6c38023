"""The sentence a reviewer reads first: an admin's words, the payload's values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules.effect import Part, check, plain, render, sentence

INVOICES = {
    "action": "process_payments",
    "arguments": {"currency": "USD", "total": 12500, "odd/key": {"~": 1}, "nothing": None},
    "steps": [
        {"id": "inv-1", "arguments": {"vendor": "Vendor A", "amount": 3200, "tags": ["a", "b"]}},
        {"id": "inv-2", "arguments": {"vendor": "Vendor B", "amount": 2800.5, "tags": ["c"]}},
    ],
    "context": {"amount": 6000.5, "rationale": "Two invoices are due.", "alternatives": []},
}


def shown(template, document=INVOICES):
    return sentence(render(template, document))


class TestRender:
    def test_tells_words_from_values_and_claims(self):
        template = "Pays {/steps#count} invoices, {/context/amount#money} in total."

        assert render(template, INVOICES) == [
            Part("text", "Pays "),
            Part("lifted", "2"),
            Part("text", " invoices, "),
            Part("claimed", "$6,000.50"),
            Part("text", " in total."),
        ]

    @pytest.mark.parametrize(
        ("template", "text"),
        [
            ("{/action}", "process_payments"),
            ("{/arguments/total#money} in total", "$12,500.00 in total"),
            ("{/steps/*/arguments/amount#sum#money}", "$6,000.50"),
            ("{/steps/*/arguments/amount#money}", "$3,200.00 and $2,800.50"),
            ("{/steps/*/arguments/vendor#list}", "Vendor A and Vendor B"),
            ("{/steps/*/arguments/tags/*#list}", "a, b and c"),
            ("{/steps/*/arguments/tags/*#count}", "3"),
            ("{/steps/1/arguments/vendor}", "Vendor B"),
            ("{/arguments/odd~1key/~0}", "1"),
            ("{/arguments/nothing}", "null"),
            ("{/context/alternatives/*#count}", "0"),
            ("{{/action}} is {{literal}}", "{/action} is {literal}"),
            ("No value at all.", "No value at all."),
            ("", ""),
        ],
    )
    def test_follows_pointers_and_formatters(self, template, text):
        assert shown(template) == text

    @pytest.mark.parametrize(
        ("template", "nowhere"),
        [
            ("{/arguments/sum#money}", "/arguments/sum"),
            ("{/context/amount/value}", "/context/amount/value"),
            ("{/steps/2/id}", "/steps/2"),
            ("{/steps/01/id}", "/steps/01"),
            ("{/steps/-/id}", "/steps/-"),
            ("{/arguments/*/a}", "/arguments/*"),
            ("{/steps/*/arguments/currency#list}", "/steps/0/arguments/currency"),
        ],
    )
    def test_says_what_is_missing(self, template, nowhere):
        assert render(template, INVOICES) == [Part("missing", f"(no {nowhere})")]

    def test_does_not_add_up_what_it_has_when_one_amount_is_missing(self):
        steps = [{"arguments": {"amount": 5}}, {"arguments": {"amuont": 9_000}}]

        text = shown("{/steps/*/arguments/amount#sum#money}", {"steps": steps})

        assert text == "(no /steps/1/arguments/amount)"

    def test_shows_a_value_whole(self):
        body = "x" * 100_000 + "\n\nand the dangerous part"

        assert render("{/arguments/body}", {"arguments": {"body": body}}) == [Part("lifted", body)]

    def test_takes_a_value_for_a_value_even_if_it_looks_like_a_placeholder(self):
        document = {"action": "{/context/secret}", "context": {"secret": "s"}}

        assert shown("Runs {/action}", document) == "Runs {/context/secret}"

    @pytest.mark.parametrize(
        ("arguments", "steps", "text"),
        [
            ({"currency": "eur"}, [], "EUR 7.00"),
            ({"currency": "dollars"}, [], "7.00"),
            ({"currency": 5}, [], "7.00"),
            ({}, [{"arguments": {"currency": "EUR"}}], "7.00"),
        ],
    )
    def test_knows_the_currency_of_the_arguments(self, arguments, steps, text):
        document = {"arguments": {**arguments, "total": 7}, "steps": steps}

        assert shown("{/arguments/total#money}", document) == text

    def test_does_not_call_euros_dollars(self):
        steps = [{"arguments": {"amount": 1, "currency": code}} for code in ("USD", "EUR")]

        text = shown("{/steps/*/arguments/amount#sum#money}", {"steps": steps})

        assert text == "2.00 (EUR, USD)"

    @given(st.text(st.sampled_from("{}/#*~ asteponctxmy0"), max_size=30))
    def test_never_fails_whatever_was_saved(self, template):
        parts = render(template, INVOICES)

        assert all(part.kind in ("text", "lifted", "claimed", "missing") for part in parts)
        if check(template) is None and "{" not in template and "}" not in template:
            assert sentence(parts) == template

    @pytest.mark.parametrize("document", [{}, {"steps": None, "arguments": [], "context": "x"}])
    def test_never_fails_whatever_was_sent(self, document):
        template = "{/action} {/steps/*/a#sum#money} {/arguments/a#date} {/context/b}"

        parts = [part for part in render(template, document) if part.value != " "]

        assert {part.kind for part in parts} == {"missing"}


class TestCheck:
    @pytest.mark.parametrize(
        "template",
        [
            "Pays {/steps#count} invoices, {/steps/*/arguments/amount#sum#money} in total.",
            "Deletes {/arguments/matched} accounts {{for good}}",
            "{/context/due#date} {/arguments/a~1b~0c#percent} {/action#text} {/steps#list}",
        ],
    )
    def test_lets_good_sentences_pass(self, template):
        assert check(template) is None

    @pytest.mark.parametrize(
        ("template", "problem"),
        [
            ("", "The sentence is empty."),
            ("  ", "The sentence is empty."),
            ("x" * 501, "The sentence may have at most 500 characters."),
            ("Pays {/steps", "A { stands alone; write {{ for the character itself."),
            ("Pays /steps}", "A } stands alone; write }} for the character itself."),
            ("Pays {total}", "{total} must begin with a pointer such as /arguments/total."),
            ("Pays {}", "{} must begin with a pointer such as /arguments/total."),
            ("{/total}", "{/total} must point into /action, /arguments, /steps, /context."),
            ("{/arguments/a~b}", "{/arguments/a~b} has a ~ that is neither ~0 nor ~1."),
            (
                "{/arguments/a#euro}",
                "{/arguments/a#euro} names the formatter 'euro'; "
                "there are count, sum, money, date, percent, list, text.",
            ),
            (
                "{/arguments/a#money#sum}",
                "{/arguments/a#money#sum}: nothing can follow money, which gives text.",
            ),
        ],
    )
    def test_tells_an_admin_what_is_wrong(self, template, problem):
        assert check(template) == problem


class TestPlain:
    @pytest.mark.parametrize(
        ("steps", "text"),
        [
            ([], "Runs process_payments"),
            ([{}], "Runs process_payments with 1 step"),
            ([{}] * 5, "Runs process_payments with 5 steps"),
        ],
    )
    def test_says_what_runs(self, steps, text):
        parts = plain("process_payments", steps)

        assert sentence(parts) == text
        assert parts[:2] == [Part("text", "Runs "), Part("lifted", "process_payments")]
