"""Values that never were text obey the limits of the gate."""

import pytest

from approvals.rules.limits import Malformed, check, pointer_to


class TestCheck:
    @pytest.mark.parametrize(
        ("value", "code", "pointer"),
        [
            ({"a": ["x\0"]}, "forbidden_character", "/a/0"),
            ({"a": {"\ud800": 1}}, "forbidden_character", "/a"),
            ({"a": 2**53}, "number_out_of_range", "/a"),
            ({"a": float("inf")}, "number_out_of_range", "/a"),
            ({"a": float("nan")}, "number_out_of_range", "/a"),
            ({"k" * 257: 1}, "key_too_long", ""),
            ({str(n): n for n in range(1_001)}, "too_many_items", ""),
            ([0] * 10_001, "too_many_items", ""),
            ([[0] * 9_999] * 11, "too_many_items", ""),
        ],
    )
    def test_names_the_limit_and_the_place(self, value, code, pointer):
        with pytest.raises(Malformed) as caught:
            check(value)

        assert (caught.value.code, caught.value.pointer) == (code, pointer)

    def test_stops_at_a_value_that_contains_itself(self):
        value = []
        value.append(value)

        with pytest.raises(Malformed) as caught:
            check(value)

        assert caught.value.code == "too_deep"
        assert caught.value.pointer == "/0" * 32

    @pytest.mark.parametrize("value", [{1: "a"}, {"a": {1, 2}}, [b"bytes"], object()])
    def test_what_is_not_json_is_a_bug_of_the_caller(self, value):
        with pytest.raises(TypeError):
            check(value)


class TestPointerTo:
    @pytest.mark.parametrize(
        ("path", "pointer"),
        [((), ""), (("a", 0), "/a/0"), (("a/b", "~"), "/a~1b/~0"), (("",), "/")],
    )
    def test_escapes_as_rfc_6901(self, path, pointer):
        assert pointer_to(path) == pointer
