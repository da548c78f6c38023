"""One e-mail: plain text, and the same as simple HTML."""

import smtplib
from datetime import timedelta
from email.utils import parseaddr

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from approvals.outbound.sending import Unsent, within

TOTAL_TIMEOUT = timedelta(seconds=20)
_SERVER = "The mail server"


def send(
    recipient: str,
    *,
    sender: str,
    subject: str,
    text: str,
    link: str,
    settings_link: str,
    message_id: str,
) -> None:
    """
    Hand one message to the mail server that EMAIL_URL names.

    :param text: paragraphs, in which strangers' words are inert already
    :param settings_link: where its reader says how to be told
    :param message_id: the same for every try, so that a mailbox can tell a repetition
    :raises Unsent: within `TOTAL_TIMEOUT` and a moment
    """
    words = {"subject": subject, "text": text, "link": link, "settings_link": settings_link}
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string("email/notice.txt", words),
        from_email=sender,
        to=[recipient],
        headers={
            "Message-ID": f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("email/notice.html", words), "text/html")
    within(TOTAL_TIMEOUT, lambda: _hand_over(message), whom=_SERVER)


def check() -> None:
    """
    Sign in to the mail server, and send nothing.

    :raises Unsent: what would keep a message from being sent
    """
    within(TOTAL_TIMEOUT, _sign_in, whom=_SERVER)


def _hand_over(message: EmailMultiAlternatives) -> None:
    try:
        message.send()
    except Exception as error:
        raise _explained(error) from error


def _sign_in() -> None:
    connection = get_connection()
    try:
        connection.open()
        connection.close()
    except Exception as error:
        raise _explained(error) from error


def _explained(error: Exception) -> Exception:
    """The failure in our own words: a server's may hold anything."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return Unsent(f"{_SERVER} took too long.", was_slow=True)
    match error:
        case smtplib.SMTPRecipientsRefused():
            return Unsent(f"{_SERVER} refused the recipient.")
        case smtplib.SMTPAuthenticationError():
            return Unsent(f"{_SERVER} refused our sign-in ({error.smtp_code}).")
        case smtplib.SMTPResponseException():
            return Unsent(f"{_SERVER} answered {error.smtp_code}.")
        case smtplib.SMTPException():
            return Unsent(f"{_SERVER} broke off ({type(error).__name__}).")
        case OSError():
            return Unsent(f"{_SERVER} cannot be reached: {error.strerror or error}.")
        case ValueError():
            return Unsent("The recipient or the subject cannot stand in an e-mail.")
    return error
