"""Where a webhook goes, and that no receiver can hold us up or fill us up."""

import gzip
import socket
import time
from datetime import timedelta
from ipaddress import ip_network
from itertools import chain, repeat

import pytest

from approvals.outbound.addresses import PRIVATE
from approvals.outbound.webhooks import Answer, post
from tests.outbound.receivers import LOOPBACK, OK, answering, receiver, send


class TestWhereItConnects:
    def unvisited(self, host: str, answers: list[str], *, allowed: str = "127.0.0.2/32") -> Answer:
        """The answer for a host with these addresses, none of which may have had a visit."""
        with receiver(OK, host="127.0.0.1") as one, receiver(OK, host="127.0.0.2") as two:
            result = [
                send(
                    f"http://{host}:{port}/",
                    allowed_networks=[ip_network(allowed)],
                    resolve=lambda host, port: answers,
                )
                for port in (one.port, two.port)
            ]
        assert (one.callers, two.callers) == (0, 0)
        assert {answer.code for answer in result} == {"url_not_allowed"}
        return result[0]

    def test_never_a_private_address(self):
        answer = self.unvisited("hook.example", ["127.0.0.1"])

        assert (answer.status, answer.error) == (None, PRIVATE)

    def test_nowhere_if_any_of_several_addresses_is_private(self):
        self.unvisited("hook.example", ["127.0.0.2", "127.0.0.1"])
        self.unvisited("hook.example", ["127.0.0.2", "10.0.0.5"])
        self.unvisited("hook.example", ["127.0.0.2", "::ffff:127.0.0.2"])

    @pytest.mark.parametrize("host", ["0x7f000001", "2130706433", "0177.0.0.1", "127.1", "0"])
    def test_not_by_an_odd_spelling_of_a_private_address(self, host):
        """These never get here past the check of the text; the socket is guarded all the same."""
        with receiver(OK) as agent:
            answer = send(f"http://{host}:{agent.port}/", allowed_networks=[])

        assert (answer.code, agent.callers) == ("url_not_allowed", 0)

    def test_only_where_the_one_look_up_led(self):
        """A rebinding name: first an allowed address, then, if asked again, another."""
        asked = []
        rebinding = chain([["127.0.0.2"]], repeat(["127.0.0.1"]))

        def resolve(host: str, port: int) -> list[str]:
            asked.append(host)
            return next(rebinding)

        with receiver(OK, host="127.0.0.2") as agent:
            answer = send(
                f"http://rebinding.example:{agent.port}/",
                allowed_networks=[ip_network("127.0.0.2/32")],
                resolve=resolve,
            )

        assert answer.accepted
        assert asked == ["rebinding.example"]
        assert f"host: rebinding.example:{agent.port}".encode() in agent.requests[0].lower()

    def test_to_the_next_address_when_the_first_is_not_there(self):
        with receiver(OK, host="127.0.0.2") as agent:
            answer = send(
                f"http://hook.example:{agent.port}/",
                resolve=lambda host, port: ["127.0.0.3", "127.0.0.2"],
            )

        assert answer.accepted

    @pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), OSError()])
    def test_nowhere_if_the_name_is_unknown(self, error):
        def resolve(host: str, port: int) -> list[str]:
            raise error

        answer = send("http://nowhere.example/", resolve=resolve)

        assert (answer.status, answer.code) == (None, "unreachable")

    def test_nowhere_if_the_address_is_no_address(self):
        for url in ("ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/", "http://é/", "x"):
            assert send(url).code == "url_not_allowed"

    def test_nowhere_if_the_name_is_too_odd_to_look_up(self):
        assert send(f"http://{'a' * 64}.example/").code == "unreachable"

    def test_over_ipv6_too(self):
        with receiver(OK, host="::1") as agent:
            answer = send(f"http://[::1]:{agent.port}/", allowed_networks=[ip_network("::1/128")])

        assert answer.accepted
        assert f"host: [::1]:{agent.port}".encode() in agent.requests[0].lower()


