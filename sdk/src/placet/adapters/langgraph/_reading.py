"""Which shape an interrupt has."""

from __future__ import annotations

from langgraph.types import Interrupt

from . import _agent_inbox, _node, _open_question, _tool_review
from ._questions import Asked


def read(interrupt: Interrupt) -> Asked:
    """The interrupt's questions; what no known shape fits is an open one."""
    value, schema = interrupt.value, interrupt.response_schema
    return (
        _node.read(value)
        or _tool_review.read_turn(value)
        or _tool_review.read_call(value, schema)
        or _agent_inbox.read(value)
        or _open_question.read(value, schema)
    )
