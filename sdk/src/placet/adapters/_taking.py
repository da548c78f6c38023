"""
The single-use permission of a tool call: taken before the tool runs, reported on after.

What comes back as text is for the model: the call did not run, and this is why.
"""

from __future__ import annotations

import logging

from .._approval import Approval
from .._client import Client
from .._errors import AlreadySettled, GrantConsumed, PlacetError

LONGEST_DETAIL = 500  # characters of a tool's error that are reported

logger = logging.getLogger("placet")


def take(client: Client, approval: Approval) -> str | None:
    """
    None once the permission is taken: run the tool now. Else the words for the model.

    :raises PlacetError: unknown, or forbidden for another reason; do not run the tool
    """
    try:
        client.consume(approval)
    except GrantConsumed as taken:
        at = (taken.current or {}).get("consumed_at", "before")
        return (
            f"Not carried out now: the permission for this call was used already ({at}). "
            "Whether it took effect then is not known here. Find out before proposing it again."
        )
    except AlreadySettled:
        return (
            "Not carried out: the permission for this call was given, but ran out before it "
            "was used. If it is still wanted, propose it again."
        )
    return None


def report(client: Client, approval: Approval, *, failure: Exception | None = None) -> None:
    """Tell the server what came of it. Never raises: what is done is done."""
    detail = f"{type(failure).__name__}: {failure}"[:LONGEST_DETAIL] if failure else ""
    try:
        client.report(approval, "failed" if failure else "succeeded", detail)
    except PlacetError as trouble:
        logger.warning("The outcome of %s was not reported: %s", approval.id, trouble)


def denial(approval: Approval) -> str:
    """Why the call of this approval is not carried out, for the model."""
    words = [said["feedback"] for said in approval.raw.get("feedback") or ()]
    decision = approval.decision
    if decision and decision.feedback:
        words.append(decision.feedback)
    if decision and decision.reason_code:
        words.append(f"Reason: {decision.reason_code.replace('_', ' ')}.")
    return " ".join(filter(None, ["Not carried out.", _how(approval), *words]))


def _how(approval: Approval) -> str:
    if approval.decision and approval.decision.via == "timeout":
        return "" if approval.decision.feedback else "Nobody decided in time."
    if approval.status == "rejected":
        return "A reviewer said no."
    if any(said["verdict"] == "request_changes" for said in approval.raw.get("feedback") or ()):
        return "A reviewer asks for changes; propose it anew, changed."
    return "The request was withdrawn."
