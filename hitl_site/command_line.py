"""The console script `placet-server`: Django's management, with our settings."""

import os
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_site.settings")
    if sys.argv[1:2] == ["demo"]:
        # A data directory of its own, so that trying it out never meets real data.
        data = Path(os.environ.get("PLACET_DATA_DIR", "var"))
        os.environ["PLACET_DATA_DIR"] = str(data / "demo")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
