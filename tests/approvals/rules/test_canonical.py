"""One value, one text, one digest; and the ways from one value to another."""

import json
import struct

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import gate
from approvals.rules.canonical import canonical, digest, digest_of, merge, patch_between, short

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | DOUBLES | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def double(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def as_a_double_is_read(digits):
    """Past 2^53 the shortest digits name a double, and are not its exact value."""
    return int(digits) if abs(int(digits)) < 2**53 else float(digits)


class TestCanonical:
    @pytest.mark.parametrize(
        ("bits", "text"),
        [
            ("0000000000000000", "0"),
            ("8000000000000000", "0"),
            ("0000000000000001", "5e-324"),
            ("8000000000000001", "-5e-324"),
            ("7fefffffffffffff", "1.7976931348623157e+308"),
            ("ffefffffffffffff", "-1.7976931348623157e+308"),
            ("4340000000000000", "9007199254740992"),
            ("c340000000000000", "-9007199254740992"),
            ("4430000000000000", "295147905179352830000"),
            ("44b52d02c7e14af5", "9.999999999999997e+22"),
            ("44b52d02c7e14af6", "1e+23"),
            ("44b52d02c7e14af7", "1.0000000000000001e+23"),
            ("444b1ae4d6e2ef4e", "999999999999999700000"),
            ("444b1ae4d6e2ef4f", "999999999999999900000"),
            ("444b1ae4d6e2ef50", "1e+21"),
            ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
            ("3eb0c6f7a0b5ed8d", "0.000001"),
            ("41b3de4355555553", "333333333.3333332"),
            ("41b3de4355555554", "333333333.33333325"),
            ("41b3de4355555555", "333333333.3333333"),
            ("41b3de4355555556", "333333333.3333334"),
            ("41b3de4355555557", "333333333.33333343"),
            ("becbf647612f3696", "-0.0000033333333333333333"),
            ("43143ff3c1cb0959", "1424953923781206.2"),
        ],
    )
    def test_writes_numbers_as_rfc_8785_appendix_b(self, bits, text):
        assert canonical(double(bits)) == text
        assert canonical({"n": [double(bits)]}) == f'{{"n":[{text}]}}'

    @pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
    def test_has_no_text_for_what_is_no_number(self, bits):
        with pytest.raises(ValueError, match="not a JSON number"):
            canonical([double(bits)])

    @pytest.mark.parametrize(
        ("source", "text"),
        [
            pytest.param('{"a":-0.0,"b":1.0,"c":1e2}', '{"a":0,"b":1,"c":100}', id="one form"),
            pytest.param(
                """{
                  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
                  "literals": [null, true, false]
                }""",
                '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
                '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
                id="RFC 8785, 3.2.2",
            ),
            pytest.param(
                """{
                  "\\u20ac": "Euro Sign",
                  "\\r": "Carriage Return",
                  "\\ufb33": "Hebrew Letter Dalet With Dagesh",
                  "1": "One",
                  "\\ud83d\\ude00": "Emoji: Grinning Face",
                  "\\u0080": "Control",
                  "\\u00f6": "Latin Small Letter O With Diaeresis"
                }""",
                '{"\\r":"Carriage Return","1":"One","\x80":"Control",'
                '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
                '"\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
                id="RFC 8785, 3.2.3: keys in UTF-16 order",
            ),
            pytest.param(
                """{
                  "\\u20ac": "Euro Sign", "\\r": "Carriage Return", "\\u000a": "Newline",
                  "1": "One", "\\u0080": "Control\\u007f", "\\ud83d\\ude02": "Smiley",
                  "\\u00f6": "Latin Small Letter O With Diaeresis",
                  "\\ufb33": "Hebrew Letter Dalet With Dagesh", "</script>": "Browser Challenge"
                }""",
                '{"\\n":"Newline","\\r":"Carriage Return","1":"One",'
                '"</script>":"Browser Challenge","\x80":"Control\x7f",'
                '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","\U0001f602":"Smiley",'
                '"\ufb33":"Hebrew Letter Dalet With Dagesh"}',
                id="weird.json of the reference tests",
            ),
            pytest.param(
                '[56,{"d":true,"10":null,"1":[]}]', '[56,{"1":[],"10":null,"d":true}]', id="arrays"
            ),
            pytest.param(
                '"\\b\\t\\n\\f\\r\\u001f\\u007f"', '"\\b\\t\\n\\f\\r\\u001f\x7f"', id="escapes"
            ),
            pytest.param('"e\\u0301"', '"e\u0301"', id="no Unicode normalisation"),
        ],
    )
    def test_writes_documents_as_the_rfc(self, source, text):
        assert canonical(json.loads(source)) == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (1e-7, "1e-7"),
            (0.0001, "0.0001"),
            (0.00001, "0.00001"),
            (123456789012345680000.0, "123456789012345680000"),
            (1e16, "10000000000000000"),
            (12345678901234567.0, "12345678901234568"),
            (0.1, "0.1"),
            (-1.5, "-1.5"),
            (10**20, "100000000000000000000"),
        ],
    )
    def test_writes_other_numbers_as_ecmascript(self, value, text):
        assert canonical(value) == text

    @pytest.mark.parametrize("value", [2**53 + 1, 2**63, -(2**64) + 1, 10**19 + 1])
    def test_has_no_text_for_an_integer_that_a_double_does_not_spell(self, value):
        with pytest.raises(ValueError, match="does not fit a double"):
            canonical({"n": value})

    @pytest.mark.parametrize("value", ["\ud800", {"\udc00": 1}, {"\ud800": 1.5}])
    def test_has_no_text_for_half_a_character(self, value):
        with pytest.raises(ValueError, match="surrogates not allowed"):
            canonical(value)

    @pytest.mark.parametrize("value", [{1: "a"}, [{None: 1}], {"a": (1, 2)}, {"a": {1}}, b"a"])
    def test_is_for_json_only(self, value):
        with pytest.raises((TypeError, AttributeError)):
            canonical(value)

    @given(JSON_VALUES)
    def test_reads_back_as_the_same_value_and_the_same_text(self, value):
        text = canonical(value)

        assert json.loads(text, parse_int=as_a_double_is_read) == value
        assert canonical(json.loads(text)) == text

    @given(st.dictionaries(TEXT, st.integers(0, 9), max_size=9))
    def test_does_not_depend_on_the_order_of_keys(self, value):
        assert canonical(dict(reversed(value.items()))) == canonical(value)

    @given(DOUBLES)
    def test_names_every_double_exactly(self, value):
        assert float(canonical(value)) == value

    def test_of_two_spellings_of_one_body_is_one(self):
        one = gate.parse(b'{"b":1.0,"a":"\\u00e9"}')
        other = gate.parse('{ "a": "é", "b": 1 }'.encode())

        assert canonical(one) == canonical(other) == '{"a":"é","b":1}'


