"""
Conditions in CEL: checked when an admin saves them, evaluated over the facts of a proposal.

The only module that knows the engine. The engine reports trouble in two ways, as a value
of type ERROR and as an exception; here both become `Undecided`, and it is for the caller
to fail closed: a condition that cannot be decided never lets anything pass.

Names in a condition: `action`, `args`, `context`, `risk` (not in risk rules),
`agent.name`, `agent.trust`, `run`, `stage`, `step_count`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

MAX_SOURCE_BYTES = 2048
MAX_INT64 = 2**63 - 1

# The engine counts iterations but not bytes: a text joined to another in a loop of ten
# thousand took gigabytes. Past this length such a condition is not evaluated.
MAX_JOINED_TEXT = 4096
LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")

NAMES = {
    "action": cel.Type.STRING,
    "args": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "context": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "agent.name": cel.Type.STRING,
    "agent.trust": cel.Type.DOUBLE,
    "run": cel.Type.STRING,
    "stage": cel.Type.STRING,
    "step_count": cel.Type.INT,
}
# Built while the import lock is held, and only read afterwards.
WITHOUT_RISK = cel.NewEnv(variables=NAMES)
WITH_RISK = cel.NewEnv(variables={**NAMES, "risk": cel.Type.DOUBLE})


@dataclass(frozen=True)
class Problem:
    """Why a condition cannot be saved. `line` and `column` count from 1."""

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}"


class Undecided(Exception):
    """A condition that is neither true nor false of these facts; the message says why."""


class Facts(Mapping[str, Any]):
    """
    Facts about one proposal, converted once for all the conditions that ask.

    Any mapping will do for `holds`, but a large context is then converted for each
    condition, which costs far more than the condition itself. The facts must not change
    afterwards, and one thread uses them.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self._facts = dict(facts)
        self._bind(self._flat())

    def knowing(self, risk: float) -> "Facts":
        """The same facts and the risk, which is known once they have been looked at."""
        facts = object.__new__(Facts)
        facts._facts = {**self._facts, "risk": risk}
        facts._bind({**self._bound, "risk": risk})
        return facts

    def _bind(self, bound: dict[str, Any]) -> None:
        self._bound = bound
        self.activation = WITH_RISK.Activation(bound)

    def __getitem__(self, name: str) -> Any:
        return self._facts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)

    def spell_long_integers(self) -> bool:
        """Turn integers beyond 64 bits, which CEL lacks, into text. True if there were any."""
        bound = {name: _spelled(value) for name, value in self._bound.items()}
        if bound == self._bound:
            return False
        self._bind(bound)
        return True

    def longest_text(self) -> int:
        return max(map(len, _texts(list(self._bound.values()))), default=0)

    def _flat(self) -> dict[str, Any]:
        agent = self._facts.get("agent")
        if not isinstance(agent, Mapping):
            return self._facts
        return {**self._facts, **{f"agent.{name}": value for name, value in agent.items()}}


def check(source: str, *, with_risk: bool) -> Problem | None:
    """
    What is wrong with a condition, or None if it may be saved.

    :param with_risk: whether it may speak of `risk`; risk rules, which make it, may not
    """
    compiled = _compiled(source, with_risk)
    return compiled if isinstance(compiled, Problem) else None


def holds(source: str, facts: Mapping[str, Any]) -> bool:
    """
    Whether a condition is true of `facts`.

    :param facts: the names above with their values, `agent` as a mapping of its own.
        None need be there, but a condition that needs a missing one is undecided.
    :raises Undecided: for anything but a clear answer: a missing key, types that do not
        compare, overflow, too many iterations, a source that would not pass `check`
    """
    compiled = _compiled(source, "risk" in facts)
    if isinstance(compiled, Problem):
        raise Undecided(str(compiled))
    bound = facts if isinstance(facts, Facts) else Facts(facts)
    if "+" in source and LOOP.search(source) and bound.longest_text() > MAX_JOINED_TEXT:
        raise Undecided("it joins texts in a loop, and a text here is too long for that")
    try:
        answer = compiled.eval(bound.activation).value()
        if not isinstance(answer, bool) and bound.spell_long_integers():
            answer = compiled.eval(bound.activation).value()
    except Exception as error:  # The bindings raise several kinds, none of them their own.
        raise Undecided(_in_words(str(error))) from None
    if not isinstance(answer, bool):
        raise Undecided(_in_words(str(answer)))
    return answer


@lru_cache(maxsize=2048)
def _compiled(source: str, with_risk: bool) -> cel.Expression | Problem:
    if not source.strip():
        return Problem(1, 1, "the condition is empty")
    try:
        size = len(source.encode())
        if size > MAX_SOURCE_BYTES:
            return Problem(1, 1, f"{size:,} bytes; at most {MAX_SOURCE_BYTES:,} are allowed")
        expression = (WITH_RISK if with_risk else WITHOUT_RISK).compile(source)
    except UnicodeEncodeError:
        return Problem(1, 1, "it contains an unpaired surrogate")
    except RuntimeError as error:
        return _problem(str(error))
    kind = expression.return_type()
    if kind == cel.Type.BOOL:
        return expression
    if kind == cel.Type.DYN:
        return Problem(1, 1, "it must be true or false; compare the value, as in `… == true`")
    return Problem(1, 1, f"it must be true or false, but gives {kind.name().lower()}")


PLACE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
# The engine's messages, turned into words for whoever wrote the condition; in order.
IN_WORDS = [
    (re.compile(pattern), words)
    for pattern, words in [
        (r"^[A-Z_]+: (?=.)", ""),
        (r" \[[A-Z_]+\]$", ""),
        (r"^Syntax error: (?:mismatched|extraneous) input '<EOF>'.*", "it ends too early"),
        (r"^Syntax error: (?:mismatched|extraneous) input (.+?) expec.*", r"\1 does not fit here"),
        (r"^Syntax error: token recognition error at: '(.*?)\s*'$", r"\1 cannot be read"),
        (r"^undeclared reference to '(.*)' \(in container ''\)$", r"there is no name '\1'"),
        (
            r"^found no matching overload for '_?(.*?)_?' applied to '(.*)'$",
            r"'\1' does not take \2",
        ),
        (r"^No matching overloads found : _?(.*?)_?(\(.*\))$", r"'\1' does not take \2"),
        (r"^No matching overloads found : _?(.*?)_?$", r"'\1' does not take these values"),
        (r"\((?:double, int|int, double)\)$", r"\g<0>; write whole numbers as 1.0"),
        (r"^Key not found in map : (.*)", r"there is no key \1"),
        (r"^No value with name (.*) found in Activation", r"nothing is known of \1"),
    ]
]


def _problem(report: str) -> Problem:
    """The first complaint in a compiler's report."""
    found = PLACE.search(report)
    if not found:
        return Problem(1, 1, _in_words(report))
    line, column, message = found.groups()
    return Problem(max(int(line), 1), max(int(column), 1), _in_words(message))


def _in_words(message: str) -> str:
    message = message.partition("\n")[0]
    for pattern, words in IN_WORDS:
        message = pattern.sub(words, message)
    return message[:300]


def _spelled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    if isinstance(value, int) and not -MAX_INT64 <= value <= MAX_INT64:
        return str(value)
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
