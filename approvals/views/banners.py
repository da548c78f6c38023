"""What stands over every page: what is stopped, and what passes without a person."""

from datetime import datetime

from approvals.models import Bypass
from approvals.queries import bypasses, installation, pauses
from approvals.queries.pauses import Pause
from approvals.templatetags.placet_time import clock

# More of one kind than this are counted, not named: a page is for its matter.
NAMED_AT_MOST = 3


def banners_at(at: datetime) -> list[dict[str, str]]:
    """Stops first, each as `components/banner.html` wants it; three queries."""
    held = pauses.held()
    found = [_of_pause(pause, at=at) for pause in held[:NAMED_AT_MOST]]
    if more := len(held) - len(found):
        found.append(_banner("stop", f"{more} more agents or checkpoints are paused.", ""))
    if standing := installation.held_sweep():
        text = (
            f"{standing.sweep_held_because} Nothing is decided by time until an admin confirms"
            " that all is well, or ten minutes have passed."
        )
        found.append(_banner("stop", "Deadlines are held back.", text))
    return found + [_of_bypass(bypass, at=at) for bypass in bypasses.on(at)]


def _of_pause(pause: Pause, *, at: datetime) -> dict[str, str]:
    since = clock(pause.since, now=at)
    if pause.kind == "everything":
        text = "Nothing can be approved until an admin resumes."
        return _banner("stop", f"Everything is paused since {since}.", text)
    text = (
        "Nothing it asked for can be approved."
        if pause.kind == "agent"
        else "Nothing there can be approved."
    )
    return _banner("stop", f"The {pause.kind} {pause.name} is paused since {since}.", text)


def _of_bypass(bypass: Bypass, *, at: datetime) -> dict[str, str]:
    opener = bypass.created_by.get_full_name() or bypass.created_by.get_username()
    whose = f" that {bypass.agent.name} asks" if bypass.agent else ""
    return _banner(
        "warn",
        f"Bypass active until {clock(bypass.ends_at, now=at)}.",
        f"What is low{whose} at {bypass.checkpoint.name} passes without a person. "
        f"{opener}: “{bypass.reason}”",
    )


def _banner(kind: str, title: str, text: str) -> dict[str, str]:
    return {"kind": kind, "icon": _ICONS[kind], "title": title, "text": text, "url": "", "link": ""}


_ICONS = {"stop": "power", "warn": "ban"}
