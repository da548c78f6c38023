"""One line in a chat, through an incoming webhook that takes Slack's `{"text": …}`."""

import json
import re
from collections.abc import Sequence

from approvals.outbound import addresses, webhooks
from approvals.outbound.addresses import Network
from approvals.outbound.sending import Unsent

# The three characters that can begin a link or a mention in Slack's markup.
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_QUOTED = re.compile("“([^”]*)”")


def send(
    url: str, *, subject: str, text: str, link: str, allowed_networks: Sequence[Network]
) -> None:
    """
    Post one message, over the guarded connection of webhooks.

    :param text: paragraphs; what stands between “ and ” is a stranger's
    :raises Unsent: within the time of a webhook
    """
    body = "\n".join([f"*{in_markup(subject)}*", in_markup(text), link])
    answer = webhooks.post(
        url,
        body=json.dumps({"text": body}).encode(),
        headers={},
        allowed_networks=allowed_networks,
    )
    if answer.error:
        raise Unsent(answer.error, was_slow=answer.code == "timeout")


def objection_to(url: str, *, allowed_networks: Sequence[Network]) -> str | None:
    """Why this may not be a chat's address, in words, or None. Where it leads is seen later."""
    if not url.startswith("https://"):
        return "A chat's address begins with https://."
    return addresses.check_url(url, allowed_prefixes=[url], allowed_networks=allowed_networks)


def in_markup(text: str) -> str:
    """
    `text` in which nothing is a link, a mention or a format that we did not make.

    A stranger's words become code: there neither Slack nor those who speak like it look
    for links, for `@channel` or for stars.
    """
    return _QUOTED.sub(_as_code, text.translate(_ENTITIES))


def _as_code(quote: re.Match[str]) -> str:
    return f"`{quote[1].replace('`', 'ˋ')}`"
