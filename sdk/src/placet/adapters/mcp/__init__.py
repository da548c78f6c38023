"""
Placet for MCP clients: `main`, which is `python -m placet.adapters.mcp`.

Loading this package loads nothing else; starting the server needs the extra `placet[mcp]`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """
    Serve until the client hangs up; the exit status.

    :param argv: the options; None takes those of the process
    """
    try:
        command = importlib.import_module(f"{__name__}.command")
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("placet"):
            raise
        print(f"No {missing.name}: pip install 'placet[mcp]'", file=sys.stderr)
        return 2
    status: int = command.main(argv)
    return status
