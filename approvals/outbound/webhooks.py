"""One POST to an address that somebody else chose, and what came of it."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ssl import SSLContext

import httpcore2

from approvals.outbound.addresses import Network
from approvals.outbound.guarding import (
    Limits,
    Resolver,
    Stopped,
    connected,
    resolved,
    usual_authorities,
)

CONNECT_TIMEOUT = timedelta(seconds=5)
TOTAL_TIMEOUT = timedelta(seconds=15)
MOST_BYTES = 64 * 1024
BODY_KEPT = 1024
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=24)

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,100}")
_HEADERS = {
    "content-type": "application/json",
    "user-agent": "Placet-Webhooks/1",
    # Nothing compressed, so nothing to inflate.
    "accept-encoding": "identity",
    "connection": "close",
}


@dataclass(frozen=True)
class Answer:
    """
    What came of one attempt.

    :ivar status: the HTTP status, or None if there was none
    :ivar error: why this was no delivery, as a sentence; None if it was one
    :ivar retry_after: how long the receiver asks us to wait, 1 s to 24 h, or None
    :ivar body_start: the first KB of the answer, as text; a stranger's words
    :ivar code: a stable word for `error`: url_not_allowed, unreachable, tls_failed, timeout,
        too_large, bad_answer, redirected, or refused for any other status; else None
    """

    status: int | None
    error: str | None
    retry_after: timedelta | None
    duration_ms: int
    body_start: str
    code: str | None = None

    @property
    def accepted(self) -> bool:
        return self.error is None

    @property
    def gone(self) -> bool:
        """The receiver says that this address is no more (410)."""
        return self.status == HTTPStatus.GONE


@dataclass
class _Received:
    """What has come in so far; a failure half-way keeps it."""

    status: int | None = None
    retry_after: timedelta | None = None
    body: bytearray = field(default_factory=bytearray)


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    allowed_networks: Sequence[Network],
    connect_timeout: timedelta = CONNECT_TIMEOUT,
    total_timeout: timedelta = TOTAL_TIMEOUT,
    trusted: SSLContext | None = None,
    resolve: Resolver = resolved,
) -> Answer:
    """
    POST `body` once: no redirects, no proxies, no retries.

    Connects to public addresses and those in `allowed_networks`; to none, if the host has
    any other. Returns within `total_timeout` and a moment, having read `MOST_BYTES` at
    most, whatever the receiver does. Nothing the network or the receiver does raises.

    :param headers: in addition to content type, agent and length
    :param trusted: whose certificates to believe; None means the usual authorities
    """
    started = time.monotonic()
    limits = Limits(
        allowed_networks=allowed_networks,
        connected_by=started + min(connect_timeout, total_timeout).total_seconds(),
        done_by=started + total_timeout.total_seconds(),
        most_bytes=MOST_BYTES,
    )
    received = _Received()
    try:
        status = _exchange(
            received,
            url=_parsed(url),
            body=body,
            headers=_HEADERS | {name.lower(): value for name, value in headers.items()},
            limits=limits,
            trusted=trusted,
            resolve=resolve,
        )
        code, error = _objection_to(status)
    except Stopped as stop:
        code, error = stop.code, stop.sentence
    except httpcore2.RemoteProtocolError as mistake:
        code, error = "bad_answer", f"No valid HTTP answer: {mistake}"[:200]
    return Answer(
        status=received.status,
        error=error,
        retry_after=received.retry_after,
        duration_ms=round((time.monotonic() - started) * 1000),
        # PostgreSQL's text can't hold NUL.
        body_start=received.body.decode("utf-8", "replace").replace("\0", "\ufffd"),
        code=code,
    )


def _parsed(url: str) -> httpcore2.URL:
    try:
        parsed = httpcore2.URL(url)
    # TypeError is how the client refuses text outside ASCII.
    except (ValueError, TypeError) as error:
        raise Stopped("url_not_allowed", "This is not a valid address.") from error
    if parsed.scheme not in (b"http", b"https") or not parsed.host:
        raise Stopped("url_not_allowed", "Only http:// and https:// addresses can be called.")
    return parsed


def _exchange(
    received: _Received,
    *,
    url: httpcore2.URL,
    body: bytes,
    headers: dict[str, str],
    limits: Limits,
    trusted: SSLContext | None,
    resolve: Resolver,
) -> int:
    host = url.host.decode()
    stream = connected(host, url.origin.port, limits=limits, resolve=resolve)
    if url.scheme == b"https":
        stream = stream.start_tls(trusted or usual_authorities(), server_hostname=host)
    all_headers = [("host", _host_header(url)), *headers.items()]
    with (
        httpcore2.HTTP11Connection(origin=url.origin, stream=stream) as connection,
        connection.stream("POST", url, headers=all_headers, content=body) as response,
    ):
        received.status = response.status
        received.retry_after = _wait_asked_for_in(response.headers)
        for chunk in response.iter_stream():
            received.body += chunk[: BODY_KEPT - len(received.body)]
        return response.status


def _host_header(url: httpcore2.URL) -> str:
    host = url.host.decode()
    host = f"[{host}]" if ":" in host else host
    return host if url.port is None else f"{host}:{url.port}"


def _objection_to(status: int) -> tuple[str | None, str | None]:
    if 200 <= status < 300:
        return None, None
    if 300 <= status < 400:
        return "redirected", f"The receiver answered {status}; redirects are not followed."
    return "refused", f"The receiver answered {status}."


def _wait_asked_for_in(headers: Sequence[tuple[bytes, bytes]]) -> timedelta | None:
    values = [value for name, value in headers if name.lower() == b"retry-after"]
    if len(values) != 1:
        return None
    return wait_asked_for(values[0].decode("latin-1"), at=datetime.now(UTC))


def wait_asked_for(retry_after: str, *, at: datetime) -> timedelta | None:
    """
    The wait a Retry-After header asks for, seconds or a date, brought into 1 s to 24 h.

    None if it is neither.
    """
    value = retry_after.strip()
    if _WHOLE_NUMBER.fullmatch(value):
        seconds: float = int(value)
    else:
        try:
            date = parsedate_to_datetime(value)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - at.timestamp()
    lowest, highest = SHORTEST_WAIT.total_seconds(), LONGEST_WAIT.total_seconds()
    return timedelta(seconds=min(max(seconds, lowest), highest))
