"""`placet mcp` and `placet hook`: what other programs start, with options of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..adapters import claude_code_hook, mcp

MAINS: dict[str, Callable[[Sequence[str] | None], int]] = {
    "mcp": mcp.main,
    "hook": claude_code_hook.main,
}
_HELP = {
    "mcp": "serve the tools of an MCP client, over stdio or HTTP",
    "hook": "answer as a PreToolUse hook of Claude Code",
}


def add_to(commands: Any) -> None:
    """For the list of commands alone: `main` hands the words on before they are parsed."""
    for name, words in _HELP.items():
        commands.add_parser(name, help=words, add_help=False)
