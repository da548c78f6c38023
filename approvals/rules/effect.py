"""
The sentence that says what an action does: `Pays {/steps#count} invoices`.

An admin writes the words, the values are taken from the document that a decision binds:
`{"action", "arguments", "steps", "context"}`. In braces stands a JSON Pointer into it,
in which `*` means every item of a list, and formatters after it, as in
`{/steps/*/arguments/amount#sum#money}`. `{{` and `}}` are braces. Values are shown whole,
whatever they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.rules.formats import FORMATTERS, GIVES_A_NUMBER, formatted
from approvals.rules.limits import Path, pointer_to

MAX_TEMPLATE = 500  # characters
ROOTS = ("action", "arguments", "steps", "context")
CURRENCY = re.compile("[A-Za-z]{3}")
PIECE = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


@dataclass(frozen=True)
class Part:
    """
    A piece of a sentence: `kind` says where `value` comes from.

    `text` is the admin's wording; `lifted` a value from the payload, which is what will
    run; `claimed` one from the context, which only the agent vouches for; `missing` says
    which value is not there.
    """

    kind: str
    value: str


class _Missing(Exception):
    """The document has nothing at a pointer; the message is the pointer that led nowhere."""


def render(template: str, document: Mapping[str, Any]) -> list[Part]:
    """
    The sentence for one document. Never fails: what cannot be formatted is shown as it is.
    """
    parts: list[Part] = []
    for piece in PIECE.findall(template):
        if piece in ("{{", "}}"):
            parts.append(Part("text", piece[0]))
        elif piece.startswith("{") and not _problem_of(piece):
            parts.append(_lifted(piece[1:-1], document))
        else:
            parts.append(Part("text", piece))
    return _joined(parts)


def plain(action: str, steps: Sequence[Any]) -> list[Part]:
    """The sentence of a checkpoint without a template: `Runs process_payments with 5 steps`."""
    parts = [Part("text", "Runs "), Part("lifted", action)]
    if steps:
        noun = " step" if len(steps) == 1 else " steps"
        parts += [Part("text", " with "), Part("lifted", str(len(steps))), Part("text", noun)]
    return parts


def sentence(parts: Sequence[Part]) -> str:
    """The parts as one plain text."""
    return "".join(part.value for part in parts)


def check(template: str) -> str | None:
    """What is wrong with a template, in words for the admin who saves it, or None."""
    if not template.strip():
        return "The sentence is empty."
    if len(template) > MAX_TEMPLATE:
        return f"The sentence may have at most {MAX_TEMPLATE} characters."
    problems = (_problem_of(piece) for piece in PIECE.findall(template))
    return next(filter(None, problems), None)


def _problem_of(piece: str) -> str | None:
    if piece in ("{", "}"):
        return f"A {piece} stands alone; write {piece * 2} for the character itself."
    if not piece.startswith("{") or piece == "{{":
        return None
    pointer, *names = piece[1:-1].split("#")
    if not pointer.startswith("/"):
        return f"{piece} must begin with a pointer such as /arguments/total."
    if pointer.split("/")[1] not in ROOTS:
        return f"{piece} must point into /{', /'.join(ROOTS)}."
    if re.search(r"~(?![01])", pointer):
        return f"{piece} has a ~ that is neither ~0 nor ~1."
    for name in names:
        if name not in FORMATTERS:
            return f"{piece} names the formatter {name!r}; there are {', '.join(FORMATTERS)}."
    for name in names[:-1]:
        if name not in GIVES_A_NUMBER:
            return f"{piece}: nothing can follow {name}, which gives text."
    return None


def _lifted(placeholder: str, document: Mapping[str, Any]) -> Part:
    pointer, *names = placeholder.split("#")
    try:
        value = _at(document, pointer)
    except _Missing as missing:
        return Part("missing", f"(no {missing})")
    kind = "claimed" if pointer.split("/")[1] == "context" else "lifted"
    return Part(kind, formatted(value, names, currencies=_currencies(document, pointer)))


def _at(document: Mapping[str, Any], pointer: str) -> Any:
    """
    What stands at the pointer; with a `*` in it, the list of what stands at each place.

    A list of which one item lacks the value counts as missing it: a total must not leave
    out in silence what it could not find.
    """
    found: list[tuple[Path, Any]] = [((), document)]
    many = False
    for raw in pointer.split("/")[1:]:
        key = raw.replace("~1", "/").replace("~0", "~")
        reached: list[tuple[Path, Any]] = []
        for path, value in found:
            if key == "*" and isinstance(value, list):
                many = True
                reached += [((*path, index), item) for index, item in enumerate(value)]
            else:
                reached.append(((*path, key), _member(value, key, path)))
        found = reached
    values = [value for _, value in found]
    return values if many else values[0]


def _member(value: Any, key: str, path: Path) -> Any:
    if isinstance(value, Mapping) and key in value:
        return value[key]
    if isinstance(value, list) and re.fullmatch("0|[1-9][0-9]{0,5}", key) and int(key) < len(value):
        return value[int(key)]
    raise _Missing(pointer_to((*path, key)))


def _currencies(document: Mapping[str, Any], pointer: str) -> set[str]:
    """The currency codes of the arguments and, for a value from the steps, of theirs."""
    holders = [document.get("arguments")]
    steps = document.get("steps")
    if pointer.startswith("/steps") and isinstance(steps, list):
        holders += [step.get("arguments") for step in steps if isinstance(step, Mapping)]
    codes = [holder.get("currency") for holder in holders if isinstance(holder, Mapping)]
    return {code.upper() for code in codes if isinstance(code, str) and CURRENCY.fullmatch(code)}


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The parts with neighbouring pieces of wording as one."""
    joined: list[Part] = []
    for part in parts:
        if joined and part.kind == joined[-1].kind == "text":
            joined[-1] = Part("text", joined[-1].value + part.value)
        else:
            joined.append(part)
    return joined