class TestHostileReceivers:
    """BI-148: whatever they do, we are back in time, having read little."""

    @staticmethod
    def timed(agent, *, total: float = 1.0, **options) -> Answer:
        started = time.monotonic()
        answer = send(agent.url, total_timeout=timedelta(seconds=total), **options)
        assert time.monotonic() - started < total + 0.5
        return answer

    def test_that_drip_their_header(self):
        def drip(connection):
            for byte in chain(b"HTTP/1.1 200 OK\r\nX: ", repeat(120)):
                connection.sendall(bytes([byte]))
                time.sleep(0.05)

        with receiver(drip) as agent:
            answer = self.timed(agent)

        assert (answer.status, answer.code) == (None, "timeout")

    def test_that_drip_their_body(self):
        def drip(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)

        with receiver(drip) as agent:
            answer = self.timed(agent)

        assert (answer.status, answer.code) == (200, "timeout")
        assert not answer.accepted
        assert answer.body_start.startswith("xxx")

    def test_that_say_nothing(self):
        with receiver(lambda connection: time.sleep(5)) as agent:
            answer = self.timed(agent, total=0.5)

        assert (answer.status, answer.code) == (None, "timeout")

    def test_that_do_not_read(self):
        server = socket.create_server(("127.0.0.1", 0))
        started = time.monotonic()

        answer = post(
            f"http://127.0.0.1:{server.getsockname()[1]}/",
            body=b"x" * 20_000_000,
            headers={},
            allowed_networks=LOOPBACK,
            total_timeout=timedelta(seconds=0.5),
        )

        assert time.monotonic() - started < 1
        assert answer.code == "timeout"
        server.close()

    def test_whose_name_server_does_not_answer(self):
        def resolve(host: str, port: int) -> list[str]:
            time.sleep(3)
            return ["127.0.0.1"]

        with receiver(OK) as agent:
            answer = self.timed(agent, resolve=resolve, connect_timeout=timedelta(seconds=0.2))

        assert answer.code == "timeout"
        assert answer.duration_ms < 700

    def test_that_never_finish_their_body(self):
        sent = 0

        def flood(connection):
            nonlocal sent
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                sent += connection.send(b"A" * 65536)

        with receiver(flood) as agent:
            answer = self.timed(agent, total=5)

        assert (answer.status, answer.code) == (200, "too_large")
        assert answer.error == "The answer is longer than 64 KB."
        assert answer.body_start == "A" * 1024

    @pytest.mark.parametrize(
        "endless", [b"A" * 65536, b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" * 1000]
    )
    def test_that_never_finish_their_header(self, endless):
        def flood(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.sendall(endless)

        with receiver(flood) as agent:
            answer = self.timed(agent, total=5)

        assert answer.status is None
        assert answer.code in ("too_large", "bad_answer")

    def test_that_never_finish_saying_continue(self):
        def flood(connection):
            while True:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)

        with receiver(flood) as agent:
            answer = self.timed(agent, total=5)

        assert (answer.status, answer.code) == (None, "too_large")

    def test_that_send_a_gzip_bomb(self):
        bomb = gzip.compress(b"0" * 50_000_000, compresslevel=9)
        answer = answering("200 OK", headers="Content-Encoding: gzip\r\n", body=bomb)
        assert len(answer) < 60_000

        with receiver(answer) as agent:
            result = self.timed(agent, total=5)

        assert result.accepted
        assert len(result.body_start) <= 1024
        assert "0000" not in result.body_start

    @pytest.mark.parametrize(
        "babble",
        [
            b"",
            b"\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nX\x00Y: 1\r\n\r\n",
            bytes(range(256)) * 20,
        ],
    )
    def test_that_do_not_speak_http(self, babble):
        with receiver(babble) as agent:
            answer = self.timed(agent, total=5)

        assert not answer.accepted
        assert answer.code in ("bad_answer", "unreachable")
        assert len(answer.error) <= 200

    def test_that_switch_to_another_protocol(self):
        switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
        with receiver(switching) as agent:
            assert not self.timed(agent, total=5).accepted

    def test_whose_words_no_database_takes(self):
        with receiver(answering("500 No", body=b"a\x00b\xff\xed\xa0\x80c")) as agent:
            said = send(agent.url).body_start

        assert "\0" not in said
        assert said.encode("utf-8").decode("utf-8") == said
        assert said.startswith("a\ufffdb\ufffd")
