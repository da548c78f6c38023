"""Reading the settings of notices: the mail server, the sender, and Apprise's services."""

import importlib.util
from email.utils import formataddr, parseaddr
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from hitl_site.environment import env

MAIL_SCHEMES = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail")
# Apprise connects past our guard, so only to services whose purpose is to tell people: none
# of its schemes that write to this machine, run something or post to anywhere.
SERVICE_SCHEMES = frozenset(
    "discord gchat gotify gotifys line matrix matrixs mmost mmosts ntfy ntfys opsgenie"
    " pagerduty pbul pover rocket rockets signal signals slack tgram threema twilio workflows"
    " wxteams zulip".split()
)


def server(url: str) -> dict[str, Any]:
    """Django's settings for a mail server named as `smtp+tls://user:password@host:587`."""
    if not url:
        return {}
    try:
        parts = urlsplit(url)
        is_known = parts.scheme in MAIL_SCHEMES
        is_whole = not parts.scheme.startswith("smtp") or bool(parts.hostname)
        _ = parts.port
    except ValueError:
        is_known = is_whole = False
    if not is_known or not is_whole:
        # The address holds a password: the sentence must not repeat it.
        raise ImproperlyConfigured(
            f"EMAIL_URL must be one of {', '.join(f'{scheme}://…' for scheme in MAIL_SCHEMES)}"
            " with a host, and its password percent-encoded."
        )
    return env.email_url_config(url)


def sender(text: str, *, host: str) -> str:
    """Who e-mail comes from: as set, or `placet@` the host that people know."""
    address = text or formataddr(("Placet", f"placet@{_mail_domain(host)}"))
    try:
        validate_email(parseaddr(address)[1])
    except ValidationError:
        words = f"EMAIL_FROM must be an address such as Placet <placet@example.com>, not {text!r}."
        raise ImproperlyConfigured(words) from None
    return address


def services(text: str) -> list[str]:
    """The addresses of NOTIFY_URLS, apart from each other by commas or spaces."""
    urls = text.replace(",", " ").split()
    for url in urls:
        scheme, has_one, _ = url.partition("://")
        if not has_one or scheme.lower() not in SERVICE_SCHEMES:
            # The rest of the address is a secret, and so is one without a scheme.
            raise ImproperlyConfigured(
                f"NOTIFY_URLS: {scheme if has_one else 'what has no ://'} is not one of the"
                f" services that may be told: {', '.join(sorted(SERVICE_SCHEMES))}."
            )
    if urls and importlib.util.find_spec("apprise") is None:
        raise ImproperlyConfigured("NOTIFY_URLS needs: pip install placet-server[notify]")
    return urls


def _mail_domain(host: str) -> str:
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"
