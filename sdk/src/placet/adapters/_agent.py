"""What the commands for agents have in common: their options, and whose key they accept."""

from __future__ import annotations

import argparse
import os
from datetime import timedelta

from .. import Client


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        metavar="NAME",
        default=os.environ.get("PLACET_CHECKPOINT"),
        help="the checkpoint calls are put to (PLACET_CHECKPOINT)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=int,
        default=50,
        help="how long one call waits for the decision before it says 'still pending'; "
        "default 50, below the minute after which many clients hang up",
    )


def client() -> Client:
    """
    A client with the agent's key of PLACET_API_KEY, for the server of PLACET_URL.

    :raises ValueError: one of them is missing, or the key is a person's
    """
    key = os.environ.get("PLACET_API_KEY", "").strip()
    if key and not key.startswith("plc_agent_"):
        # With a person's token whoever talks to this process could be given their authority.
        raise ValueError("PLACET_API_KEY must be an agent's key: it begins with plc_agent_.")
    # A client waits for the answer: trouble has to be told it before it hangs up.
    return Client(retry_for=timedelta(seconds=10))
