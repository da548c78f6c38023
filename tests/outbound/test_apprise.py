"""Apprise, as installed, speaking to a service on loopback."""

import importlib
import json
import subprocess
import sys

import pytest

from approvals.outbound import apprise
from approvals.outbound.sending import Unsent
from approvals.rules import wording
from hitl_site.mailing import SERVICE_SCHEMES
from tests.outbound.receivers import answering, receiver

LINK = "https://placet.example/"
TAKEN = answering("200 OK", headers="Content-Type: application/json\r\n", body=b'{"id": "1"}')


def send(url, text="Run verify_trail."):
    apprise.send(url, subject="The trail is broken", text=text, link=LINK)


def test_a_message_arrives_with_its_link():
    with receiver(TAKEN) as ntfy:
        send(f"ntfy://127.0.0.1:{ntfy.port}/ops")

    body = json.loads(ntfy.requests[0].partition(b"\r\n\r\n")[2])
    assert body["title"] == "The trail is broken"
    assert LINK in body["message"]


def test_a_hostile_name_stays_what_it_is():
    quoted = wording.quoted("<!channel> *bold* \u202e <b>x</b>")
    with receiver(TAKEN) as mattermost:
        send(f"mmost://127.0.0.1:{mattermost.port}/abcdefghijklmnopqrstuvwxyz", text=quoted)

    said = mattermost.requests[0].decode()
    assert "\u202e" not in said
    assert "\\u202e" not in said
    assert "U+202E" in said


@pytest.mark.parametrize("answer", [answering("500 Oh"), answering("403 No")])
def test_one_that_does_not_take_it_is_told(answer):
    with receiver(answer) as ntfy, pytest.raises(Unsent, match="did not take it"):
        send(f"ntfy://127.0.0.1:{ntfy.port}/ops")


def test_an_address_that_says_nothing_to_apprise_is_told():
    with pytest.raises(Unsent, match="not one that Apprise understands"):
        send("slack://")


def test_every_scheme_that_is_allowed_is_one_of_its_own():
    manager = importlib.import_module("apprise.manager_plugins").NotificationManager()

    assert set(manager.schemas()) >= SERVICE_SCHEMES


def test_is_not_loaded_before_there_is_something_to_send():
    code = "import django, sys; django.setup(); print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False"]
