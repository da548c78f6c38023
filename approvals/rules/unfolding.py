"""
How large a JSON Schema is once every reference in it is followed.

A few kilobytes of references to references stand for billions of checks, and whoever
sends them stops the server for everyone. So a schema from outside is measured before
anything is checked against it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

MAX_SIZE = 10_000
MAX_DEPTH = 100
# A pattern is compiled, kept in memory and run over whole texts.
SIZE_OF_A_PATTERN = 100

_POINTER_STEP = re.compile(r"~([01])")
_OTHER_REFERENCES = ("$dynamicRef", "$recursiveRef")


class Unbounded(Exception):
    """The schema cannot be measured, or is too large; the message says why."""


def unfolded_size(schema: Any) -> int:
    """
    The number of values in the schema with each reference replaced by what it names.

    :raises Unbounded: more than `MAX_SIZE`, nested too deeply, a reference that leads
        outside, to nothing or back to itself, or a part with an address of its own
    """
    return _Measuring(schema).visit(schema, depth=0).values


@dataclass(frozen=True)
class _Extent:
    values: int
    height: int


@dataclass
class _Measuring:
    root: Any
    _known: dict[int, _Extent] = field(default_factory=dict)
    _open: set[int] = field(default_factory=set)

    def visit(self, node: Any, *, depth: int) -> _Extent:
        if not isinstance(node, dict | list):
            return _Extent(1, 0)
        if id(node) in self._open:
            raise Unbounded("a reference leads back to where it stands")
        extent = self._known.get(id(node)) or self._measure(node, depth)
        if depth + extent.height > MAX_DEPTH:
            raise Unbounded(f"it is nested deeper than {MAX_DEPTH} levels")
        return extent

    def _measure(self, node: dict[str, Any] | list[Any], depth: int) -> _Extent:
        if depth > MAX_DEPTH:
            raise Unbounded(f"it is nested deeper than {MAX_DEPTH} levels")
        self._open.add(id(node))
        values, height = 1 + _extra(node), 0
        for child in self._children(node):
            extent = self.visit(child, depth=depth + 1)
            values, height = values + extent.values, max(height, extent.height + 1)
            if values > MAX_SIZE:
                raise Unbounded(f"unfolded it has more than {MAX_SIZE:,} values")
        self._open.discard(id(node))
        self._known[id(node)] = _Extent(values, height)
        return self._known[id(node)]

    def _children(self, node: dict[str, Any] | list[Any]) -> Iterable[Any]:
        if isinstance(node, list):
            return node
        if node is not self.root and isinstance(node.get("$id"), str):
            raise Unbounded("only the whole schema may have an $id")
        if any(isinstance(node.get(name), str) for name in _OTHER_REFERENCES):
            raise Unbounded("references must be plain $ref")
        if isinstance(reference := node.get("$ref"), str):
            return [*node.values(), self._target(reference)]
        return node.values()

    def _target(self, reference: str) -> Any:
        place, fragment = reference[:1], unquote(reference[1:])
        if place != "#":
            raise Unbounded(f"references outside the schema are not allowed: {reference}")
        if fragment and not fragment.startswith("/"):
            raise Unbounded("references must be JSON Pointers, such as #/$defs/name")
        found = self.root
        for step in fragment.split("/")[1:]:
            found = _inside(found, _POINTER_STEP.sub(lambda tilde: "~/"[int(tilde[1])], step))
        return found


def _extra(node: dict[str, Any] | list[Any]) -> int:
    if isinstance(node, list):
        return 0
    patterns = node.get("patternProperties")
    count = len(patterns) if isinstance(patterns, Mapping) else 0
    return SIZE_OF_A_PATTERN * (count + isinstance(node.get("pattern"), str))


def _inside(found: Any, step: str) -> Any:
    try:
        return found[int(step)] if isinstance(found, list) else found[step]
    except (LookupError, TypeError, ValueError):
        raise Unbounded(f"a reference leads to nothing: {step!r}") from None
