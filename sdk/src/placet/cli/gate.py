"""`placet gate -- CMD...`"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import sys
from datetime import timedelta
from types import FrameType
from typing import Any

from .._approval import Approval
from .._canonical import canonical
from .._client import Client
from .._errors import PlacetError, UnusableArguments
from . import inert, inputs, running

DESCRIPTION = """\
Run a command only if a person approves it. What is approved is its list of words, which the
reviewer may change; what runs is the list as approved, once, without a shell in between.
The directory is shown to the reviewer, and not bound.
"""
SCHEMA = {
    "type": "object",
    "properties": {"argv": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
    "required": ["argv"],
    "additionalProperties": False,
}


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "gate",
        help="run a command if it is approved",
        description=DESCRIPTION,
        usage="placet gate --checkpoint NAME [options] -- COMMAND [ARGUMENT ...]",
        allow_abbrev=False,
    )
    inputs.add_question_options(command, checkpoint=None)
    command.add_argument("--action", help="what it is called for people (default: run_command)")
    command.add_argument(
        "--step",
        metavar="NAME",
        help="one step of a script: linked with the others by --run or PLACET_RUN, and not run "
        "again by a second start of the same run",
    )
    command.add_argument(
        "--timeout",
        type=inputs.duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="how long to wait for the decision (default: 1h)",
    )
    command.add_argument("argv", nargs="+", metavar="COMMAND", help="after --: what would run")
    command.set_defaults(perform=run)


def run(options: argparse.Namespace) -> int:
    run_name = options.run or os.environ.get("PLACET_RUN")
    if options.step and not run_name:
        raise ValueError("A step belongs to a run: give --run NAME or set PLACET_RUN.")
    with Client() as client:
        approval = client.submit(
            options.action or options.step or "run_command",
            {"argv": options.argv},
            checkpoint=options.checkpoint,
            context={
                **(inputs.context_of(options) or {}),
                "directory": os.getcwd(),
                "host": platform.node(),
            },
            arguments_schema=SCHEMA,
            run=run_name,
            idempotency_key=options.key or _key_of(options, run_name),
        )
        approval = _decided(client, approval, options)
        approval.require_permission()
        argv = _argv_of(approval)
        client.consume(approval)
        if argv != options.argv:
            _say(f"Runs as changed by the reviewer: {inert.as_json(argv)}")
        ended = running.run(argv)
        if ended.complaint:
            _say(inert.line(ended.complaint))
        _report(client, approval, ended)
    return ended.code


def _key_of(options: argparse.Namespace, run_name: str | None) -> str | None:
    """A step is known by its run, its name and its words; anything else is new each time."""
    if not options.step:
        return None
    whole = canonical([run_name, options.step, options.argv])
    return "step-" + hashlib.sha256(whole).hexdigest()


def _decided(client: Client, approval: Approval, options: argparse.Namespace) -> Approval:
    if not approval.is_pending:
        return approval
    _say(f"Waiting for a person to decide: {inert.line(approval.url)}")
    try:
        with running.handling(dict.fromkeys(running.ENDING, _stop)):
            return approval.wait(timeout=options.timeout)
    except (KeyboardInterrupt, SystemExit):
        # Without a key nobody can come back for it, and no reviewer should spend time on it.
        if not (options.key or options.step):
            client.cancel(approval, "The command was stopped while it waited.")
        raise


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _argv_of(approval: Approval) -> list[str]:
    argv = approval.arguments.get("argv")
    is_one = isinstance(argv, list) and argv and all(isinstance(word, str) for word in argv)
    if not is_one or set(approval.arguments) != {"argv"}:
        raise UnusableArguments("What was approved is no command.", approval=approval)
    words: list[str] = argv  # type: ignore[assignment]
    return words


def _report(client: Client, approval: Approval, ended: running.Ended) -> None:
    try:
        client.report(approval, "failed" if ended.code else "succeeded", ended.how)
    except PlacetError as failure:
        # The command has run, and its exit code is what the caller wants to know.
        _say(f"The outcome could not be reported: {inert.line(failure.detail)}")


def _say(sentence: str) -> None:
    print(f"placet: {sentence}", file=sys.stderr, flush=True)
