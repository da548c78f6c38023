"""
Policy as YAML: reading it strictly, and writing it so that a diff shows what changed.

Read by YAML 1.2's idea of a scalar: `on`, `no` and `2026-11-02` are text. Aliases, tags,
repeated keys and anything that JSON cannot hold are refused.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml

from approvals.rules import limits

MAX_BYTES = 1_048_576
SECTIONS = ("checkpoints", "templates")
# A collection that fits on so many characters stands on one line.
_ONE_LINE = 90
_MOST_DIGITS = 20
# YAML 1.1 breaks lines at these too, and turns them into something else when it reads.
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")


class Unreadable(Exception):
    """Not a policy document; the message says where and why."""


@dataclass(frozen=True)
class Document:
    """The entries of a policy file as they were written, nothing added."""

    checkpoints: Sequence[Mapping[str, Any]]
    templates: Sequence[Mapping[str, Any]]


def read(text: str) -> Document:
    """
    The entries of a policy document. Their fields are for others to check.

    :raises Unreadable: not YAML, too large, or not lists of checkpoints and templates
    """
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise Unreadable(f"a policy document has at most {MAX_BYTES:,} bytes")
    try:
        whole = yaml.load(text, _StrictLoader)  # noqa: S506  (built on SafeLoader)
        limits.check(whole)
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_in_words(error)) from None
    except (yaml.YAMLError, limits.Malformed, TypeError, ValueError) as error:
        raise Unreadable(str(error)) from None
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    if not isinstance(whole, dict) or not whole:
        raise Unreadable("a policy document has `checkpoints:` and `templates:`, both lists")
    if unknown := sorted(set(whole) - set(SECTIONS)):
        raise Unreadable(f"there is no section {unknown[0]!r}, only checkpoints and templates")
    return Document(*(_entries(whole, section) for section in SECTIONS))


def write(document: Document) -> str:
    """The one text of these entries: keys in the order given, free JSON sorted by key."""
    whole = {section: list(getattr(document, section)) for section in SECTIONS}
    return _written(whole)


def written(entry: Mapping[str, Any]) -> str:
    """One entry as text. Two entries say the same exactly if their texts are equal."""
    return _written(dict(entry))


def in_order(value: Any) -> Any:
    """Free JSON with sorted keys: databases differ in the order that they keep."""
    if isinstance(value, Mapping):
        return {key: in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [in_order(item) for item in value]
    return value


def _entries(whole: Mapping[str, Any], section: str) -> list[Mapping[str, Any]]:
    entries = whole.get(section)
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise Unreadable(f"{section} must be a list")
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise Unreadable(f"{section}[{place}] must have a name and fields")
    return entries


def _in_words(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "it cannot be read"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _written(value: Any) -> str:
    return yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        width=2**31,
        default_flow_style=False,
    )


class _StrictLoader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[Any, Any] = {}
    yaml_constructors: ClassVar[dict[Any, Any]] = {}

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.composer.ComposerError(
                None, None, "anchors and aliases are not allowed", event.start_mark
            )
        if getattr(event, "tag", None):
            raise yaml.composer.ComposerError(None, None, "tags are not allowed", event.start_mark)
        if self._depth > limits.MAX_DEPTH:
            raise yaml.composer.ComposerError(
                None, None, f"nested deeper than {limits.MAX_DEPTH} levels", event.start_mark
            )
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} must be text; quote it", key_node.start_mark
                )
            if key in found:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", key_node.start_mark
                )
            found[key] = self.construct_object(value_node, deep=True)
        return found

    def integer(self, node: yaml.ScalarNode) -> int:
        if len(node.value) > _MOST_DIGITS:
            raise yaml.constructor.ConstructorError(
                None, None, "a number with too many digits; quote it", node.start_mark
            )
        return int(node.value)

    def sequence(self, node: yaml.SequenceNode) -> list[Any]:
        return [self.construct_object(item, deep=True) for item in node.value]


def _resolve(tag: str, pattern: str, first: str) -> None:
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first)
    )


# No wider than what the writer quotes: a text that looks like one of these is quoted there.
_resolve("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF")
_resolve("int", r"[-+]?(?:0|[1-9][0-9]*)\Z", "-+0123456789")
_resolve("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?\Z", "-+.0123456789")
_resolve("null", r"(?:~|null|Null|NULL|)\Z", "~nN\0")
_StrictLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"\Z"), [""])
_CONSTRUCTORS: dict[str, Callable[[Any, Any], Any]] = {
    "bool": lambda loader, node: node.value.lower() == "true",
    "int": _StrictLoader.integer,
    "float": lambda loader, node: float(node.value),
    "null": lambda loader, node: None,
    "str": lambda loader, node: node.value,
    "seq": _StrictLoader.sequence,
    "map": _StrictLoader.mapping,
}
for _tag, _construct in _CONSTRUCTORS.items():
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _construct)


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: _Writer, value: str) -> yaml.Node:
    style = "|" if "\n" in value.strip("\n") else None
    if _OTHER_BREAKS.search(value):
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _mapping(writer: _Writer, value: dict[str, Any]) -> yaml.Node:
    node = writer.represent_mapping("tag:yaml.org,2002:map", value)
    node.flow_style = _fits_a_line(value)
    return node


def _list(writer: _Writer, value: list[Any]) -> yaml.Node:
    node = writer.represent_sequence("tag:yaml.org,2002:seq", value)
    node.flow_style = _fits_a_line(value)
    return node


def _fits_a_line(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else value
    is_flat = not any(isinstance(item, dict | list) for item in items)
    return is_flat and len(json.dumps(value, ensure_ascii=False)) <= _ONE_LINE


_Writer.add_representer(str, _text)
_Writer.add_representer(dict, _mapping)
_Writer.add_representer(list, _list)
