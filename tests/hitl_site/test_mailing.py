"""The settings of notices: right ones are taken, wrong ones stop the start with one sentence."""

import importlib.util

import pytest
from django.core.exceptions import ImproperlyConfigured

from hitl_site import mailing


def test_without_a_mail_server_nothing_is_set():
    assert mailing.server("") == {}


def test_a_mail_server_is_read_whole():
    read = mailing.server("smtp+tls://placet:p%23ss@mail.example.com:587")

    assert read["EMAIL_HOST"] == "mail.example.com"
    assert (read["EMAIL_PORT"], read["EMAIL_HOST_PASSWORD"]) == (587, "p#ss")
    assert read["EMAIL_USE_TLS"] is True


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://u:secret@host:port",
        "x://[",
    ],
)
def test_a_wrong_one_is_one_sentence_without_the_password(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL must be one of") as wrong:
        mailing.server(url)

    assert "secret" not in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "host", "sender"),
    [
        ("", "placet.example", "Placet <placet@placet.example>"),
        ("", "127.0.0.1", "Placet <placet@localhost>"),
        ("", "::1", "Placet <placet@localhost>"),
        ("Gate <gate@example.com>", "x", "Gate <gate@example.com>"),
    ],
)
def test_the_sender_comes_from_the_site_unless_it_is_set(text, host, sender):
    assert mailing.sender(text, host=host) == sender


@pytest.mark.parametrize("text", ["nobody", "a@b\r\nBcc: c@example.com", "@", "x" * 400])
def test_a_sender_that_is_no_address_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_FROM"):
        mailing.sender(text, host="placet.example")


def test_services_stand_apart_by_commas_or_spaces():
    assert mailing.services("ntfys://host/a, slack://T/B/C\ntgram://x/y") == [
        "ntfys://host/a",
        "slack://T/B/C",
        "tgram://x/y",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "json://10.0.0.1/",
        "file:///etc/passwd",
        "syslog://",
        "dbus://",
        "ntfy",
        "xml://h",
        "form://h",
    ],
)
def test_what_only_posts_or_runs_somewhere_is_no_service(text):
    with pytest.raises(ImproperlyConfigured, match="is not one of the services"):
        mailing.services(text)


def test_services_without_the_extra_stop_the_start(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ImproperlyConfigured, match=r"pip install placet-server\[notify\]"):
        mailing.services("ntfy://host/a")
