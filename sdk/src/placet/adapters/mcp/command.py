"""The command that starts the MCP server, over stdio or HTTP."""

from __future__ import annotations

import argparse
import hmac
import ipaddress
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import _agent
from .server import Desk, build

LONGEST_WAIT_SECONDS = 3600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    _agent.add_arguments(parser)
    parser.add_argument(
        "--questions",
        metavar="NAME",
        default=os.environ.get("PLACET_QUESTIONS"),
        help="the checkpoint ask_human asks at (PLACET_QUESTIONS; default: as --checkpoint)",
    )
    parser.add_argument(
        "--run",
        metavar="NAME",
        default=os.environ.get("PLACET_RUN"),
        help="the session: the same call in it is one request (PLACET_RUN; default: the "
        "working directory)",
    )
    parser.add_argument("--http", action="store_true", help="serve HTTP instead of stdio")
    parser.add_argument("--host", default="127.0.0.1", help="with --http: default 127.0.0.1")
    parser.add_argument("--port", type=int, default=8765, help="with --http: default 8765")
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="with --http: allow a --host that other machines reach; needs PLACET_MCP_TOKEN",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until the client hangs up or the process is told to stop; the exit status."""
    token = os.environ.get("PLACET_MCP_TOKEN", "").strip()
    if refusal := _refusal(options, token=token):
        print(refusal, file=sys.stderr)
        return 2
    try:
        client = _agent.client()
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    with client:
        desk = Desk(
            client,
            checkpoint=options.checkpoint,
            questions=options.questions or options.checkpoint,
            run=options.run or os.getcwd(),
            wait=timedelta(seconds=options.wait),
            says=_says(options),
        )
        server = build(desk)
        if not options.http:
            # A thread that reads standard input cannot be woken to let the process end.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            server.run("stdio")
            return 0
        app = server.streamable_http_app(host=options.host)
        if token:
            app.add_middleware(BearerOnly, token=token)
        print(f"MCP at http://{options.host}:{options.port}/mcp", file=sys.stderr, flush=True)
        uvicorn.run(
            app,
            host=options.host,
            port=options.port,
            log_level="warning",
            timeout_graceful_shutdown=5,  # calls that wait for a person would hold it up
        )
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="placet mcp", description="An MCP server through which a client asks for permission."
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


class BearerOnly:
    """Lets in who sends the token, and answers 401 to everybody else."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._may_enter(Headers(scope=scope)):
            refusal = PlainTextResponse(
                "Send the token of PLACET_MCP_TOKEN as a bearer token.\n",
                status_code=401,
                headers={"WWW-Authenticate": "Bearer"},
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _may_enter(self, headers: Headers) -> bool:
        sent = headers.get("authorization", "").encode("latin-1")
        return hmac.compare_digest(sent, self._expected)


def _refusal(options: argparse.Namespace, *, token: str) -> str | None:
    """Why it is not started with these options, or None."""
    if not options.checkpoint:
        return "No checkpoint: pass --checkpoint NAME or set PLACET_CHECKPOINT."
    if not 0 <= options.wait <= LONGEST_WAIT_SECONDS:
        return f"--wait is 0 to {LONGEST_WAIT_SECONDS} seconds."
    if not options.http or _is_loopback(options.host):
        return None
    if not options.allow_remote:
        return f"{options.host} can be reached from elsewhere; if that is meant, --allow-remote."
    if len(token) < 32:
        return "With --allow-remote, PLACET_MCP_TOKEN must hold a token of 32 characters or more."
    return None


def _says(options: argparse.Namespace) -> dict[str, str]:
    """What is known of where the calls come from; over HTTP that is not this directory."""
    says = {} if options.http else {"working_directory": os.getcwd()}
    return {**says, "session": options.run} if options.run else says


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
