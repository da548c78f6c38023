"""A road to the server on which things get lost."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

PASSED_ON = ("authorization", "content-type", "idempotency-key", "prefer")


@contextmanager
def losing_answers_to(path_end: str, url: str, *, then: Callable[[], None]) -> Iterator[str]:
    """
    A proxy of `url` that carries everything to the server, but loses some answers.

    :param path_end: answers to calls of paths that end so are lost, after the server gave them
    :param then: what happens in that moment
    """

    class Road(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def carry(self) -> None:
            length = int(self.headers.get("content-length", 0))
            answer = httpx2.request(
                self.command,
                url + self.path,
                content=self.rfile.read(length),
                headers={name: self.headers[name] for name in PASSED_ON if name in self.headers},
                timeout=90,
            )
            if self.path.endswith(path_end):
                then()
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = carry

        def log_message(self, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Road) as road:
        thread = threading.Thread(target=road.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{road.server_port}"
        road.shutdown()
