"""`placet verify-webhook` and `placet verify-grant`: offline, no server is asked."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any

from .._grants import verify_grant
from .._webhooks import verify_webhook
from . import inert, inputs, output


def add_to(commands: Any) -> None:
    webhook = commands.add_parser(
        "verify-webhook",
        help="check that a webhook comes from the server",
        description="Check a webhook's signature and age, and print the event. The secret is "
        "read from PLACET_WEBHOOK_SECRET; during a rotation both, with a space between.",
        allow_abbrev=False,
    )
    webhook.add_argument("body", help="a file with the body as it arrived; - is the standard input")
    for name in ("id", "timestamp", "signature"):
        webhook.add_argument(f"--{name}", required=True, help=f"the header webhook-{name}")
    output.add_json_option(webhook)
    webhook.set_defaults(perform=run_webhook)

    grant = commands.add_parser(
        "verify-grant",
        help="check that a grant permits an action",
        description="Check offline that a grant permits exactly this action, and print what it "
        "says. It does not tell whether the grant is used: only the server knows.",
        allow_abbrev=False,
    )
    grant.add_argument("token", help="the grant; - reads it from the standard input")
    grant.add_argument(
        "--keys",
        required=True,
        type=inputs.json_object,
        metavar="@FILE",
        help="a copy you trust of the server's /.well-known/jwks.json",
    )
    grant.add_argument("--audience", required=True, help="the agent it must be for")
    grant.add_argument("--action", required=True)
    grant.add_argument("--arguments", type=inputs.json_object, default={}, metavar="JSON")
    grant.add_argument("--steps", type=inputs.json_value, metavar="JSON")
    grant.add_argument("--issuer", help="the server it must come from")
    output.add_json_option(grant)
    grant.set_defaults(perform=run_grant)


def run_webhook(options: argparse.Namespace) -> int:
    secrets = os.environ.get("PLACET_WEBHOOK_SECRET", "").split()
    is_piped = options.body == "-"
    body = sys.stdin.buffer.read() if is_piped else Path(options.body).read_bytes()
    headers = {f"webhook-{name}": vars(options)[name] for name in ("id", "timestamp", "signature")}
    event = verify_webhook(body, headers, secrets)
    output.show(event, for_people=inert.as_json(event), options=options)
    return 0


def run_grant(options: argparse.Namespace) -> int:
    token = sys.stdin.read().strip() if options.token == "-" else options.token
    claims = verify_grant(
        token,
        keys=options.keys,
        audience=options.audience,
        action=options.action,
        arguments=options.arguments,
        steps=options.steps,
        issuer=options.issuer,
    )
    shown = json.loads(json.dumps(dataclasses.asdict(claims), default=str))
    output.show(shown, for_people=inert.as_json(shown), options=options)
    return 0
