"""
People between a LangChain agent's tool calls and their execution.

`ApprovalMiddleware` stands where `HumanInTheLoopMiddleware` would, and lets no reviewed call
run without its permission; `ReviewedGraph` asks and resumes. Guarantees and limits:
`docs/langchain.md`.
"""

try:
    import langchain.agents  # noqa: F401
except ImportError as missing:
    raise ImportError("LangChain is not installed: pip install 'placet[langchain]'") from missing

from placet.adapters.langgraph import (
    AnswerNotTaken,
    FileLocks,
    InDoubt,
    NotAnswerable,
    ProcessLocks,
    Question,
    ReviewedGraph,
    Run,
)

from ._middleware import ApprovalMiddleware

__all__ = [
    "AnswerNotTaken",
    "ApprovalMiddleware",
    "FileLocks",
    "InDoubt",
    "NotAnswerable",
    "ProcessLocks",
    "Question",
    "ReviewedGraph",
    "Run",
]
