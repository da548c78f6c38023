"""What changed between two JSON values: by key in structures, by word in strings."""

import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

# A text too long to be matched word by word is matched by these.
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*[^\S\n]*|[.!?]+[^\S\n]*|\n")

# A word takes the spaces after it along; a number keeps its sign, currency and percent,
# so that 20% becomes 30% as one piece.
WORD = re.compile(r"(?:[+\-\u2212]?[$€£¥]?\d[\d.,]*%?|\w+|[^\w\s])[^\S\n]*|\n|[^\S\n]+", re.DOTALL)

# Two agents' revisions can be made so alike and so repetitive that matching them would
# take minutes. Past this many steps, at worst a second or two, the middle is replaced whole.
MAX_STEPS = 40_000_000

Path = tuple[str | int, ...]
Opcode = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text that stayed (`same`), went (`del`) or came (`ins`)."""

    kind: Literal["same", "del", "ins"]
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """
    One place where two values differ.

    `path` holds the keys and indexes down to it; an index counts in the value before,
    except for what was added. `before` is None when added, `after` when removed.
    """

    kind: Literal["changed", "added", "removed"]
    path: Path
    before: Any = None
    after: Any = None

    @property
    def segments(self) -> list[Segment]:
        """The change word by word; empty unless a string became another string."""
        if isinstance(self.before, str) and isinstance(self.after, str):
            return words(self.before, self.after)
        return []


def words(before: str, after: str) -> list[Segment]:
    """
    `before` turned into `after`, word by word.

    The `same` and `del` texts together give `before`, `same` and `ins` give `after`;
    of a replacement, what went stands before what came.
    """
    old, new = WORD.findall(before), WORD.findall(after)
    if _steps(old, new) > MAX_STEPS:
        old, new = SENTENCE.findall(before), SENTENCE.findall(after)
    segments: list[Segment] = []
    for kind, a, b, c, d in _opcodes(old, new):
        if kind == "equal":
            segments.append(Segment("same", "".join(old[a:b])))
        else:
            segments += _replacement("".join(old[a:b]), "".join(new[c:d]))
    return segments


def changes(before: Any, after: Any) -> list[Change]:
    """Every difference between two JSON values, outermost keys in the order of `after`."""
    return list(_changes(before, after, ()))


def unchanged_keys(before: Any, after: Any) -> list[str]:
    """The outermost keys whose whole value is the same in both."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return []
    return [key for key in after if key in before and _form(before[key]) == _form(after[key])]


def _opcodes(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[Opcode]:
    """The edit from one sequence to the other, as `SequenceMatcher` tells it."""
    head, old_end, new_end = _bounds(old, new)
    if head:
        yield "equal", 0, head, 0, head
    if _steps(old, new) > MAX_STEPS:
        yield "replace", head, old_end, head, new_end
    else:
        middles = old[head:old_end], new[head:new_end]
        for kind, a, b, c, d in SequenceMatcher(None, *middles, autojunk=False).get_opcodes():
            yield kind, a + head, b + head, c + head, d + head
    if old_end < len(old):
        yield "equal", old_end, len(old), new_end, len(new)


def _steps(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """At most how many steps the matching of two sequences takes."""
    head, old_end, new_end = _bounds(old, new)
    old, new = old[head:old_end], new[head:new_end]
    counts = Counter(new)
    pairs = len(old) + len(new) + sum(counts[item] for item in old)
    return pairs * min(len(old), len(new))


def _bounds(old: Sequence[Hashable], new: Sequence[Hashable]) -> tuple[int, int, int]:
    """Where the difference begins in both, where it ends in the old, and in the new."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    return head, len(old) - tail, len(new) - tail


def _common(old: Sequence[Hashable], new: Sequence[Hashable]) -> int:
    """How many items both sequences begin with."""
    pairs = zip(old, new, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def _replacement(went: str, came: str) -> Iterator[Segment]:
    """What went, then what came; the white space that both end with stays."""
    ends = [len(text) - len(text.rstrip()) for text in (went, came)] if went and came else [0]
    stays = next(
        n for n in range(min(ends), -1, -1) if went[len(went) - n :] == came[len(came) - n :]
    )
    kept = went[len(went) - stays :]
    parts = (
        Segment("del", went.removesuffix(kept)),
        Segment("ins", came.removesuffix(kept)),
        Segment("same", kept),
    )
    yield from (segment for segment in parts if segment.text)


def _changes(before: Any, after: Any, path: Path) -> Iterator[Change]:
    if _form(before) == _form(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _changes_of_objects(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changes_of_arrays(before, after, path)
    else:
        yield Change("changed", path, before, after)


def _changes_of_objects(
    before: dict[str, Any], after: dict[str, Any], path: Path
) -> Iterator[Change]:
    for key, value in after.items():
        if key in before:
            yield from _changes(before[key], value, (*path, key))
        else:
            yield Change("added", (*path, key), after=value)
    for key, value in before.items():
        if key not in after:
            yield Change("removed", (*path, key), before=value)


def _changes_of_arrays(before: list[Any], after: list[Any], path: Path) -> Iterator[Change]:
    old, new = [_form(item) for item in before], [_form(item) for item in after]
    for kind, a, b, c, d in _opcodes(old, new):
        if kind == "equal":
            continue
        paired = min(b - a, d - c)
        for n in range(paired):
            yield from _changes(before[a + n], after[c + n], (*path, a + n))
        for n in range(a + paired, b):
            yield Change("removed", (*path, n), before=before[n])
        for n in range(c + paired, d):
            yield Change("added", (*path, n), after=after[n])


def _form(value: Any) -> Any:
    """
    A hashable stand-in that is equal exactly when two JSON values are.

    Python holds True equal to 1; JSON does not. 1 and 1.0 are the same number in both.
    """
    if isinstance(value, dict):
        return "object", frozenset((key, _form(item)) for key, item in value.items())
    if isinstance(value, list):
        return "array", tuple(_form(item) for item in value)
    if isinstance(value, bool):
        return "boolean", value
    return "scalar", value
