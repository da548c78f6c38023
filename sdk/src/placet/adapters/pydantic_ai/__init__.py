"""
Approvals for Pydantic AI.

    gate = Gate(placet.Client(), checkpoint="tools")
    agent = Agent(model, toolsets=[gate.toolset(tools)], capabilities=[gate.handler()])
    result = agent.run_sync("Refund order A1.")

The framework runs what it is told was approved. A tool behind the gate asks the server once
more, runs with the arguments as approved, and only once its single-use permission is taken.
"""

from .._turns import Call

try:
    from ._gate import Gate
except ModuleNotFoundError as missing:
    raise ImportError(
        "This adapter needs Pydantic AI: pip install 'placet[pydantic-ai]'"
    ) from missing

__all__ = ["Call", "Gate"]
