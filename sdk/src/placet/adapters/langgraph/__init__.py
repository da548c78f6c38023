"""
People between a LangGraph graph's proposals and their execution.

`ReviewedGraph` turns the interrupts of any graph into approvals and resumes it with what was
decided; `approve` is for people who write nodes. Guarantees and limits: `docs/langgraph.md`.
"""

try:
    import langgraph.types  # noqa: F401
except ImportError as missing:
    raise ImportError("LangGraph is not installed: pip install 'placet[langgraph]'") from missing

from ._errors import AnswerNotTaken, InDoubt, NotAnswerable
from ._graph import ReviewedGraph, Run
from ._locks import FileLocks, Lock, Locks, ProcessLocks
from ._node import Permission, approve
from ._questions import Question

__all__ = [
    "AnswerNotTaken",
    "FileLocks",
    "InDoubt",
    "Lock",
    "Locks",
    "NotAnswerable",
    "Permission",
    "ProcessLocks",
    "Question",
    "ReviewedGraph",
    "Run",
    "approve",
]
