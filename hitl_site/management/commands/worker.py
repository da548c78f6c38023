"""`worker [--with-beat]`"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hitl_site import serving


class Command(BaseCommand):
    help = "Do background work until SIGTERM; what is in hand is finished."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--with-beat", action="store_true", help="keep the schedule too")

    def handle(self, *, with_beat: bool, **_: Any) -> None:
        sys.exit(serving.run_worker(with_beat=with_beat))
