"""
Connections that a hostile address or receiver can neither lead astray nor hold up.

A name is resolved once, every answer is checked, and the connection goes to a checked
address, so a name server that changes its mind gains nothing. TLS still asks for, and
verifies, the host's name. A deadline and a byte budget hold for the whole exchange, where
the usual time-outs start again with every byte that drips in.
"""

import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import httpcore2
import httpx2

from approvals.outbound.addresses import PRIVATE, Address, Network, is_allowed

TOO_SLOW = "The receiver took too long."
# Answers (host, port) with IP addresses as text, best first; raises OSError if it can't.
Resolver = Callable[[str, int], Sequence[str]]


class Stopped(Exception):
    """We ended the exchange: a stable code, and the reason as a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Limits:
    """What one exchange may reach, take and read. Instants are on the monotonic clock."""

    allowed_networks: Sequence[Network]
    connected_by: float
    done_by: float
    most_bytes: int


def resolved(host: str, port: int) -> list[str]:
    """What the system's resolver answers, without repetition."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))


@functools.cache
def usual_authorities() -> ssl.SSLContext:
    """The system's certificate authorities, whatever the environment says about proxies."""
    return httpx2.create_ssl_context(trust_env=False)


def connected(host: str, port: int, *, limits: Limits, resolve: Resolver) -> "BoundedStream":
    """
    A connection to the first address of `host` that takes one.

    :raises Stopped: `url_not_allowed` if *any* address isn't allowed; `timeout`;
        `unreachable`
    """
    addresses = _checked(_answers(host, port, limits=limits, resolve=resolve), limits)
    failure = OSError()
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        # A silent first address must leave time for the others.
        share = _seconds_until(limits.connected_by) / left
        try:
            return BoundedStream(_dialled(address, port, seconds=share), limits)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise Stopped("timeout", "The receiver did not take the connection in time.")
    raise Stopped("unreachable", f"Cannot connect: {failure.strerror or failure}.")


class BoundedStream(httpcore2.NetworkStream):
    """A socket with a deadline and a byte budget; the time-outs it is passed are ignored."""

    def __init__(self, connection: socket.socket, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._bytes_left = limits.most_bytes

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if not self._bytes_left:
            kilobytes = self._limits.most_bytes // 1024
            raise Stopped("too_large", f"The answer is longer than {kilobytes} KB.")
        with _translated(self._connection, self._limits):
            received = self._connection.recv(min(max_bytes, self._bytes_left))
        self._bytes_left -= len(received)
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        unsent = memoryview(buffer)
        while unsent:
            try:
                with _translated(self._connection, self._limits):
                    unsent = unsent[self._connection.send(unsent) :]
            except Stopped as stop:
                if stop.code != "unreachable":
                    raise
                # The receiver may have answered before it hung up: the client goes on to read.
                raise httpcore2.WriteError from stop

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "BoundedStream":
        with _translated(self._connection, self._limits):
            encrypted = ssl_context.wrap_socket(self._connection, server_hostname=server_hostname)
        return BoundedStream(encrypted, self._limits)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _translated(connection: socket.socket, limits: Limits) -> Iterator[None]:
    """One operation on the socket, within the time that is left."""
    connection.settimeout(_seconds_until(limits.done_by))
    try:
        yield
    except TimeoutError as error:
        raise Stopped("timeout", TOO_SLOW) from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or error
        raise Stopped("tls_failed", f"No secure connection: {reason}.") from error
    except OSError as error:
        raise Stopped("unreachable", f"The connection broke: {error.strerror or error}.") from error


def _answers(host: str, port: int, *, limits: Limits, resolve: Resolver) -> Sequence[str]:
    """Asked in a thread, because a resolver has no time-out of its own to set."""
    answers: list[str] = []

    def ask() -> None:
        # No answer and an error come to the same; a name too odd to ask for is a ValueError.
        with suppress(OSError, ValueError):
            answers.extend(resolve(host, port))

    asking = threading.Thread(target=ask, name="resolving", daemon=True)
    asking.start()
    asking.join(_seconds_until(limits.connected_by))
    if asking.is_alive():
        raise Stopped("timeout", "The receiver's name could not be resolved in time.")
    if not answers:
        raise Stopped("unreachable", "The receiver's name could not be resolved.")
    return answers


def _checked(answers: Sequence[str], limits: Limits) -> list[Address]:
    addresses = [ip_address(answer) for answer in answers]
    for address in addresses:
        if not is_allowed(address, allowed_networks=limits.allowed_networks):
            raise Stopped("url_not_allowed", PRIVATE)
    return addresses


def _dialled(address: Address, port: int, *, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((str(address), port))
    except OSError:
        connection.close()
        raise
    return connection


def _seconds_until(instant: float) -> float:
    remaining = instant - time.monotonic()
    if remaining <= 0:
        raise Stopped("timeout", TOO_SLOW)
    return remaining
