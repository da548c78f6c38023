"""`web [--host 127.0.0.1] [--port 8000]`"""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from hitl_site import serving


class Command(BaseCommand):
    help = "Serve people and agents until SIGTERM, then let requests finish."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *, host: str, port: int, **_: Any) -> None:
        sys.exit(serving.run_web(host, port, trusted_proxies=settings.TRUSTED_PROXIES))
