"""`create_agent NAME [--callback-allow URL_PREFIX]…`"""

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from approvals.management.answering import USAGE, AnsweringCommand, shell_actor
from approvals.operations import agents


class Command(AnsweringCommand):
    help = "Make an agent and print its key and webhook secret, which are shown only now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--callback-allow",
            action="append",
            default=[],
            metavar="URL_PREFIX",
            help="an address below which it may name a callback; may be given again",
        )

    def act(self, *, name: str, callback_allow: list[str], **_: Any) -> dict[str, Any]:
        for prefix in callback_allow:
            parts = urlsplit(prefix)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                words = f"--callback-allow wants an http or https address, not {prefix!r}."
                raise CommandError(words, returncode=USAGE)
        made = agents.register(
            name, actor=shell_actor(), at=timezone.now(), callback_prefixes=callback_allow
        )
        self.say("The key and the secret are shown once. Keep them where secrets are kept.")
        return {
            "id": str(made.agent.pk),
            "name": made.agent.name,
            "key": made.key,
            "webhook_secret": made.webhook_secret,
        }
