"""Receivers of webhooks on raw sockets, well-behaved and otherwise."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from typing import Any

from approvals.outbound.webhooks import Answer, post

LOOPBACK = [ip_network("127.0.0.0/8")]

Conversation = Callable[[socket.socket], None]


class Receiver:
    """Takes calls on `host`; hears each request out, unless told not to, then lets `talk` go on."""

    def __init__(
        self, talk: Conversation, *, host: str, tls: ssl.SSLContext | None, listens: bool
    ) -> None:
        self.requests: list[bytes] = []
        self.callers = 0
        self._talk = talk
        self._tls = tls
        self._listens = listens
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, 0), family=family)
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def close(self) -> None:
        # A close alone would leave the thread waiting in accept().
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self.callers += 1
                threading.Thread(target=self._converse, args=[connection], daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            if self._listens:
                self.requests.append(request_on(connection))
            self._talk(connection)
        connection.close()


def request_on(connection: socket.socket) -> bytes:
    """One whole request, told by its Content-Length."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := connection.recv(65536)):
            return received
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiver(
    talk: Conversation | bytes,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    listens: bool = True,
) -> Iterator[Receiver]:
    """A receiver that hears the request, then says `talk`, or has the conversation it is."""
    answer = talk
    conversation = (lambda c: c.sendall(answer)) if isinstance(answer, bytes) else answer
    listening = Receiver(conversation, host=host, tls=tls, listens=listens)
    try:
        yield listening
    finally:
        listening.close()


def answering(status: str, *, headers: str = "", body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode("latin-1") + body


OK = answering("200 OK", body=b"thanks")


def send(url: str, **options: Any) -> Answer:
    """Post a small body where private callbacks to this machine are allowed."""
    options = {"allowed_networks": LOOPBACK, "headers": {"webhook-id": "msg_1"}} | options
    return post(url, body=b'{"type": "approval.settled"}', **options)
