"""How large a schema is, and which cannot be measured."""

import pytest

from approvals.rules.unfolding import MAX_SIZE, SIZE_OF_A_PATTERN, Unbounded, unfolded_size


def doubling(levels):
    pairs = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**pairs, f"a{levels}": True}, "$ref": "#/$defs/a0"}


class TestSize:
    @pytest.mark.parametrize(
        ("schema", "size"),
        [
            (True, 1),
            ({}, 1),
            ({"type": "string"}, 2),
            ({"enum": ["a", "b"]}, 4),
            ({"properties": {"a": {"type": "string"}}}, 4),
            ({"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}, 7),
            ({"$defs": {"a/b~c d": {}}, "$ref": "#/$defs/a~1b~0c%20d"}, 5),
            ({"prefixItems": [{}, {"$ref": "#/prefixItems/0"}]}, 6),
        ],
    )
    def test_is_that_of_the_schema_with_its_references_replaced(self, schema, size):
        assert unfolded_size(schema) == size

    def test_counts_a_pattern_as_much_as_it_costs(self):
        plain = unfolded_size({"properties": {"a": {"title": "^x$"}}})

        assert unfolded_size({"properties": {"a": {"pattern": "^x$"}}}) == plain + SIZE_OF_A_PATTERN
        assert unfolded_size({"patternProperties": {"^x$": {}, "^y$": {}}}) > 2 * SIZE_OF_A_PATTERN

    def test_doubles_with_every_level_of_double_references(self):
        assert unfolded_size(doubling(6)) > 2 * unfolded_size(doubling(5)) - 50

    def test_of_what_only_looks_like_keywords_is_that_of_any_value(self):
        schema = {"properties": {"$ref": {"type": "string"}, "pattern": {}, "$id": {}}}

        assert unfolded_size(schema) == 6


class TestUnbounded:
    @pytest.mark.parametrize(
        ("schema", "why"),
        [
            ({"$ref": "#"}, "back"),
            ({"properties": {"a": {"items": {"$ref": "#/properties/a"}}}}, "back"),
            ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, "back"),
            ({"$ref": "#/$defs/a"}, "nothing"),
            ({"allOf": [{}], "$ref": "#/allOf/1"}, "nothing"),
            ({"allOf": [{}], "$ref": "#/allOf/x"}, "nothing"),
            ({"$ref": "#name"}, "JSON Pointers"),
            ({"$ref": "other.json"}, "outside"),
            ({"$ref": "https://example.com/#/a"}, "outside"),
            ({"$ref": ""}, "outside"),
            ({"$dynamicRef": "#a"}, "plain"),
            ({"properties": {"a": {"$id": "https://example.com/"}}}, "$id"),
            (doubling(20), f"{MAX_SIZE:,}"),
            ({"enum": list(range(MAX_SIZE))}, f"{MAX_SIZE:,}"),
        ],
    )
    def test_is_said_with_the_reason(self, schema, why):
        with pytest.raises(Unbounded, match=re_of(why)):
            unfolded_size(schema)

    def test_is_a_long_chain_wherever_it_is_entered(self):
        links = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(300)}
        for order in (links, dict(reversed(links.items()))):
            with pytest.raises(Unbounded, match="nested"):
                unfolded_size({"$defs": {**order, "a300": True}, "$ref": "#/$defs/a0"})

    def test_is_not_a_reference_used_in_two_places(self):
        schema = {
            "$defs": {"money": {"type": "number"}},
            "properties": {name: {"$ref": "#/$defs/money"} for name in "abc"},
        }

        assert unfolded_size(schema) < 30


def re_of(text):
    return text.replace("$", r"\$")
