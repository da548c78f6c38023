import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from approvals.rules import schemas

ROOT = Path(__file__).resolve().parents[3]


def found(schema, value):
    return [(problem.pointer, problem.code) for problem in schemas.problems(schema, value)]


class TestProblems:
    @pytest.mark.parametrize(
        ("schema", "value", "problems"),
        [
            ({"type": "object"}, {}, []),
            ({"type": "object"}, [], [("", "wrong_type")]),
            ({"required": ["a"]}, {}, [("/a", "required")]),
            (
                {"properties": {"a": {}}, "additionalProperties": False},
                {"x": 1},
                [("/x", "unknown_field")],
            ),
            ({"properties": {"a": {"maximum": 5}}}, {"a": 6}, [("/a", "out_of_range")]),
            ({"properties": {"a": {"exclusiveMinimum": 5}}}, {"a": 5}, [("/a", "out_of_range")]),
            ({"properties": {"a": {"minLength": 2}}}, {"a": "x"}, [("/a", "too_short")]),
            ({"properties": {"a": {"maxLength": 2}}}, {"a": "xxx"}, [("/a", "too_long")]),
            ({"properties": {"a": {"enum": ["x"]}}}, {"a": "y"}, [("/a", "not_a_choice")]),
            ({"properties": {"a": {"const": 1}}}, {"a": 2}, [("/a", "not_a_choice")]),
            ({"properties": {"a": {"const": 1}}}, {"a": True}, [("/a", "not_a_choice")]),
            ({"properties": {"a": {"pattern": "^x$"}}}, {"a": "y"}, [("/a", "invalid_format")]),
            ({"properties": {"a": {"format": "date"}}}, {"a": "y"}, [("/a", "invalid_format")]),
            ({"items": {"type": "integer"}}, [1, "2"], [("/1", "wrong_type")]),
            ({"minItems": 1}, [], [("", "too_few_items")]),
            ({"maxItems": 1}, [1, 2], [("", "too_many_items")]),
            (
                {"properties": {"a/b~c": {"type": "null"}}},
                {"a/b~c": 1},
                [("/a~1b~0c", "wrong_type")],
            ),
        ],
    )
    def test_say_what_is_wrong_and_where(self, schema, value, problems):
        assert found(schema, value) == problems

    def test_are_not_more_than_asked_for(self):
        schema = {"items": {"type": "string"}}

        assert len(schemas.problems(schema, list(range(500)), at_most=3)) == 3


class TestCheck:
    @pytest.mark.parametrize(
        "schema",
        [
            {},
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}},
        ],
    )
    def test_accepts_an_ordinary_schema(self, schema):
        assert schemas.check(schema) is None

    @pytest.mark.parametrize(
        "schema",
        [
            [],
            "string",
            None,
            True,
            {"type": "no such type"},
            {"properties": {"a": {"minimum": "x"}}},
            {"pattern": "(?=lookahead)"},
            {"pattern": "("},
            {"$ref": "#/$defs/missing"},
            {"description": "x" * 70_000},
        ],
    )
    def test_refuses_what_is_none(self, schema):
        assert schemas.check(schema)

    def test_reaches_nothing_outside(self):
        calls = []
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(0.2)
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/schema"

            def listen():
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        return
                    calls.append(connection)
                    connection.close()

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            refused = [
                schemas.check({"$ref": address}),
                schemas.check({"$schema": address, "type": "object"}),
                schemas.check({"$id": address, "properties": {"a": {"$ref": "other"}}}),
                schemas.check({"$ref": "file:///etc/passwd"}),
            ]
            thread.join()

        assert calls == []
        assert refused[0]
        assert refused[2]
        assert refused[3]

    # Each stands for billions of checks, or for megabytes of compiled pattern; in a process
    # of its own, because a checker that is caught by one never comes back.
    HOSTILE = {
        "references to references": (
            "{'$defs': {**{f'd{i}': {'allOf': [{'$ref': f'#/$defs/d{i + 1}'}] * 2}"
            " for i in range(40)}, 'd40': {'type': 'object'}}, '$ref': '#/$defs/d0'}"
        ),
        "a reference to itself": "{'anyOf': [{'$ref': '#'}, {'$ref': '#'}]}",
        "two ways down each level": (
            "{'anyOf': [{'properties': {'a': {'$ref': '#'}}, 'required': ['x']}] * 3}"
        ),
        "many alternatives for many items": (
            "{'properties': {'a': {'items': {'anyOf': [{'const': i} for i in range(2000)]}}}}"
        ),
        "huge patterns": (
            "{'properties': {f'p{i}': {'pattern': '(\\\\w{50}){8}'} for i in range(1500)}}"
        ),
        "dynamic references": "{'$dynamicAnchor': 'n', 'allOf': [{'$dynamicRef': '#n'}] * 2}",
    }

    @pytest.mark.parametrize("schema", HOSTILE.values(), ids=HOSTILE)
    def test_a_hostile_schema_costs_little_whether_it_is_refused_or_used(self, schema):
        program = (
            "from approvals.rules import schemas\n"
            f"schema = {schema}\n"
            "value = {'a': [-1] * 5000}\n"
            "for _ in range(29): value = {'a': value}\n"
            "if not schemas.check(schema): schemas.problems(schema, value)\n"
            "if not schemas.check(schema): schemas.problems(schema, {'a': [-1] * 5000})\n"
        )
        started = time.monotonic()

        subprocess.run([sys.executable, "-c", program], check=True, timeout=20, cwd=ROOT)

        assert time.monotonic() - started < 10
