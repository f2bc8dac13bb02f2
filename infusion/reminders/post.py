"""Handing a mail to the mail server, and reading what its answer means."""

from __future__ import annotations

import contextlib
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from enum import StrEnum
from types import TracebackType

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from clinics.models import Clinic

from .domain.outcome import refused_for_good, refuses_address
from .words import Words, one_line

GREETS_WITHIN = 15.0
"""Seconds a mail server may take for each answer before it listens: at most seven, with encryption and a password."""

ANSWER_WITHIN = 25.0
"""Seconds it may take for each of the four answers to a mail: some look through a mail before they take it."""

STILL_THERE = 5.0
"""Seconds within which a mail server says that it still listens on a line that was kept; else another line is made."""

MAILS_A_LINE = 50
"""How many mails go over one line: mail servers end longer ones (product default)."""

TOO_LARGE = 552


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


class Line:
    """A line to the mail server, kept from one mail to the next: greetings and encryption take longer than a mail."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._mails = 0

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    def listening(self) -> BaseEmailBackend:
        """The line, at whose other end the mail server has just said that it listens. Raises OSError where none can
        be reached.
        """
        if self._mails >= MAILS_A_LINE or not self._still_there():
            self.drop()
        if self._connection is None:
            self._connection = get_connection(timeout=GREETS_WITHIN)
            self._connection.open()
        if isinstance(self._connection, EmailBackend) and self._connection.connection:
            link = self._connection.connection
            link.ehlo_or_helo_if_needed()
            if link.sock:
                link.sock.settimeout(ANSWER_WITHIN)
        self._mails += 1
        return self._connection

    def drop(self) -> None:
        """Says goodbye. A server that took the mail and is slow to answer must not make the mail go out again."""
        connection, self._connection, self._mails = self._connection, None, 0
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.close()

    def _still_there(self) -> bool:
        if not isinstance(self._connection, EmailBackend):
            return True
        link = self._connection.connection
        if link is None or link.sock is None:
            return False
        try:
            link.sock.settimeout(STILL_THERE)
            answer, _ = link.noop()
        except OSError:
            return False
        return answer == 250


def deliver(
    words: Words,
    *,
    clinic: Clinic,
    recipient: str,
    message_id: str,
    may_leave: Callable[[], bool],
    line: Line | None = None,
) -> Answer:
    """Send one mail over SMTP, over a line of its own where none is given. The mail server's refusals are answers, not
    errors.

    ``may_leave`` is asked once the server is there and listens: a mail that waited for it is not sent where it has
    ceased to be true.

    421, 450 and 550 all come as the same exception, so the codes within it decide. A refusal of our own sender
    address is not this message's fault and counts as no server reached.
    """
    if line is None:
        with Line() as own:
            return deliver(
                words,
                clinic=clinic,
                recipient=recipient,
                message_id=message_id,
                may_leave=may_leave,
                line=own,
            )
    answer = _deliver(line, words, clinic, recipient, message_id, may_leave)
    if answer.fate not in (Fate.TAKEN, Fate.HELD_BACK):
        line.drop()
    return answer


def _deliver(
    line: Line,
    words: Words,
    clinic: Clinic,
    recipient: str,
    message_id: str,
    may_leave: Callable[[], bool],
) -> Answer:
    try:
        connection = line.listening()
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
    except smtplib.SMTPSenderRefused as problem:
        # With 552 it is the mail that is too large, whoever sends it.
        return Answer(Fate.REFUSED if problem.smtp_code == TOO_LARGE else Fate.UNREACHED, _said(problem))
    except smtplib.SMTPHeloError as problem:
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
    """From the clinic, by the name it chose for the sender, at the installation's address; answers go to its desk."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    mail = EmailMultiAlternatives(
        subject=words.subject,
        body=f"{words.text}\n{words.way_out}\n" if words.way_out else words.text,
        from_email=formataddr((one_line(clinic.sender_name or clinic.name), sender)),
        to=[recipient],
        reply_to=[clinic.email],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated", **_way_out(words.stop)},
        connection=connection,
    )
    mail.attach_alternative(words.html, "text/html")
    for name, method, content in words.calendars:
        mail.attach(name, content.decode(), f"text/calendar; method={method}")
    return mail
