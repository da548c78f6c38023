"""`placet review`"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import Any

from .. import output
from .desk import Desk
from .session import Session


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "review",
        help="decide what waits for you",
        description="Decide what waits for you, one by one, with the authority that is yours. "
        "Without a terminal, or with --json, it lists what waits.",
        allow_abbrev=False,
    )
    output.add_json_option(command)
    command.set_defaults(perform=run)


def run(options: argparse.Namespace) -> int:
    with closing(Desk()) as desk:
        if options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            waiting = {"results": [each.raw for each in desk.waiting()]}
            output.show(waiting, for_people="", options=argparse.Namespace(json=True))
        else:
            Session(desk, _Console()).run()
    return 0


class _Console:
    def say(self, text: str) -> None:
        print(text)

    def ask(self, prompt: str) -> str:
        return input(prompt)
