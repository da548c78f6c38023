"""
A `PreToolUse` hook of Claude Code: `python -m placet.adapters.claude_code_hook`.

It reads the call on standard input and answers on standard output whether it may run. Claude
Code runs the tool when a hook crashes, hangs or exits with anything but 0 or 2, so every way
out of here is one of: a decision with status 0, or status 2.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NoReturn

from . import _agent
from ._permits import Answer, permit
from ._tool_calls import ToolCall

LONGEST_WAIT_SECONDS = 480
# How much longer than --wait it may take. Together they stay below the ten minutes after
# which Claude Code stops a hook, and runs the tool.
GRACE_SECONDS = 60
BLOCK = 2


class Unreadable(ValueError):
    """The input is not the description of a call about to be made."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _agent.add_arguments(parser)
    parser.add_argument(
        "--pending",
        choices=("deny", "defer"),
        default="deny",
        help="what to answer while nobody has decided. 'defer' ends a `claude -p` run so that "
        "--resume asks again; Claude Code ignores it in a terminal and where several tools are "
        "called at once, and may then run the tool",
    )


def run(options: argparse.Namespace) -> int:
    """Decide on the call on standard input; 0, or 2 if it could not even say no."""
    _block_if_it_takes_longer_than(options.wait + GRACE_SECONDS)
    try:
        decision = _decision(sys.stdin.buffer.read(), options)
    except Exception as error:  # not narrower: whatever escapes from here runs the tool
        decision = _deny(f"Placet could not be asked: {error}")
    try:
        print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", **decision}}))
        sys.stdout.flush()
    except OSError:
        return BLOCK
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="placet hook", description="A PreToolUse hook that asks a person for permission."
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


def _decision(said: bytes, options: argparse.Namespace) -> dict[str, Any]:
    if not options.checkpoint:
        return _deny("No checkpoint: pass --checkpoint NAME or set PLACET_CHECKPOINT.")
    if not 0 <= options.wait <= LONGEST_WAIT_SECONDS:
        return _deny(f"--wait is 0 to {LONGEST_WAIT_SECONDS} seconds.")
    call = _call(said, checkpoint=options.checkpoint)
    with _agent.client() as client:
        answer = permit(client, call, wait=timedelta(seconds=options.wait))
    if answer.pending and options.pending == "defer":
        return {"permissionDecision": "defer"}
    return _allow(answer) if answer.arguments is not None else _deny(answer.sentence)


def _call(said: bytes, *, checkpoint: str) -> ToolCall:
    """
    The call that Claude Code describes.

    :raises Unreadable: it is not one JSON object that says what would be run
    """
    try:
        event = json.loads(said.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"the hook's input is not plain JSON ({error}).") from None
    if not isinstance(event, dict) or event.get("hook_event_name") != "PreToolUse":
        raise Unreadable("this is a hook for PreToolUse.")
    name, arguments = event.get("tool_name"), event.get("tool_input")
    session, directory = event.get("session_id"), event.get("cwd")
    if not (isinstance(name, str) and name and isinstance(arguments, dict)):
        raise Unreadable("the hook's input names no tool, or no input for it.")
    if not (isinstance(session, str) and session and isinstance(directory, str)):
        raise Unreadable("the hook's input names no session, or no working directory.")
    return ToolCall(
        action=name,
        arguments=arguments,
        checkpoint=checkpoint,
        run=session,
        client="claude-code-hook",
        says={"working_directory": directory, "session": session},
    )


def _allow(answer: Answer) -> dict[str, Any]:
    # Always with the input: what runs is what was permitted, whoever wrote it down.
    decision = {"permissionDecision": "allow", "updatedInput": answer.arguments}
    return {**decision, "additionalContext": answer.sentence} if answer.sentence else decision


def _deny(sentence: str) -> dict[str, Any]:
    return {"permissionDecision": "deny", "permissionDecisionReason": sentence}


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name occurs twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def _block_if_it_takes_longer_than(seconds: float) -> None:
    def block() -> NoReturn:
        os.write(2, b"Placet took too long to answer. The call is blocked.\n")
        os._exit(BLOCK)

    timer = threading.Timer(seconds, block)
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    sys.exit(main())
