"""What the server runs, as the settings make it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from hitl_site.asgi import application
from tests.hitl_site.waiting.asgi_client import ask

# In a process of its own: what has been shut down can't be used by other tests.
START_AND_STOP = """
import asyncio
from hitl_site.asgi import application

messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

async def receive():
    return next(messages)

async def send(message):
    print(message["type"])

asyncio.run(application({"type": "lifespan"}, receive, send))
"""


class TestTheApplication:
    def test_starts_and_stops_when_the_server_says_so(self):
        answer = subprocess.run(
            [sys.executable, "-c", START_AND_STOP],
            capture_output=True,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        )

        assert answer.stdout.split() == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert answer.returncode == 0, answer.stderr

    def test_takes_bodies_of_the_size_that_the_settings_say(self):
        body = b"x" * (settings.MAX_BODY_BYTES + 1)

        response = asyncio.run(ask(application, "POST", "/api/v1/approvals/", body=body))

        assert response.status == 413
        assert response.json()["code"] == "too_large"
