"""The thread a config names, and what its approvals are called by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from placet import _canonical

LONGEST_RUN = 200  # characters; what the API takes


def thread_of(config: Mapping[str, Any]) -> str:
    """
    :raises ValueError: it names no thread, or an old checkpoint of one
    """
    configurable = config.get("configurable") or {}
    thread = str(configurable.get("thread_id") or "")
    if not thread:
        raise ValueError('Name the thread: {"configurable": {"thread_id": …}}.')
    if configurable.get("checkpoint_id"):
        # An old checkpoint lists interrupts that were answered since.
        raise ValueError("Only the latest checkpoint of a thread is reviewed: no checkpoint_id.")
    return thread


def run_of(thread: str) -> str:
    """The `run` that links a thread's approvals: its id, or a digest where that is too long."""
    if len(thread) <= LONGEST_RUN and thread.strip() and thread.isprintable():
        return thread
    return hashlib.sha256(thread.encode()).hexdigest()


def name_of(*parts: Any) -> str:
    """One name for one set of JSON values, fit for an idempotency key and a group."""
    return "langgraph:" + hashlib.sha256(_canonical.canonical(parts)).hexdigest()
