"""A server and a clock that do as they are told."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx2

VECTORS = Path(__file__).parents[2] / "tests" / "vectors"

ID = "7f3c1f0e-8f0b-4b53-9d59-0d8a6d1c5a11"
AT = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class FakeClock:
    """Time passes when someone sleeps, or when the server is made to take its time."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class FakeServer:
    """Gives the answers it was told to give, one after the other, and remembers who asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.requests: list[httpx2.Request] = []
        self._answers: list[tuple[Any, float]] = []
        self._clock = clock
        self.transport = httpx2.MockTransport(self._handle)

    def then(self, *answers: Any, took: float = 0.0) -> "FakeServer":
        """Each a body for 200, a Response, an exception, or a function of the request."""
        self._answers += [(answer, took) for answer in answers]
        return self

    @property
    def remaining(self) -> int:
        """How many answers nobody asked for."""
        return len(self._answers)

    @property
    def last(self) -> httpx2.Request:
        return self.requests[-1]

    @property
    def sent(self) -> Any:
        """The JSON of the last request."""
        return json.loads(self.last.content)

    def _handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        assert self._answers, f"unexpected {request.method} {request.url}"
        answer, took = self._answers.pop(0)
        self._clock.now += took
        if callable(answer) and not isinstance(answer, type):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, httpx2.Response):
            return httpx2.Response(200, json=taken(request, answer))
        # A client of either kind makes the answer its own; the next test gets a fresh one.
        return httpx2.Response(answer.status_code, headers=answer.headers, content=answer.content)


def taken(request: httpx2.Request, answer: Any) -> Any:
    """Where a permission is taken, the server says of what and when; a test need not repeat it."""
    path = request.url.path.split("/")
    if path[-2:] != ["consume", ""] or not isinstance(answer, dict):
        return answer
    of = {"id": path[-3], "digest": json.loads(request.content)["digest"]}
    return {**answer, **of, "consumed_at": answer.get("consumed_at") or "2026-01-01T12:00:00Z"}
