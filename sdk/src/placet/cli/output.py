"""What a command prints: for people on a terminal, else one JSON object."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from .._approval import ApprovalState
from . import inert


def add_json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--json", action="store_true", help="one JSON object, as when the output is piped"
    )


def show(value: Mapping[str, Any], *, for_people: str, options: argparse.Namespace) -> None:
    """One of both, by option and by where the output goes."""
    is_for_people = sys.stdout.isatty() and not options.json
    print(for_people if is_for_people else json.dumps(value, ensure_ascii=True))


def show_approval(approval: ApprovalState, options: argparse.Namespace) -> None:
    show(approval.raw, for_people=described(approval), options=options)


def described(approval: ApprovalState) -> str:
    """A few lines on how it stands."""
    lines = [f"{bold(approval.status)}  {inert.line(approval.action)}  {approval.id}"]
    if approval.is_pending:
        lines.append(f"A person decides at {inert.line(approval.url)}")
    decision = approval.decision
    if decision:
        by = ", ".join(inert.line(str(person.get("name"))) for person in decision.by)
        lines.append(f"{decision.verdict} by {by}" if by else f"decided by {decision.via}")
    if approval.feedback:
        lines.append(inert.block(approval.feedback, margin="  │ "))
    if approval.may_proceed:
        lines.append(inert.as_json(approval.arguments))
    return "\n".join(lines)


def bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if colours() else text


def dim(text: str) -> str:
    return f"\033[2m{text}\033[0m" if colours() else text


def colours() -> bool:
    """Whether the output understands them, and nobody asked to be spared (no-color.org)."""
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )
