"""`placet submit`"""

from __future__ import annotations

import argparse
from typing import Any

from .._client import Client
from . import inputs, output

A_TYPICAL_CALL = "placet submit --checkpoint refunds refund order=4711 amount:=90 --wait 30m"


def add_to(commands: Any) -> None:
    command = commands.add_parser(
        "submit",
        help="ask for permission",
        description="Ask for permission to do something; prints the request.",
        epilog=f"example: {A_TYPICAL_CALL}",
        allow_abbrev=False,
    )
    command.add_argument("action", help="the machine name of what would run")
    command.add_argument(
        "fields",
        nargs="*",
        type=inputs.field,
        metavar="NAME=TEXT|NAME:=JSON",
        help="the arguments it would run with",
    )
    command.add_argument(
        "--arguments",
        type=inputs.json_object,
        default={},
        metavar="JSON",
        help="the arguments, whole; @FILE or - reads them",
    )
    inputs.add_question_options(command, checkpoint=None)
    command.add_argument(
        "--wait", type=inputs.duration, metavar="TIME", help="wait so long for the decision"
    )
    output.add_json_option(command)
    command.set_defaults(perform=run)


def run(options: argparse.Namespace) -> int:
    with Client() as client:
        approval = client.submit(
            options.action,
            {**options.arguments, **inputs.fields_of(options.fields)},
            checkpoint=options.checkpoint,
            context=inputs.context_of(options),
            run=options.run,
            idempotency_key=options.key,
            wait=options.wait,
        )
    output.show_approval(approval, options)
    if options.wait is not None:
        approval.require_permission()
    return 0
