"""The JavaScript example reads the same vectors as the server and this package."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from fakes import VECTORS

NODE = shutil.which("node")
RUNNER = Path(__file__).with_name("vectors.mjs")


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_example_verifies_the_shared_vectors_as_they_must():
    done = subprocess.run(
        [NODE, str(RUNNER), str(VECTORS)], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["wrong"] == []
    assert result["tried"] > 120
