from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.outbound.webhooks import post, wait_asked_for
from tests.outbound.receivers import LOOPBACK, OK, answering, receiver, send


class TestDelivery:
    def test_sends_the_exact_body_with_the_headers(self):
        with receiver(OK) as agent:
            answer = send(agent.url + "?key=a%20b", headers={"Webhook-Id": "msg_1"})

        assert answer.accepted
        assert (answer.status, answer.error, answer.code) == (200, None, None)
        assert answer.body_start == "thanks"
        assert 0 <= answer.duration_ms < 5000
        head, _, body = agent.requests[0].partition(b"\r\n\r\n")
        assert head.startswith(b"POST /hook?key=a%20b HTTP/1.1\r\n")
        assert f"\r\nhost: 127.0.0.1:{agent.port}".encode() in head.lower()
        assert b"\r\nwebhook-id: msg_1" in head.lower()
        assert b"\r\ncontent-type: application/json" in head.lower()
        assert b"\r\naccept-encoding: identity" in head.lower()
        assert body == b'{"type": "approval.settled"}'

    @pytest.mark.parametrize("status", ["201 Created", "202 Accepted", "204 No Content"])
    def test_counts_every_2xx(self, status):
        with receiver(answering(status)) as agent:
            assert send(agent.url).accepted

    @pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
    def test_counts_nothing_else(self, status):
        with receiver(answering(f"{status} No", body=b"because")) as agent:
            answer = send(agent.url)

        assert not answer.accepted
        assert (answer.status, answer.code) == (status, "refused")
        assert answer.error == f"The receiver answered {status}."
        assert answer.body_start == "because"
        assert not answer.gone

    def test_says_when_the_address_is_gone(self):
        with receiver(answering("410 Gone")) as agent:
            assert send(agent.url).gone

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_follows_no_redirect(self, status):
        with receiver(OK) as elsewhere:
            redirect = answering(f"{status} Moved", headers=f"Location: {elsewhere.url}\r\n")
            with receiver(redirect) as agent:
                answer = send(agent.url)

        assert (answer.status, answer.code) == (status, "redirected")
        assert elsewhere.callers == 0

    def test_ignores_the_proxy_of_the_environment(self, monkeypatch):
        with receiver(OK) as proxy, receiver(OK) as agent:
            for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

            assert send(agent.url).accepted

        assert (proxy.callers, agent.callers) == (0, 1)

    def test_reports_a_receiver_that_is_not_there(self):
        with receiver(OK) as agent:
            url = agent.url

        answer = send(url)

        assert (answer.status, answer.code) == (None, "unreachable")
        assert answer.error == "Cannot connect: Connection refused."

    def test_takes_the_answer_of_one_who_hangs_up_without_hearing_us_out(self):
        with receiver(answering("413 Too Large"), listens=False) as agent:
            answer = post(agent.url, body=b"x" * 5_000_000, headers={}, allowed_networks=LOOPBACK)

        assert (answer.status, answer.code) == (413, "refused")


class TestWaitAskedFor:
    AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("120", 120),
            (" 7 ", 7),
            ("0", 1),
            ("-1", 1),
            ("1000000000000", 86400),
            ("9" * 100, 86400),
            ("Sun, 22 Nov 2026 12:05:00 GMT", 300),
            ("Sun, 22 Nov 2026 13:05:00 +0100", 300),
            ("Sun, 22 Nov 2026 12:05:00 -0000", 300),
            ("Mon, 01 Jan 1990 00:00:00 GMT", 1),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
        ],
    )
    def test_is_between_a_second_and_a_day(self, header, seconds):
        assert wait_asked_for(header, at=self.AT) == timedelta(seconds=seconds)

    @pytest.mark.parametrize(
        "header", ["", "soon", "1.5", "1e3", "NaN", "١٢", "+5", "5, 6", "9" * 5000, "Sun, 99 Nov"]
    )
    def test_is_none_for_anything_else(self, header):
        assert wait_asked_for(header, at=self.AT) is None

    @given(st.text(max_size=60))
    def test_is_none_or_in_bounds_for_any_text(self, header):
        wait = wait_asked_for(header, at=self.AT)

        assert wait is None or timedelta(seconds=1) <= wait <= timedelta(hours=24)

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ("Retry-After: 90\r\n", timedelta(seconds=90)),
            ("Retry-After: -1\r\n", timedelta(seconds=1)),
            ("Retry-After: text\r\n", None),
            ("Retry-After: 5\r\nRetry-After: 6\r\n", None),
            ("", None),
        ],
    )
    def test_is_part_of_the_answer(self, headers, wait):
        with receiver(answering("429 Too Many Requests", headers=headers)) as agent:
            assert send(agent.url).retry_after == wait
