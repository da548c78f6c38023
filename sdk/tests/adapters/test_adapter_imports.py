"""What an adapter loads; each in a fresh interpreter."""

import subprocess
import sys

import pytest
from processes import SOURCE


def python(program):
    line = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(SOURCE)!r})\n{program}"]
    return subprocess.run(line, capture_output=True, text=True, timeout=120)


def test_the_client_loads_no_adapter():
    ran = python(
        "import placet; print([name for name in sys.modules if name.startswith('placet.adapters')])"
    )

    assert ran.stdout.strip() == "[]"


def test_ag_ui_needs_nothing_installed():
    ran = python(
        "import placet; before = set(sys.modules)\n"
        "import placet.adapters.ag_ui\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(new - sys.stdlib_module_names - {'placet'})"
    )

    assert ran.stdout.strip() == "set()", ran.stderr


@pytest.mark.parametrize(
    ("adapter", "framework", "extra"),
    [("openai_agents", "agents", "openai-agents"), ("pydantic_ai", "pydantic_ai", "pydantic-ai")],
)
def test_without_its_framework_an_adapter_says_what_to_install(adapter, framework, extra):
    ran = python(f"sys.modules[{framework!r}] = None; import placet.adapters.{adapter}")

    assert f"pip install 'placet[{extra}]'" in ran.stderr.splitlines()[-1]
