"""The last thing before a tool: no permission, no call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import ToolMessage
from langgraph.types import Command

from placet import Approval, Client, GrantConsumed, PlacetError
from placet._canonical import action_digest
from placet.adapters.langgraph._rulings import TAKEN_BEFORE, words_of
from placet.adapters.langgraph._taking import take
from placet.adapters.langgraph._threads import run_of, thread_of

NO_PERMISSION = "This call was not run: there is no permission for it."
SOMETHING_ELSE = "This call was not run: something else was approved."

logger = logging.getLogger("placet")


class NotPermitted(Exception):
    """Why a call must not run, in words for the model."""


def enter(client: Client, config: Mapping[str, Any], call: Mapping[str, Any]) -> Approval:
    """
    Take the permission for exactly this call.

    :param call: as it would run: its id, and its name and arguments as amended
    :raises NotPermitted: run nothing; say so
    :raises PlacetError: nothing is known; run nothing, and let the run break off
    """
    approval = _approval_of(client, run=run_of(thread_of(config)), native_id=call["id"])
    if approval is None:
        raise NotPermitted(NO_PERMISSION)
    if not approval.may_proceed:
        raise NotPermitted(f"{NO_PERMISSION} {words_of(approval)}".strip())
    if approval.final_digest() != action_digest(action=call["name"], arguments=call["args"]):
        raise NotPermitted(SOMETHING_ELSE)
    try:
        ruling = take(client, approval)
    except GrantConsumed:
        raise NotPermitted(TAKEN_BEFORE) from None
    if not ruling.is_yes:
        raise NotPermitted(ruling.words)
    return approval


def leave(client: Client, approval: Approval, result: ToolMessage | Command[Any]) -> None:
    """Report how the call went, as the tool's message says."""
    failed = isinstance(result, ToolMessage) and result.status == "error"
    detail = str(result.content)[:2000] if failed and isinstance(result, ToolMessage) else ""
    _report(client, approval, "failed" if failed else "succeeded", detail)


def broke(client: Client, approval: Approval, error: Exception) -> None:
    """Report that the tool raised."""
    _report(client, approval, "failed", f"{type(error).__name__}: {error}"[:2000])


def _approval_of(client: Client, *, run: str, native_id: str) -> Approval | None:
    # Newest first: some models begin to count their calls anew with each turn.
    for approval in client.list(run=run):
        source = approval.raw["source"]
        if source.get("client") == "langchain" and source.get("native_id") == native_id:
            return approval
    return None


def _report(client: Client, approval: Approval, status: str, detail: str) -> None:
    try:
        client.report(approval, status, detail)
    except PlacetError as error:
        # The tool has run; a missing report must not make it look as if it had not.
        logger.warning("The outcome of %s was not reported: %s", approval.id, error)
