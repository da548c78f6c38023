"""What is given on a command line, read strictly."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d|)\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_FIELD = re.compile(r"([^=:]+)(:?=)(.*)\Z", re.DOTALL)


def duration(text: str) -> timedelta:
    """`90`, `90s`, `30m`, `2h`, `1d`"""
    found = _DURATION.match(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 90s, 30m or 2h")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])


def json_value(text: str) -> Any:
    """JSON; `@FILE` reads it from there, `-` from the standard input."""
    try:
        source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        return json.loads(sys.stdin.read() if text == "-" else source, object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"no JSON: {error}") from None


def json_object(text: str) -> dict[str, Any]:
    value = json_value(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("not a JSON object")
    return value


def field(text: str) -> tuple[str, Any]:
    """`NAME=TEXT` or `NAME:=JSON`"""
    found = _FIELD.match(text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=TEXT or NAME:=JSON")
    return found[1], json_value(found[3]) if found[2] == ":=" else found[3]


def context_of(options: argparse.Namespace) -> dict[str, Any] | None:
    """The context that `add_question_options` lets one give."""
    reason = {"rationale": options.reason} if options.reason else {}
    return {**reason, **(options.context or {})} or None


def add_question_options(command: argparse.ArgumentParser, *, checkpoint: str | None) -> None:
    """
    What goes with every question to a person.

    :param checkpoint: the default; None makes the option required
    """
    command.add_argument(
        "--checkpoint",
        required=checkpoint is None,
        default=checkpoint,
        help="the review point" + (f" (default: {checkpoint})" if checkpoint else ""),
    )
    command.add_argument("--reason", metavar="TEXT", help="why; shown as the rationale")
    command.add_argument("--context", type=json_object, metavar="JSON", help="more to be shown")
    command.add_argument("--run", metavar="NAME", help="the workflow it belongs to")
    command.add_argument(
        "--key",
        metavar="KEY",
        help="idempotency key: asked again with it, it is the same request",
    )


def fields_of(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """
    :raises ValueError: a name is given twice
    """
    return once(list(pairs))


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    A hook for `json.loads`: what is named twice is an error, not the later one.

    :raises ValueError: a name is given twice
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is given twice")
    return members
