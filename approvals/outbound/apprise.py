"""One message through a service that Apprise speaks to, where that extra is installed."""

import importlib
from datetime import timedelta
from typing import Any

from approvals.outbound.sending import Unsent, within

TOTAL_TIMEOUT = timedelta(seconds=20)
_SERVICE = "The notification service"


def send(url: str, *, subject: str, text: str, link: str) -> None:
    """
    Hand one message to the service at an Apprise URL, which an operator wrote.

    Apprise connects by itself, past our guard: `url` must come from the settings.

    :raises Unsent: within `TOTAL_TIMEOUT` and a moment
    """
    within(TOTAL_TIMEOUT, lambda: _hand_over(url, subject, f"{text}\n\n{link}"), whom=_SERVICE)


def _hand_over(url: str, subject: str, body: str) -> None:
    service = _library().Apprise.instantiate(url)
    if service is None:
        raise Unsent("This address in NOTIFY_URLS is not one that Apprise understands.")
    # As text: each service escapes what its own markup would make of it.
    if not service.notify(title=subject, body=body, body_format="text"):
        raise Unsent(f"{_SERVICE} did not take it.")


def _library() -> Any:
    # Most of a second to import, and only a worker that has something to send needs it.
    return importlib.import_module("apprise")
