"""`beat`"""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from hitl_site import serving


class Command(BaseCommand):
    help = "Keep the schedule until SIGTERM. Several do no harm: one at a time holds the lease."
    requires_system_checks = []

    def handle(self, **_: Any) -> None:
        sys.exit(serving.run_beat())
