"""The agents' end of webhooks: a real HTTP server that checks and remembers what it is sent."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


class Receiver:
    """
    Takes calls at `/<agent's name>/…`, whose secrets are in `secrets`.

    :param stumbles_at: answers 503 to the first try of every so manieth delivery
    """

    def __init__(self, *, stumbles_at: int = 0) -> None:
        self.secrets: dict[str, str] = {}
        # (approval, seq) in the order of their first arrival, and how often each came.
        self.arrivals: list[tuple[str, int]] = []
        self.times: Counter[str] = Counter()
        self.forged: list[str] = []
        self._stumbles_at = stumbles_at
        self._refused: set[str] = set()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url_of(self, agent: str) -> str:
        return f"{self.url}{agent}/hook"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, agent: str, headers: dict[str, str], body: bytes) -> int:
        """The status to answer."""
        delivery = headers.get("webhook-id", "")
        with self._lock:
            try:
                Webhook(self.secrets[agent]).verify(body, headers)
            except (WebhookVerificationError, KeyError) as error:
                self.forged.append(f"{delivery} for {agent}: {error}")
                return 401
            is_new = delivery not in self.times and delivery not in self._refused
            if is_new and self._stumbles_at and self._count_seen() % self._stumbles_at == 0:
                self._refused.add(delivery)
                return 503
            self._note(delivery, json.loads(body))
            return 204

    def _count_seen(self) -> int:
        return len(self.times.keys() | self._refused) + 1

    def _note(self, delivery: str, message: dict[str, Any]) -> None:
        self.times[delivery] += 1
        if self.times[delivery] == 1:
            self.arrivals.append((message["data"]["id"], message["seq"]))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.receiver.take(self.path.split("/")[1], headers, body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiver(**how: Any) -> Iterator[Receiver]:
    listening = Receiver(**how)
    try:
        yield listening
    finally:
        listening.close()
