"""Where the server may connect on somebody else's word, and where not (SSRF)."""

import re
import socket
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PRIVATE = "The callback address is private or reserved."
LONGEST_URL = 2048

# Own lists: the standard library's `is_global` passes NAT64 and differs between versions.
_NOT_PUBLIC_V4 = [
    ip_network(cidr)
    for cidr in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; cloud metadata at some providers
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
# All global unicast is in here. Outside lie loopback, mapped and compatible IPv4, NAT64
# (64:ff9b::/96 and 64:ff9b:1::/48), unique local, link-local, site-local and multicast.
_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC_V6 = [
    ip_network(cidr)
    for cidr in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
_LOOPBACK = ip_address("127.0.0.1")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# What every resolver's inet_aton takes for an IPv4 address: the last part is a number.
_ENDS_IN_A_NUMBER = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?$")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class _Origin(NamedTuple):
    scheme: str
    host: str
    port: int


def is_public(address: Address) -> bool:
    """Whether `address` is an ordinary host on the internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_V6)


def is_allowed(address: Address, *, allowed_networks: Sequence[Network]) -> bool:
    """Whether the server may connect to `address`: public, or in a network the operator named."""
    return is_public(address) or any(address in network for network in allowed_networks)


def check_url(
    url: str, *, allowed_prefixes: Sequence[str], allowed_networks: Sequence[Network]
) -> str | None:
    """
    Why `url` may not be called, in words, or None.

    Looks at the text only; where a host name leads is checked when it is connected to.

    :param allowed_prefixes: scheme, host, port and leading path segments that an agent may
        use, like `https://hooks.example/placet`; one with a query allows itself alone.
        None given, none allowed.
    :param allowed_networks: private networks that may be reached all the same
    """
    parts, objection = _parsed(url)
    if parts is None:
        return objection
    return (
        _objection_to_host(parts.hostname or "", allowed_networks)
        or _objection_to_port(parts)
        or _objection_to_path(parts)
        or _objection_to_prefix(parts, allowed_prefixes)
    )


def _parsed(url: str) -> tuple[SplitResult | None, str]:
    """The parts of a URL that every parser reads alike, or None and the objection."""
    if len(url) > LONGEST_URL:
        return None, f"An address has at most {LONGEST_URL} characters."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None, "This is not a valid address."
    is_bracketed, is_ipv6 = "[" in parts.netloc, ":" in (parts.hostname or "")
    if is_bracketed != is_ipv6:
        return None, "This is not a valid address."
    if parts.scheme not in _DEFAULT_PORTS or not url[len(parts.scheme) :].startswith("://"):
        return None, "Only http:// and https:// addresses can be called."
    if "@" in parts.netloc:
        return None, "No user name or password in the address."
    if not parts.netloc.isascii():
        return None, "Write the host name in its ASCII form (xn--…)."
    if "\\" in url or not url.isascii() or not url.isprintable() or " " in url:
        return None, "Percent-encode everything but plain ASCII; no spaces or backslashes."
    if "#" in url:
        return None, "No fragment (#…) in the address."
    return parts, ""


def _objection_to_host(host: str, allowed_networks: Sequence[Network]) -> str | None:
    if not host:
        return "The address has no host."
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        is_fine = name == host and any(_LOOPBACK in network for network in allowed_networks)
        return None if is_fine else PRIVATE
    if ":" in host or _ENDS_IN_A_NUMBER.search(host):
        return _objection_to_literal(host, allowed_networks)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        return "This is not a valid host name."
    return None


def _objection_to_literal(host: str, allowed_networks: Sequence[Network]) -> str | None:
    try:
        address = ip_address(host)
    except ValueError:
        return _objection_to_odd_spelling(host, allowed_networks)
    if isinstance(address, IPv6Address) and address.scope_id:
        return PRIVATE
    return None if is_allowed(address, allowed_networks=allowed_networks) else PRIVATE


def _objection_to_odd_spelling(host: str, allowed_networks: Sequence[Network]) -> str:
    """Decimal, hex, octal and short forms; refused even where the address would do."""
    try:
        address = IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return PRIVATE if ":" in host else "This is not a valid IP address."
    if is_allowed(address, allowed_networks=allowed_networks):
        return f"Write the IP address as {address}."
    return PRIVATE


def _objection_to_port(parts: SplitResult) -> str | None:
    port = _origin(parts).port
    if parts.netloc.endswith(":") or not (port in (80, 443) or 1024 <= port):
        return "Only the ports 80, 443 and those from 1024 on can be called."
    return None


def _objection_to_path(parts: SplitResult) -> str | None:
    # A receiver, or the proxy before it, may resolve these after the prefix was compared.
    if {".", ".."} & set(re.split(r"[/\\]", unquote(parts.path))):
        return "No . or .. in the path."
    return None


def _objection_to_prefix(parts: SplitResult, allowed_prefixes: Sequence[str]) -> str | None:
    if any(_is_under(parts, prefix) for prefix in allowed_prefixes):
        return None
    return "The callback address is not on this agent's allow-list."


def _is_under(parts: SplitResult, prefix: str) -> bool:
    allowed, _ = _parsed(prefix)
    if allowed is None or _origin(allowed) != _origin(parts):
        return False
    if allowed.query:
        return (parts.path, parts.query) == (allowed.path, allowed.query)
    path = allowed.path.rstrip("/")
    return parts.path == path or parts.path.startswith(f"{path}/") or not path


def _origin(parts: SplitResult) -> _Origin:
    port = _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return _Origin(parts.scheme, parts.hostname or "", port)
