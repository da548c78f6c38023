"""What an agent is told about its request, in sentences it can act on."""

from __future__ import annotations

from .. import Approval


def still_pending(approval: Approval) -> str:
    words = said_so_far(approval)
    return (
        f"Still pending, nobody has decided yet (id {approval.id}, {approval.url}). "
        "Do not run it. Ask again with exactly the same call to hear the decision."
        + (f" A reviewer says: {words}" if words else "")
        + _before(approval)
    )


def refused(approval: Approval) -> str:
    decision = approval.decision
    if decision is None or approval.status != "rejected":
        words = said_so_far(approval)
        return (
            f"Not permitted: the request is {approval.status} (id {approval.id}). {words}".strip()
        )
    if decision.via == "timeout":
        return f"Not permitted: nobody decided in time (id {approval.id})."
    reason = f": {decision.feedback}" if decision.feedback else "."
    return f"Not permitted. {_who(approval)} said no{reason} (id {approval.id})"


def wants_changes(approval: Approval) -> str:
    words = said_so_far(approval)
    return f"Not permitted as it is. Change this and call again: {words} (id {approval.id})"


def permitted(approval: Approval) -> str:
    """What the agent should know about a yes; empty if nothing was changed or said."""
    decision = approval.decision
    said = decision.feedback if decision else ""
    changed = "The reviewer changed the input." if approval.status == "modified" else ""
    return " ".join(filter(None, [changed, said]))


def taken_by_another(approval: Approval) -> str:
    return (
        f"Permission {approval.id} was for one run, and the same call made elsewhere has taken "
        "it. Do not run this one. Call again to ask for a permission of its own."
    )


def perhaps_taken(approval: Approval) -> str:
    return (
        f"The server's answer was lost, so permission {approval.id} may be spent. Do not run it. "
        "Call again: if it is spent, a person is asked anew."
    )


def said_so_far(approval: Approval) -> str:
    said = approval.raw.get("feedback") or ()
    return " ".join(f"{word['by']}: {word['feedback']}" for word in said)


def _before(approval: Approval) -> str:
    before = (approval.raw.get("context") or {}).get("same_call_before")
    if not before or before["came_to"] not in ("approved", "modified"):
        return ""
    return (
        f" The same call was permitted before and that permission was taken or ran out (id "
        f"{before['approval']}); if it never ran, it has to be permitted anew, which is what is "
        "being asked now."
    )


def _who(approval: Approval) -> str:
    names = [vote["name"] for vote in approval.decision.by] if approval.decision else []
    return " and ".join(names) or "The policy"
