import json
import struct
from decimal import Decimal
from enum import Enum

import pytest

from placet import UnsendableValue
from placet._canonical import action_digest, canonical

# RFC 8785, appendix B: IEEE 754 bits and the text they are written as.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


class TestNumbers:
    @pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
    def test_are_written_as_in_the_rfc(self, bits, text):
        (number,) = struct.unpack(">d", bytes.fromhex(bits))

        assert canonical(number).decode() == text

    @pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
    def test_that_json_does_not_have_are_refused(self, bits):
        (number,) = struct.unpack(">d", bytes.fromhex(bits))

        with pytest.raises(UnsendableValue) as refused:
            canonical(number)

        assert refused.value.code == "number_out_of_range"

    @pytest.mark.parametrize("number", [0, -1, 2**53 - 1, -(2**53) + 1, 2**53, 10**20])
    def test_that_are_exact_integers_keep_their_digits(self, number):
        assert canonical(number) == str(number).encode()

    @pytest.mark.parametrize("number", [2**53 + 1, 2**63, -(2**53) - 1, 10**21, 10**400])
    def test_that_would_become_another_integer_are_refused(self, number):
        with pytest.raises(UnsendableValue) as refused:
            canonical(number)

        assert refused.value.code == "number_out_of_range"

    def test_are_the_same_however_they_were_written(self):
        assert canonical(json.loads("[1, 1.0, 1e0, 10e-1]")) == b"[1,1,1,1]"


class TestDocuments:
    def test_the_example_of_the_rfc(self):
        document = json.loads(
            r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]}"""
        )

        assert canonical(document).decode() == (
            '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
            r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
        )

    def test_keys_are_sorted_by_utf_16_code_units(self):
        document = json.loads(
            r"""{"\u20ac": "Euro Sign", "\r": "Carriage Return",
            "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"}"""
        )

        assert [*json.loads(canonical(document)).values()] == [
            "Carriage Return",
            "One",
            "Control",
            "Latin Small Letter O With Diaeresis",
            "Euro Sign",
            "Emoji: Grinning Face",
            "Hebrew Letter Dalet With Dagesh",
        ]

    def test_every_control_character_is_escaped_in_its_shortest_form(self):
        text = "".join(map(chr, range(0x20))) + "\x7f"

        assert canonical(text).decode() == (
            r'"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f'
            r"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c"
            r"\u001d\u001e\u001f" + '\x7f"'
        )

    def test_empty_things(self):
        assert canonical({"a": {}, "b": [], "c": ""}) == b'{"a":{},"b":[],"c":""}'

    def test_a_bool_is_not_a_number(self):
        assert canonical([True, 1, False, 0]) == b"[true,1,false,0]"


class TestRefusals:
    @pytest.mark.parametrize(
        ("value", "told"),
        [
            ({"a": {"b/c": [0, Decimal("9.99")]}}, "/a/b~1c/1 is a Decimal; send money as a"),
            ({"when": {1, 2}}, "/when is a set"),
            ({"a": {1: "one"}}, "/a has the key 1; JSON keys are strings"),
            (float("nan"), "the top is nan"),
            ({"a": b"raw"}, "/a is a bytes"),
        ],
    )
    def test_say_where_and_what(self, value, told):
        with pytest.raises(UnsendableValue) as refused:
            canonical(value)

        assert told in refused.value.detail

    @pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["ok", "a\udc00b"]])
    def test_half_a_surrogate_pair(self, value):
        with pytest.raises(UnsendableValue) as refused:
            canonical(value)

        assert refused.value.code == "forbidden_character"

    def test_what_is_nested_without_end(self):
        endless: list = []
        endless.append(endless)

        with pytest.raises(UnsendableValue) as refused:
            canonical(endless)

        assert refused.value.code == "too_deep"

    def test_can_be_caught_as_value_errors(self):
        assert issubclass(UnsendableValue, ValueError)


class TestActionDigest:
    def test_agrees_with_the_shared_vectors(self, grant_vectors):
        for vector in grant_vectors["canonical"]:
            assert canonical(vector["value"]).decode() == vector["text"]
            assert action_digest(**vector["value"]) == vector["act"]

    def test_no_steps_and_an_empty_list_are_the_same(self):
        without = action_digest(action="pay", arguments={})

        assert action_digest(action="pay", arguments={}, steps=[]) == without
        assert action_digest(action="pay", arguments={}, steps=[{"id": "a"}]) != without


def test_text_of_a_class_of_its_own_is_written_as_the_text_it_is():
    class Target(str, Enum):
        STAGING = "rm -rf /prod"

    class Harmless(str):
        def __str__(self):
            return "harmless"

    assert canonical({"a": Target.STAGING}) == b'{"a":"rm -rf /prod"}'
    assert canonical(Harmless("rm -rf /")) == b'"rm -rf /"'
