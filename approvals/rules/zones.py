"""Time zones by their IANA names."""

import difflib
import zoneinfo


def zone_called(name: str) -> zoneinfo.ZoneInfo:
    """The zone, or UTC where the name is none that this machine knows."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


def objection_to(name: str) -> str | None:
    """Why this is no time zone, in words with names that may have been meant; None if it is."""
    known = zoneinfo.available_timezones()
    if name in known:
        return None
    close = difflib.get_close_matches(name.replace(" ", "_"), sorted(known), n=2, cutoff=0.6)
    cities = [zone for zone in sorted(known) if _city(zone) == _city(name)][:2]
    meant = list(dict.fromkeys([*cities, *close]))[:2]
    question = f" Did you mean {' or '.join(meant)}?" if meant else ""
    return f"There is no time zone called {name!r}.{question}"


def _city(name: str) -> str:
    return name.rpartition("/")[2].replace(" ", "_").casefold()
