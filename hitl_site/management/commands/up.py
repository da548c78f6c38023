"""`up [--host 127.0.0.1] [--port 8000]`: everything on this machine."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections

from hitl_site import first_run, migrating, serving


class Command(BaseCommand):
    help = "Bring the database up to date, then run web, worker and beat until SIGTERM."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **_: Any) -> None:
        self._say(f"Data in {settings.DATA_DIR}. Bringing the database up to date …")
        try:
            migrating.migrate()
            token = first_run.offer()
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}".strip()) from error
        # The parts open their own.
        connections.close_all()
        # Links and the issuer of grants name this address; the parts inherit it.
        site = os.environ.setdefault("SITE_URL", f"http://{_reachable(host)}:{port}").rstrip("/")

        def announce() -> None:
            self._say(f"Placet is running at {site}/ (stop it with Ctrl-C)")
            if token:
                self._say(f"Create the admin here, once: {site}/welcome/{token}/")

        sys.exit(serving.run_all(host, port, announce))

    def _say(self, words: str) -> None:
        # Plain: to Django, whatever goes to stderr is an error and red.
        self.stderr.write(words, str)


def _reachable(host: str) -> str:
    """The host as a browser on this machine would name it."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
