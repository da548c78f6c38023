"""
Placet for MCP clients: `python -m placet.adapters.mcp`.

Loading this package loads nothing else; `command` and `server` need the extra `placet[mcp]`.
"""
