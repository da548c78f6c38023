"""Which command, and what its end means to a shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from .. import _errors
from .._errors import PlacetError
from .._version import __version__
from . import ask, gate, inert, serving, submit, verify, wait
from .review import command as review

DESCRIPTION = "Ask a person before something is done; or be that person."
EPILOG = """\
environment:
  PLACET_URL      the server
  PLACET_API_KEY  an agent's key: submit, wait, gate, ask
  PLACET_TOKEN    a person's token: review

exit codes: 0 done, 1 refused, 2 wrong usage, 3 rejected, 4 not decided in time,
5 server out of reach, 6 permitted and run before; gate: the command's own once it runs
"""
COMMANDS = (submit, wait, gate, ask, review, verify, serving)

# The first that fits.
EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (_errors.GrantConsumed, 6),
    (_errors.NotApproved, 3),
    (_errors.NotDecidedInTime, 4),
    (_errors.ServerUnreachable, 5),
    (_errors.ServerFailed, 5),
    (_errors.UnexpectedAnswer, 5),
    (_errors.UnsendableValue, 2),
    (PlacetError, 1),
    (ValueError, 2),  # no URL, no key, a value that cannot be one
    (OSError, 2),  # a file that cannot be read
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = sys.argv[1:] if words is None else words
    if words and words[0] in serving.MAINS:
        return serving.MAINS[words[0]](words[1:])
    options = parser().parse_args(words)
    try:
        code: int = options.perform(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; nor is there anybody for the interpreter's complaint.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (PlacetError, ValueError, OSError, ImportError) as error:
        print(f"placet: {inert.line(_sentence(error))}", file=sys.stderr)
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)
    return code


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="placet",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"placet {__version__}")
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_to(commands)
    return whole


def _sentence(error: Exception) -> str:
    if not isinstance(error, PlacetError):
        return str(error)
    fields = "".join(f" {each.get('pointer')}: {each.get('detail')}" for each in error.errors)
    known = f" (request {error.request_id})" if error.request_id else ""
    return f"{error.detail}{fields}{known}"
