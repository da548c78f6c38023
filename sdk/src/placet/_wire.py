"""Between our calls and answers and those of httpx2, for a client of either kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx2

from ._answers import Answer, NoAnswer
from ._calls import API, Call
from ._version import __version__

# Failures that come before a single byte of the request was sent.
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


def server_url(url: str | None) -> str:
    """
    Where the server is, without a slash at the end.

    :raises ValueError: neither given nor in PLACET_URL, or not an http address
    """
    found = (url or os.environ.get("PLACET_URL", "")).strip().rstrip("/")
    if not found:
        raise ValueError("No server: pass url=… or set PLACET_URL.")
    if not found.startswith(("http://", "https://")):
        raise ValueError(f"The server's URL begins with http:// or https://, not {found[:20]!r}.")
    return found.removesuffix(API.rstrip("/"))


def default_headers(api_key: str | None) -> dict[str, str]:
    """
    What every call carries.

    :raises ValueError: no key is given or in PLACET_API_KEY, or it cannot be one
    """
    key = (api_key or os.environ.get("PLACET_API_KEY", "")).strip()
    if not key:
        raise ValueError("No API key: pass api_key=… or set PLACET_API_KEY.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("The API key holds characters that no key has.")  # never show it
    return {
        "Authorization": f"Bearer {key}",
        "Accept": "application/json, application/problem+json",
        "User-Agent": f"placet-python/{__version__}",
    }


def request_of(call: Call, *, timeout_seconds: float) -> dict[str, Any]:
    """The keyword arguments with which httpx2 makes this call."""
    headers = dict(call.headers)
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    return {
        "method": call.method,
        "url": call.path.lstrip("/"),
        "content": call.body,
        "params": dict(call.params),
        "headers": headers,
        "timeout": httpx2.Timeout(timeout_seconds, read=timeout_seconds + call.wait_seconds),
    }


def answer_of(response: httpx2.Response) -> Answer:
    headers: Mapping[str, str] = {k.lower(): v for k, v in response.headers.items()}
    return Answer(status=response.status_code, headers=headers, content=response.content)


def no_answer(failure: httpx2.RequestError) -> NoAnswer:
    reason = f"{type(failure).__name__} {failure}".strip(" .")
    return NoAnswer(reason=reason, sent=not isinstance(failure, _NEVER_SENT))
