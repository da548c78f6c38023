"""`placet wait`"""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from .._client import Client
from . import inputs, output


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "wait",
        help="wait for the decision on a request",
        description="Wait for the decision on a request, and print it.",
        allow_abbrev=False,
    )
    command.add_argument("id", help="what submit printed")
    command.add_argument(
        "--timeout",
        type=inputs.duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="how long (default: 1h)",
    )
    output.add_json_option(command)
    command.set_defaults(perform=run)


def run(options: argparse.Namespace) -> int:
    with Client() as client:
        approval = client.get(options.id).wait(timeout=options.timeout)
    output.show_approval(approval, options)
    approval.require_permission()
    return 0
