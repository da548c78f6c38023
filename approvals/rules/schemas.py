"""JSON Schema (2020-12) without the network: bodies, arguments, contexts, answers."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs

from approvals.rules.unfolding import Unbounded, unfolded_size

# Our codes for what each keyword refuses; the rest are "invalid".
_CODES = {
    "additionalProperties": "unknown_field",
    "unevaluatedProperties": "unknown_field",
    "required": "required",
    "type": "wrong_type",
    "minLength": "too_short",
    "maxLength": "too_long",
    "enum": "not_a_choice",
    "const": "not_a_choice",
    "pattern": "invalid_format",
    "format": "invalid_format",
    "minimum": "out_of_range",
    "maximum": "out_of_range",
    "exclusiveMinimum": "out_of_range",
    "exclusiveMaximum": "out_of_range",
    "minItems": "too_few_items",
    "maxItems": "too_many_items",
}
# Older official ones are read as 2020-12, which most of their schemas also are.
DIALECTS = re.compile(r"\Z|https?://json-schema\.org/")
MAX_SCHEMA_CHARACTERS = 65_536
# Values of the schema times characters of the value: a second or two, at the very worst.
MAX_WORK = 300_000_000
# The library makes every fault at once, 1.6 KB and 20 microseconds each.
MAX_FAULTS = 30_000
FAULTS_OF_OURS = 4  # per value, at most
LONGEST_VALUE = 262_144


@dataclass(frozen=True)
class Problem:
    """One thing wrong, and where (JSON Pointer; "" is the whole value)."""

    pointer: str
    code: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def problems(
    schema: Mapping[str, Any], value: Any, *, at_most: int = 50, ours: bool = False
) -> list[Problem]:
    """
    What is wrong with the value under the schema; empty if nothing is.

    Of a large value only the first fault is found, and a value that would take too long
    to check is a fault in itself.

    :param ours: nobody outside wrote the schema, and few of its parts speak of one value
    """
    validator, size = _compiled(json.dumps(schema, sort_keys=True))
    if not ours and size * LONGEST_VALUE > MAX_WORK and size * len(json.dumps(value)) > MAX_WORK:
        return [Problem("", "too_complex", "the schema and the value are too large to be checked")]
    if validator.is_valid(value):
        return []
    if (FAULTS_OF_OURS if ours else size) * _count(value) > MAX_FAULTS:
        return _first_fault(validator, value)[:at_most]
    found: list[Problem] = []
    for error in validator.iter_errors(value):
        if len(found) >= at_most:
            break
        found.extend(_in_our_words(error))
    return found[:at_most]


def check(schema: Any) -> str | None:
    """Why this cannot serve as a schema (invalid, remote reference, too large), or None."""
    if not isinstance(schema, Mapping):
        return "a schema must be a JSON object"
    text = json.dumps(schema, sort_keys=True)
    if len(text) > MAX_SCHEMA_CHARACTERS:
        return f"the schema is longer than {MAX_SCHEMA_CHARACTERS:,} characters"
    if not DIALECTS.match(str(schema.get("$schema", ""))):
        return f"only JSON Schema 2020-12 is understood, not {schema['$schema']}"
    try:
        unfolded_size(schema)
        _compiled(text)
    except (Unbounded, ValueError, jsonschema_rs.ValidationError) as error:
        return f"not a usable JSON Schema: {getattr(error, 'message', None) or error}"
    return None


@lru_cache(maxsize=64)
def _compiled(text: str) -> tuple[jsonschema_rs.Draft202012Validator, int]:
    """
    The validator, and the size of its schema. The compiler checks the schema itself.

    Our own schemas, and those of admins, may refer to themselves; they count as large.
    """
    schema = json.loads(text)
    try:
        size = unfolded_size(schema)
    except Unbounded:
        size = MAX_FAULTS
    validator = jsonschema_rs.Draft202012Validator(
        schema,
        # The library would fetch http:// and even file:// references by itself. (So does
        # `jsonschema_rs.meta`, for an unknown "$schema": it must not see a stranger's.)
        offline=True,
        validate_formats=True,
        # The linear engine: a pattern that would backtrack does not compile at all.
        pattern_options=jsonschema_rs.RegexOptions(size_limit=200_000, dfa_size_limit=1_000_000),
    )
    return validator, size


def _count(value: Any) -> int:
    """How many values there are, containers included."""
    if isinstance(value, Mapping):
        return 1 + sum(map(_count, value.values()))
    return 1 + sum(map(_count, value)) if isinstance(value, list) else 1


def _first_fault(validator: jsonschema_rs.Draft202012Validator, value: Any) -> list[Problem]:
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        return _in_our_words(error)
    return []


def _in_our_words(error: jsonschema_rs.ValidationError) -> list[Problem]:
    pointer = "".join(f"/{_escaped(part)}" for part in error.instance_path)
    code = _CODES.get(error.kind.name, "invalid")
    if code == "unknown_field":
        return [
            Problem(f"{pointer}/{_escaped(name)}", code, f"there is no field {name!r} here")
            for name in getattr(error.kind, "unexpected", [])
        ]
    if code == "required":
        name = getattr(error.kind, "property", "")
        return [Problem(f"{pointer}/{_escaped(name)}", code, "this field is required")]
    return [Problem(pointer, code, error.message if len(error.message) < 300 else "invalid value")]


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
