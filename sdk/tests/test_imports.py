"""What an agent loads; each in a fresh interpreter."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

FOREIGN = """
import json, sys
sys.path.insert(0, {source!r})
import httpx2
before = set(sys.modules)
{statements}
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - sys.stdlib_module_names)))
"""


def foreign_modules_after(statements: str) -> list[str]:
    program = FOREIGN.format(source=str(SOURCE), statements=statements)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded: list[str] = json.loads(run.stdout)
    return loaded


GRANT = """
vectors = json.load(open({vectors!r}, encoding="utf-8"))
good = vectors["vectors"][0]
import datetime
placet.verify_grant(
    good["token"], keys=vectors["keys"], audience="robin", action=good["action"],
    arguments=good["arguments"],
    now=datetime.datetime.fromtimestamp(good["now"], datetime.timezone.utc),
)
"""


@pytest.fixture
def verifying():
    vectors = Path(__file__).parents[2] / "tests" / "vectors" / "grants.json"
    return GRANT.format(vectors=str(vectors))


def test_importing_everything_needs_httpx2_and_the_standard_library_only():
    assert foreign_modules_after("import placet\nfrom placet import *") == ["placet"]


@pytest.mark.parametrize("adapter", ["mcp", "claude_code_hook"])
def test_an_adapter_is_loaded_without_its_framework(adapter):
    assert foreign_modules_after(f"import placet.adapters.{adapter}") == ["placet"]


def test_the_mcp_server_without_its_framework_says_what_to_install():
    statements = """
import contextlib, io, placet.adapters.mcp
sys.modules["uvicorn"] = None
said = io.StringIO()
with contextlib.redirect_stderr(said):
    assert placet.adapters.mcp.main([]) == 2
assert "pip install 'placet[mcp]'" in said.getvalue(), said.getvalue()
"""
    foreign_modules_after(statements)  # fails if the program does


def test_importing_loads_no_command_no_adapter_and_nothing_heavy():
    program = """
import sys, time
sys.path.insert(0, {source!r})
began = time.perf_counter()
import placet
print(time.perf_counter() - began)
heavy = {{"argparse", "asyncio", "anyio", "subprocess", "cryptography"}}
print(*(name for name in sys.modules if name.startswith("placet.") or name in heavy))
"""
    run = subprocess.run(
        [sys.executable, "-c", program.format(source=str(SOURCE))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    seconds, loaded = run.stdout.splitlines()

    # For people to look at: how long it takes depends on the machine and on who else works there.
    print(f"import placet: {float(seconds) * 1000:.0f} ms, httpx2 included")
    assert all(name.startswith("placet._") for name in loaded.split())


def test_verifying_a_webhook_needs_no_more():
    statements = """
import base64, hashlib, hmac, time, placet
now = int(time.time())
mac = hmac.new(b"key", f"msg.{now}.{{}}".encode(), hashlib.sha256).digest()
headers = {"webhook-id": "msg", "webhook-timestamp": str(now),
           "webhook-signature": "v1," + base64.b64encode(mac).decode()}
placet.verify_webhook(b"{}", headers, "whsec_a2V5")
"""
    assert foreign_modules_after(statements) == ["placet"]


def test_verifying_a_grant_loads_cryptography(verifying):
    assert "cryptography" in foreign_modules_after("import placet" + verifying)


def test_verifying_a_grant_without_cryptography_says_what_to_install(verifying):
    statements = f"""
import placet
sys.modules["cryptography"] = None
try:
    exec({verifying!r})
except ImportError as error:
    assert "pip install 'placet[grants]'" in str(error), error
else:
    raise AssertionError("verified without cryptography")
"""
    foreign_modules_after(statements)  # fails if the program does
