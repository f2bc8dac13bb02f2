"""Handing a mail to the mail server, and reading what its answer means."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from enum import StrEnum

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from clinics.models import Clinic

from .domain.outcome import refused_for_good, refuses_address
from .words import Words, one_line

ANSWER_WITHIN = 30.0
"""Seconds a mail server may take for one answer: some look through a mail before they take it."""


class Fate(StrEnum):
    """What became of a mail: taken, refused for now, refused for good, certainly not taken, held back because it was
    no longer true, or nobody knows.
    """

    TAKEN = "taken"
    NOT_NOW = "not_now"
    REFUSED = "refused"
    UNREACHED = "unreached"
    HELD_BACK = "held_back"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """A mail's fate, in words why, and whether the address itself was refused."""

    fate: Fate
    why: str = ""
    address_refused: bool = False


def deliver(
    words: Words, *, clinic: Clinic, recipient: str, message_id: str, may_leave: Callable[[], bool]
) -> Answer:
    """Send one mail over SMTP. The mail server's refusals are answers, not errors.

    ``may_leave`` is asked once the server is there and listens: a mail that waited for it is not sent where it has
    ceased to be true.

    421, 450 and 550 all come as the same exception, so the codes within it decide. A refusal of our own sender
    address is not this message's fault and counts as no server reached.
    """
    connection = get_connection(timeout=ANSWER_WITHIN)
    try:
        return _deliver(connection, words, clinic, recipient, message_id, may_leave)
    finally:
        # A server that took the mail and is slow to say goodbye must not make the mail go out again.
        with contextlib.suppress(OSError):
            connection.close()


def _deliver(
    connection: BaseEmailBackend,
    words: Words,
    clinic: Clinic,
    recipient: str,
    message_id: str,
    may_leave: Callable[[], bool],
) -> Answer:
    try:
        connection.open()
        if isinstance(connection, EmailBackend) and connection.connection:
            connection.connection.ehlo_or_helo_if_needed()
    except OSError as problem:
        return Answer(Fate.UNREACHED, _said(problem))
    if not may_leave():
        return Answer(Fate.HELD_BACK)
    try:
        _mail(words, clinic, recipient, message_id, connection).send()
    except smtplib.SMTPRecipientsRefused as refusal:
        answers = refusal.recipients.values()
        gone = all(refuses_address(code, text.decode("utf-8", "replace")) for code, text in answers)
        return _refusal([code for code, _ in answers], refusal, gone)
    except smtplib.SMTPDataError as refusal:
        return _refusal([refusal.smtp_code], refusal)
    except (smtplib.SMTPSenderRefused, smtplib.SMTPHeloError) as problem:
        return Answer(Fate.UNREACHED, _said(problem))
    except (smtplib.SMTPNotSupportedError, ValueError) as problem:
        return Answer(Fate.REFUSED, f"No mail can be written to this address. {_said(problem)}")
    except OSError as problem:
        return Answer(Fate.UNKNOWN, _said(problem))
    return Answer(Fate.TAKEN)


def _refusal(codes: list[int], refusal: Exception, address_refused: bool = False) -> Answer:
    if not refused_for_good(codes):
        return Answer(Fate.NOT_NOW, _said(refusal))
    return Answer(Fate.REFUSED, _said(refusal), address_refused)


def _said(problem: Exception) -> str:
    """The mail server's own words, short enough for the ledger."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        answers = problem.recipients.values()
        said = "; ".join(f"{code} {text.decode('utf-8', 'replace')}" for code, text in answers)
    elif isinstance(problem, smtplib.SMTPResponseException):
        text = problem.smtp_error
        said = f"{problem.smtp_code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    else:
        said = str(problem) or type(problem).__name__
    return one_line(said)[:180]


def _way_out(stop: str) -> dict[str, str]:
    """What lets a mail program offer to stop these mails with one click (RFC 8058)."""
    if not stop:
        return {}
    return {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _mail(
    words: Words, clinic: Clinic, recipient: str, message_id: str, connection: BaseEmailBackend
) -> EmailMultiAlternatives:
    """From the clinic's name at the installation's address; answers go to the clinic's desk."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMultiAlternatives(
        subject=words.subject,
        body=f"{words.text}\n{words.way_out}\n" if words.way_out else words.text,
        from_email=formataddr((one_line(clinic.name), sender)),
        to=[recipient],
        reply_to=[clinic.email],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated", **_way_out(words.stop)},
        connection=connection,
    )
    mail.attach_alternative(words.html, "text/html")
    for name, method, content in words.calendars:
        mail.attach(name, content.decode(), f"text/calendar; method={method}")
    return mail
