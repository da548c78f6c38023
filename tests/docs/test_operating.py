"""What docs/operating.md says of commands and settings is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
OURS = {
    name: app for name, app in get_commands().items() if app in {"approvals", "audit", "hitl_site"}
}


def test_the_table_of_settings_is_what_the_code_reads():
    done = subprocess.run(
        [sys.executable, "docs/settings_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", sorted(OURS))
def test_every_command_is_there(command):
    assert re.search(rf"`{command}\b", PAGE)


@pytest.mark.parametrize("command", sorted(OURS))
def test_every_option_is_there(command):
    parser = load_command_class(OURS[command], command).create_parser("placet-server", command)
    usual = load_command_class("django.core", "showmigrations").create_parser("", "")
    known = {option for action in usual._actions for option in action.option_strings}
    options = {option for action in parser._actions for option in action.option_strings} - known
    shown = "".join(re.findall(rf"^\|[^|]*`{command}\b.*$", PAGE, re.MULTILINE))

    assert [option for option in sorted(options) if option not in shown] == []
