"""A mail server on loopback that takes what it is given, or behaves as badly as it is told."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *, answers: dict[str, str], hangs_at: str) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.answers, self.hangs_at = answers, hangs_at
        self.got: list[EmailMessage] = []

    @property
    def port(self) -> int:
        return self.server_address[1]


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line.split()[0].decode().upper() if line.split() else ""
            if word == self.server.hangs_at:
                return self._drip()
            if word == "DATA":
                self._say("354 go on")
                self._take()
            self._say(self.server.answers.get(word, "250 fine"))
            if word == "QUIT":
                return None
        return None

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.server.got.append(message_from_bytes(b"".join(lines), policy=policy.default))

    def _drip(self) -> None:
        # A byte now and then, so that no step by itself ever runs out of time.
        try:
            while True:
                self.wfile.write(b"2")
                time.sleep(0.05)
        except OSError:
            return

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server(
    *, answers: dict[str, str] | None = None, hangs_at: str = ""
) -> Iterator[MailServer]:
    """`with mail_server(answers={"RCPT": "550 no"}) as server: …`, with all it `got`."""
    with MailServer(answers=answers or {}, hangs_at=hangs_at) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        yield server
        server.shutdown()
