"""
Approvals for the OpenAI Agents SDK.

    gate = Gate(placet.Client(), checkpoint="tools")
    agent = Agent(name="Support", tools=[gate.tool(refund)])
    result = await gate.run(agent, "Refund order A1.")

The framework has no "approve with changes", and nothing that keeps a saved state from being
run twice. A tool behind the gate has both: it runs with the arguments as approved, and only
once its single-use permission is taken.
"""

from .._turns import Call

try:
    from ._gate import Gate
    from ._paused import Paused
except ModuleNotFoundError as missing:
    raise ImportError(
        "This adapter needs the OpenAI Agents SDK: pip install 'placet[openai-agents]'"
    ) from missing

__all__ = ["Call", "Gate", "Paused"]