class TestDigest:
    def test_is_the_sha_256_of_the_canonical_bytes(self):
        empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

        assert digest({}) == digest_of("{}") == empty

    def test_differs_for_composed_and_decomposed_text(self):
        assert digest("\u00e9") != digest("e\u0301")

    def test_is_compared_by_people_in_two_groups_of_four(self):
        assert short("sha256:1a018319" + "0" * 56) == "1a01 8319"


class TestMerge:
    @pytest.mark.parametrize(
        ("document", "patch", "merged"),
        [
            # RFC 7396, appendix A.
            ({"a": "b"}, {"a": "c"}, {"a": "c"}),
            ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
            ({"a": "b"}, {"a": None}, {}),
            ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
            ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
            ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
            ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
            ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
            (["a", "b"], ["c", "d"], ["c", "d"]),
            ({"a": "b"}, ["c"], ["c"]),
            ({"a": "foo"}, None, None),
            ({"a": "foo"}, "bar", "bar"),
            ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
            ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
            ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ],
    )
    def test_follows_rfc_7396(self, document, patch, merged):
        assert merge(document, patch) == merged

    def test_leaves_what_it_was_given_alone(self):
        document = {"a": {"b": 1, "c": 2}}
        patch = {"a": {"b": None}}

        merge(document, patch)

        assert document == {"a": {"b": 1, "c": 2}}
        assert patch == {"a": {"b": None}}


class TestPatchBetween:
    def test_says_what_changed(self):
        patch = patch_between({"amount": 50, "to": "a"}, {"amount": 500, "to": "a"})

        assert patch == [{"op": "replace", "path": "/amount", "value": 500}]

    @pytest.mark.parametrize("after", [{"a": 1}, {"a": 1.0}])
    def test_is_empty_for_the_same_value(self, after):
        assert patch_between({"a": 1}, after) == []

    def test_tells_true_from_one(self):
        assert patch_between({"a": 1}, {"a": True}) == [
            {"op": "replace", "path": "/a", "value": True}
        ]

    @given(JSON_VALUES, JSON_VALUES)
    def test_leads_from_before_to_after(self, before, after):
        patch = patch_between(before, after)

        start = json.loads(canonical(before))
        assert canonical(jsonpatch.apply_patch(start, patch)) == canonical(after)
