"""
A small WSGI application in Django's place: things that are pending until decided.

Run as a module it is a whole server: `python -m … DATABASE PORT`.
"""

import json
import os
import re
import sqlite3
import sys
import threading
import time
from collections import deque
from pathlib import Path

from hitl_site import serving
from hitl_site.waiting.buses import SqliteBus
from hitl_site.waiting.front import Front

SCHEMA = """
PRAGMA journal_mode=WAL;
CREATE TABLE thing (id TEXT PRIMARY KEY, status TEXT NOT NULL);
CREATE TABLE audit_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, related TEXT NOT NULL
);
"""
KEYS = {"Bearer good": "agent:1", "Bearer other": "agent:2"}
LONG_BODY = 3_000_000


def create(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.executescript(SCHEMA)
    connection.close()


class StandIn:
    """
    :param limit: waits at once of one agent
    :param work: seconds of CPU that every request takes
    :param together: whether it offers to answer for many
    """

    def __init__(
        self,
        database: Path,
        *,
        limit: int = 10_000,
        work: float = 0.0,
        together: bool = False,
    ) -> None:
        self.database = database
        self.limit = limit
        self.work = work
        self.together = together
        self.keys = dict(KEYS)
        self.seen: deque[dict] = deque(maxlen=500)  # the environments of the latest requests
        self.at_once = self.most_at_once = 0
        self._of_thread = threading.local()

    def __call__(self, environ, start_response):
        self.seen.append({k: v for k, v in environ.items() if isinstance(v, str)})
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            end = time.thread_time() + self.work
            while time.thread_time() < end:
                pass
            return self._answer(environ, start_response)
        finally:
            self.at_once -= 1

    def decide(self, *things: str, related: str = "") -> None:
        """Settle `things`, all in one commit."""
        with self._connection() as connection:
            for thing in things:
                connection.execute("UPDATE thing SET status = 'approved' WHERE id = ?", [thing])
                connection.execute(
                    "INSERT INTO audit_event (subject, related) VALUES (?, ?)",
                    [f"thing:{thing}", related],
                )

    def add(self, *things: str) -> None:
        with self._connection() as connection:
            connection.executemany(
                "INSERT INTO thing VALUES (?, 'pending')", [[thing] for thing in things]
            )

    def _answer(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/boom":
            raise ZeroDivisionError("boom")
        if path == "/long":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return (b"x" * 1000 for _ in range(LONG_BODY // 1000))
        if path.endswith("/echo"):
            body = environ["wsgi.input"].read()
            return _json(start_response, {"length": len(body), "tail": body[-8:].decode()})
        holder = self.keys.get(environ.get("HTTP_AUTHORIZATION", ""))
        if holder is None:
            return _json(start_response, {"status": 401}, status="401 Unauthorized")
        if path == "/stream":
            topics = ["thing:*"] if not environ["QUERY_STRING"] else [environ["QUERY_STRING"]]
            terms = {"topics": topics, "holder": holder, "limit": 2}
            extra = [("X-Placet-Stream", json.dumps(terms)), ("X-Frame-Options", "DENY")]
            return _json(start_response, {}, extra=extra)
        if path == "/api/together":
            return _json(start_response, {"answers": self._answers(environ)})
        if method == "POST" and path.endswith("/decide"):
            self.decide(path.split("/")[-2])
            return _json(start_response, {"decided": True})
        if method == "POST":
            thing = environ["wsgi.input"].read().decode()
            self.add(thing)
            extra = [("Location", f"/api/things/{thing}"), ("Set-Cookie", "a=1")]
            return self._thing(thing, environ, start_response, holder, "201 Created", extra)
        thing = path.rsplit("/", 1)[-1]
        return self._thing(thing, environ, start_response, holder, "200 OK", [])

    def _thing(self, thing, environ, start_response, holder, status, extra):
        row = self._connection().execute("SELECT status FROM thing WHERE id = ?", [thing])
        found = row.fetchone()
        if found is None:
            return _json(start_response, {"status": 404}, status="404 Not Found")
        seconds = _seconds_to_wait(environ)
        if found[0] == "pending" and seconds:
            wait = {
                "topics": [f"thing:{thing}"],
                "seconds": seconds,
                "path": f"{environ['SCRIPT_NAME']}/api/things/{thing}?wait={seconds}",
                "holder": holder,
                "limit": self.limit,
            }
            if self.together:
                wait["together"] = {"path": "/api/together", "key": thing}
            extra = [*extra, ("X-Placet-Wait", json.dumps(wait))]
        return _json(start_response, {"id": thing, "status": found[0]}, status=status, extra=extra)

    def _answers(self, environ) -> dict[str, dict]:
        keys = json.loads(environ["wsgi.input"].read())["keys"]
        marks = ", ".join("?" * len(keys))
        rows = self._connection().execute(
            f"SELECT id, status FROM thing WHERE id IN ({marks})", keys
        )
        return {
            thing: {
                "status": 200,
                "headers": {"X-Placet-Wait": "{}"} if status == "pending" else {},
                "body": json.dumps({"id": thing, "status": status}),
            }
            for thing, status in rows
        }

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._of_thread, "connection"):
            self._of_thread.connection = sqlite3.connect(self.database, timeout=20)
        return self._of_thread.connection


def _seconds_to_wait(environ) -> float:
    asked = f"{environ.get('HTTP_PREFER', '')} {environ['QUERY_STRING']}"
    found = re.search(r"wait=([\d.]+)", asked)
    return float(found[1]) if found else 0.0


def _json(start_response, body, *, status="200 OK", extra=()):
    data = json.dumps(body).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data)))]
    start_response(status, [*headers, *extra])
    return [data]


def main() -> None:
    database, port = Path(sys.argv[1]), int(sys.argv[2])
    django = StandIn(database, work=float(os.environ.get("WORK_SECONDS", "0")))
    front = Front(django, SqliteBus(database))
    drain_seconds = int(os.environ.get("DRAIN_SECONDS", "10"))
    sys.exit(serving.run_web("127.0.0.1", port, application=front, drain_seconds=drain_seconds))


if __name__ == "__main__":
    main()
