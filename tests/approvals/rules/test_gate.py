"""What the gate lets in, what it refuses, and how exactly it says so."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.rules import gate
from approvals.rules.limits import MAX_INTEGER

KB = 1024


def refusal_of(body):
    with pytest.raises(gate.Malformed) as caught:
        gate.parse(body)
    fault = caught.value
    return fault.code, fault.status, fault.pointer, fault.detail


def nested(depth, opening="[", closing="]"):
    return (opening * depth + closing * depth).encode()


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(-MAX_INTEGER, MAX_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


NOT_UTF8 = "The body is not valid UTF-8."
EMPTY = "The request body is empty; send a JSON object."
TOO_DEEP = "The JSON is nested deeper than 32 levels."
TOO_LARGE = "The body is larger than 256 KB."


class TestWhatIsRefused:
    """With a stable code, the status, the place, and a sentence for whoever sent it."""

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            (b"", "", EMPTY),
            (b" \n\t", "", EMPTY),
            (b'{"t":"t","payload":{}}x', "", "Extra data after the JSON document at character 22."),
            (b'{"a":"b', "", "Unterminated string starting at character 5."),
            (b'{"a":"b\nc"}', "", "Invalid control character at character 7."),
            (b"[01]", "", "Expecting ',' delimiter at character 2."),
            (b'{"payload":{"a":NaN}}', "/payload/a", "NaN and Infinity are not JSON."),
            (b"[1,-Infinity]", "/1", "NaN and Infinity are not JSON."),
        ],
    )
    def test_what_is_not_json(self, body, pointer, detail):
        assert refusal_of(body) == ("malformed_json", 400, pointer, detail)

    @pytest.mark.parametrize(
        ("body", "pointer", "place"),
        [
            (b'{"amount":"t","amount":"u"}', "", "; duplicate keys are refused"),
            (b'{"payload":{"amount":10,"amount":1000000}}', "/payload", " at /payload"),
            (b'{"payload":{"amount":10,"\\u0061mount":99}}', "/payload", " at /payload"),
            (b'[{"b/~":[{"amount":1,"amount":1}]}]', "/0/b~1~0/0", " at /0/b~1~0/0"),
        ],
    )
    def test_a_key_that_appears_twice(self, body, pointer, place):
        detail = f'The key "amount" appears twice{place}.'

        assert refusal_of(body) == ("duplicate_key", 400, pointer, detail)

    @pytest.mark.parametrize(
        ("body", "detail"),
        [
            pytest.param(b'{"a":"\xff\xfe"}', NOT_UTF8, id="stray bytes"),
            pytest.param(b'{"a":"\xc0\xaf"}', NOT_UTF8, id="an over-long form"),
            pytest.param(b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}', NOT_UTF8, id="CESU-8"),
            pytest.param("{}".encode("utf-16"), NOT_UTF8, id="UTF-16"),
            pytest.param("{}".encode("utf-32"), NOT_UTF8, id="UTF-32"),
            (b"\xef\xbb\xbf{}", "The body starts with a byte order mark; send none."),
        ],
    )
    def test_any_encoding_but_utf_8(self, body, detail):
        assert refusal_of(body) == ("invalid_encoding", 400, "", detail)

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            (b'{"payload":{"a":1e400}}', "/payload/a", "/payload/a does not fit a double."),
            (b"-1e400", "", "The number does not fit a double."),
            (b"1e300", "", "The number is beyond 2^53 - 1; send it as a string."),
            (b"[9007199254740992]", "/0", "/0 is beyond 2^53 - 1; send it as a string."),
            (b"[-9007199254740992]", "/0", "/0 is beyond 2^53 - 1; send it as a string."),
            (b"[" + b"9" * 5000 + b"]", "/0", "/0 has too many digits; send it as a string."),
        ],
        ids=lambda value: value[:20] if isinstance(value, bytes) else "",
    )
    def test_numbers_that_parsers_read_differently(self, body, pointer, detail):
        assert refusal_of(body) == ("number_out_of_range", 422, pointer, detail)

    @pytest.mark.parametrize(
        ("body", "code", "status", "detail"),
        [
            pytest.param(nested(100_000), "too_deep", 422, TOO_DEEP, id="100,000 arrays deep"),
            pytest.param(b'{"a":' * 2_000, "too_deep", 422, TOO_DEEP, id="2,000 objects deep"),
            pytest.param(nested(33), "too_deep", 422, TOO_DEEP, id="33 levels"),
            pytest.param(b"[" * 300 * KB, "too_large", 413, TOO_LARGE, id="too deep as well"),
            pytest.param(b" " * 256 * KB + b"1", "too_large", 413, TOO_LARGE, id="a byte over"),
        ],
    )
    def test_depth_and_size(self, body, code, status, detail):
        assert refusal_of(body) == (code, status, "", detail)

    @pytest.mark.parametrize(
        ("value", "code", "pointer", "detail"),
        [
            (
                {"a": {f"k{n}": 1 for n in range(1_001)}},
                *("too_many_items", "/a", "An object may have at most 1,000 keys."),
            ),
            (
                {"a": [[0] * 10_001]},
                *("too_many_items", "/a/0", "An array may have at most 10,000 items."),
            ),
            (
                [[0] * 10_000] * 10,
                *("too_many_items", "", "A body may have at most 100,000 values."),
            ),
            (
                {"a": {"k" * 257: 1}},
                *("key_too_long", "/a", "A key may have at most 256 characters."),
            ),
        ],
        ids=["1,001 keys", "10,001 items", "100,011 values", "a key of 257 characters"],
    )
    def test_more_than_anyone_reviews(self, value, code, pointer, detail):
        body = json.dumps(value, separators=(",", ":")).encode()

        assert refusal_of(body) == (code, 422, pointer, detail)

    @pytest.mark.parametrize(
        ("body", "pointer", "detail"),
        [
            (b'{"p":{"a":"x\\u0000y"}}', "/p/a", "/p/a contains NUL (U+0000)."),
            (b'{"p":{"x\\u0000":1}}', "/p", "A key at /p contains NUL (U+0000)."),
            (b'"\\u0000"', "", "The text contains NUL (U+0000)."),
            (b'{"title":"\\udc00"}', "/title", "/title contains an unpaired surrogate."),
            (b'{"title":"\\uD83D-"}', "/title", "/title contains an unpaired surrogate."),
            (b'{"\\ud800":1}', "", "A key contains an unpaired surrogate."),
        ],
    )
    def test_characters_that_a_database_or_a_page_cannot_hold(self, body, pointer, detail):
        assert refusal_of(body) == ("forbidden_character", 422, pointer, detail)

    @pytest.mark.parametrize(
        "body", [b"+1", b"1.", b".5", b"0x10", b"[1,]", b'{"a":1,}', b"tru", b"// c\n1", b'"\\x41"']
    )
    def test_what_only_lenient_parsers_take(self, body):
        assert refusal_of(body)[0] == "malformed_json"

    def test_a_body_one_byte_over_a_limit_of_ones_own(self):
        with pytest.raises(gate.Malformed, match="larger than 1,000 bytes") as caught:
            gate.parse(b'"' + b"a" * 999 + b'"', limit_bytes=1_000)

        assert caught.value.status == 413

    def test_no_sentence_speaks_of_python(self):
        *_, detail = refusal_of(b"[" + b"1" * 5000 + b"]")

        assert "4300" not in detail
        assert "int" not in detail.split()


class TestWhatPasses:
    @pytest.mark.parametrize(
        ("body", "value"),
        [
            pytest.param(b'{"a":[1,-2.5,true,false,null,"x"]}', None, id="every kind"),
            pytest.param(b" \r\n\t[1] \r\n", None, id="white space around"),
            pytest.param(nested(32), None, id="32 levels"),
            pytest.param(b'{"a":' * 32 + b"1" + b"}" * 32, None, id="32 objects deep"),
            pytest.param(
                json.dumps(["[" * 100, '{"\\"' * 50, [[]] * 40]).encode(),
                None,
                id="many brackets, most of them in strings",
            ),
            pytest.param(b"9007199254740991", MAX_INTEGER, id="2^53 - 1"),
            pytest.param(b"-9007199254740991", -MAX_INTEGER, id="-(2^53 - 1)"),
            pytest.param(b"9007199254740990.5e0", 9007199254740990.5, id="a large double"),
            pytest.param(b'"' + b"9" * 5000 + b'"', "9" * 5000, id="digits in a string"),
            pytest.param(json.dumps({"k" * 256: 1}).encode(), None, id="a key of 256"),
            pytest.param(
                json.dumps({"ü" * 256: 1}, ensure_ascii=False).encode(), None, id="in code points"
            ),
            pytest.param(
                json.dumps({f"k{n}": n for n in range(1_000)}).encode(), None, id="1,000 keys"
            ),
            pytest.param(json.dumps([0] * 10_000).encode(), None, id="10,000 items"),
            pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="a surrogate pair"),
            pytest.param(b'"\\\\u0000 \\\\ud800"', "\\u0000 \\ud800", id="escaped backslashes"),
            pytest.param(b'"' + b"x" * (200 * KB) + b'"', "x" * (200 * KB), id="200 KB in one"),
            pytest.param('"e\u0301 \u202e \u200b"'.encode(), "e\u0301 \u202e \u200b", id="NFD"),
        ],
    )
    def test_comes_out_as_json_reads_it(self, body, value):
        assert gate.parse(body) == (json.loads(body) if value is None else value)

    def test_one_key_in_two_objects_is_no_repetition(self):
        assert gate.parse(b'[{"a":1},{"a":{"a":2}}]') == [{"a": 1}, {"a": {"a": 2}}]

    @given(JSON_VALUES)
    def test_any_value_within_the_limits_survives(self, value):
        for escaped in (True, False):
            body = json.dumps(value, ensure_ascii=escaped).encode()
            assert gate.parse(body) == value
        assert gate.check(value) is value


class TestHostileBodies:
    """No body keeps a thread busy: 256 KB of anything is settled in well under a second."""

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(nested(128 * KB), id="arrays"),
            pytest.param(b'{"a":' * 50_000, id="objects never closed"),
            pytest.param(b'"' * 256 * KB, id="quotes"),
            pytest.param(b'["' + b"\\" * 255 * KB, id="backslashes"),
            pytest.param(b'{"a":"' + b'[\\"' * 80_000 + b'"}', id="brackets in a string"),
            pytest.param(b"[" + b"[]," * 80_000 + b"0]", id="empty arrays"),
            pytest.param(b'{"a":1.' + b"9" * 250_000 + b"}", id="digits after the point"),
            pytest.param(b'{"a":1e' + b"9" * 250_000 + b"}", id="digits in an exponent"),
            pytest.param(b"[" + b"1" * 250_000 + b"]", id="digits"),
            pytest.param(b"]" * 100_000 + b"[" * 100_000, id="closed before opened"),
            pytest.param(b'"' + b"\\ud83d\\ude00" * 20_000 + b'"', id="escapes"),
        ],
    )
    def test_are_answered_at_once(self, body):
        started = time.perf_counter()

        try:
            gate.parse(body)
        except gate.Malformed:
            pass

        assert time.perf_counter() - started < 1
