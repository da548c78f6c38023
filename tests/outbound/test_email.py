"""E-mail, over a real connection."""

import time
from datetime import timedelta

import pytest

from approvals.outbound import email
from approvals.outbound.sending import Unsent
from approvals.rules import wording
from tests.outbound.mail_server import mail_server

LINK = "https://placet.example/approvals/7/"
HOSTILE = [
    "rob\u202ein",
    "robin\r\nBcc: all@example.com\r\n\r\n<h1>Hello",
    "<https://evil.example|login>",
    '<a href="https://evil.example">sign in</a>',
    "https://evil.example/login",
    "*bold* _x_ `y`",
    "rob\x00in\x1b[2J",
]


@pytest.fixture
def served(settings):
    """`served(server)`: e-mail goes there."""

    def act(server):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 2
        return server

    return act


def send(**changes):
    usual = {
        "recipient": "ada@example.com",
        "sender": "Placet <placet@placet.example>",
        "subject": "Waits for you",
        "text": "Agent: “robin”\nRisk: high",
        "link": LINK,
        "settings_link": "https://placet.example/preferences/",
        "message_id": "1f0c",
    } | changes
    email.send(usual.pop("recipient"), **usual)


def parts(message):
    plain, html = message.iter_parts()
    return plain.get_content(), html.get_content()


class TestAMessage:
    def test_arrives_in_plain_text_and_html_with_its_link(self, served):
        with mail_server() as server:
            served(server)
            send()

        (message,) = server.got
        plain, html = parts(message)
        assert (message["Subject"], message["To"]) == ("Waits for you", "ada@example.com")
        assert message["From"] == "Placet <placet@placet.example>"
        assert LINK in plain
        assert f'href="{LINK}"' in html
        assert "decides nothing" in plain

    def test_is_known_by_its_id_however_often_it_is_tried(self, served):
        with mail_server() as server:
            served(server)
            send()
            send()

        assert [one["Message-ID"] for one in server.got] == ["<1f0c@placet.example>"] * 2

    @pytest.mark.parametrize("name", HOSTILE)
    def test_makes_nothing_of_a_hostile_name(self, served, name):
        quoted = wording.quoted(name)
        with mail_server() as server:
            served(server)
            send(text=f"Agent: {quoted}")

        (message,) = server.got
        plain, html = parts(message)
        assert message["Bcc"] is None
        assert quoted in plain
        assert html.count("<a ") == 2
        assert "<h1>Hello" not in html
        assert "evil.example" not in plain + html
        assert not {"\u202e", "\x00", "\x1b"} & {*plain, *html}

    @pytest.mark.parametrize("odd", ["two\r\nBcc: all@example.com", "two\nlines"])
    def test_lets_no_header_be_added(self, served, odd):
        with mail_server() as server:
            served(server)
            for field in ("subject", "recipient"):
                with pytest.raises(Unsent):
                    send(**{field: odd})

        assert server.got == []


class TestAServerThatDoesNotTakeIt:
    @pytest.mark.parametrize(
        ("answers", "sentence"),
        [
            ({"RCPT": "550 <script>no"}, "refused the recipient"),
            ({"MAIL": "451 later"}, "answered 451"),
            ({"DATA": "554 spam"}, "answered 554"),
        ],
    )
    def test_is_told_in_our_words(self, served, answers, sentence):
        with mail_server(answers=answers) as server:
            served(server)
            with pytest.raises(Unsent, match=sentence) as unsent:
                send()

        assert "script" not in unsent.value.sentence
        assert not unsent.value.was_slow

    def test_that_is_away_is_told(self, served, settings):
        with mail_server() as server:
            served(server)
        with pytest.raises(Unsent, match="cannot be reached"):
            send()

    @pytest.mark.parametrize("step", ["EHLO", "MAIL"])
    def test_that_drips_is_given_up_on_the_whole(self, served, monkeypatch, step):
        monkeypatch.setattr(email, "TOTAL_TIMEOUT", timedelta(seconds=0.5))
        began = time.monotonic()
        with mail_server(hangs_at=step) as server:
            served(server)
            with pytest.raises(Unsent) as unsent:
                send()

        assert unsent.value.was_slow
        assert time.monotonic() - began < 3


class TestCheck:
    def test_signs_in_and_sends_nothing(self, served):
        with mail_server() as server:
            served(server)
            email.check()

        assert server.got == []

    def test_says_what_is_wrong(self, served):
        with mail_server() as server:
            served(server)
        with pytest.raises(Unsent, match="cannot be reached"):
            email.check()
