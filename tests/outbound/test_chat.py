"""Chat webhooks: Slack's markup, and an address that somebody else chose."""

import json

import pytest

from approvals.outbound import chat, webhooks
from approvals.outbound.sending import Unsent
from approvals.rules import wording
from tests.outbound.receivers import LOOPBACK, OK, answering, receiver

LINK = "https://placet.example/approvals/7/"


def send(url, text="Risk: high"):
    chat.send(url, subject="Waits for you", text=text, link=LINK, allowed_networks=LOOPBACK)


def text_in(request):
    return json.loads(request.partition(b"\r\n\r\n")[2])["text"]


def test_a_message_is_one_text_with_its_link():
    with receiver(OK) as slack:
        send(slack.url)

    assert text_in(slack.requests[0]) == f"*Waits for you*\nRisk: high\n{LINK}"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<!channel>", "`&lt;!channel&gt;`"),
        ("<@U123>", "`&lt;@U123&gt;`"),
        ("@here", "`@here`"),
        ("<https://evil.example|login>", "`&lt;https[:]//evil[.]example|login&gt;`"),
        ("[log in](https://evil.example)", "`[log in](https[:]//evil[.]example)`"),
        ("*bold* _x_ ~y~", "`*bold* _x_ ~y~`"),
        ("a` <!here> `b", "`aˋ &lt;!here&gt; ˋb`"),
        ("”<!here>“", '`"&lt;!here&gt;"`'),
        ("x\u202e\r\ny", "`x[U+202E][U+000D][U+000A]y`"),
        ("&lt;!here&gt;", "`&amp;lt;!here&amp;gt;`"),
    ],
)
def test_a_hostile_name_is_code_and_nothing_else(name, shown):
    assert chat.in_markup(f"Agent: {wording.quoted(name)}") == f"Agent: {shown}"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (answering("404 Not Found", body=b"<!channel>"), "answered 404"),
        (answering("302 Found", headers="Location: http://10.0.0.1/\r\n"), "redirects are not"),
        (b"nonsense\r\n\r\n", "No valid HTTP answer"),
    ],
)
def test_what_is_not_taken_is_told_without_the_receiver_s_words(answer, sentence):
    with receiver(answer) as slack, pytest.raises(Unsent, match=sentence) as unsent:
        send(slack.url)

    assert "channel" not in unsent.value.sentence


def test_a_private_address_is_never_called():
    with receiver(OK) as inside, pytest.raises(Unsent, match="private or reserved"):
        chat.send(inside.url, subject="x", text="y", link=LINK, allowed_networks=[])

    assert inside.callers == 0


def test_one_that_hangs_is_told_to_be_slow(monkeypatch):
    slow = webhooks.Answer(None, "The receiver took too long.", None, 9, "", code="timeout")
    monkeypatch.setattr(webhooks, "post", lambda *_, **__: slow)

    with pytest.raises(Unsent) as unsent:
        send("https://chat.example.com/hook")

    assert unsent.value.was_slow


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://chat.example.com/hook", "https://"),
        ("https://127.0.0.1/hook", "private"),
        ("https://169.254.169.254/latest/meta-data/", "private"),
        ("https://[::1]/hook", "private"),
        ("https://localhost/hook", "private"),
        ("https://user:secret@chat.example.com/", "No user name"),
        ("https://chat.example.com:22/hook", "ports"),
        ("https://chat.example.com/../x", r"\.\."),
        ("https://", "host"),
        ("javascript:alert(1)", "https://"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_as_it_is_typed(url, sentence):
    refused = chat.objection_to(url, allowed_networks=[])

    assert refused is not None
    assert sentence.replace("\\", "") in refused


@pytest.mark.parametrize(
    "url", ["https://hooks.slack.com/services/T0/B0/xyz", "https://chat.example.com/hook?key=7"]
)
def test_an_ordinary_one_is_taken(url):
    assert chat.objection_to(url, allowed_networks=[]) is None
