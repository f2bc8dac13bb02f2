"""Reading what mail servers write back about a mail they could not deliver (RFC 3464): a pure function over one mail.

The mail comes from outside and may be anything. What is no report of deliveries is None; nothing here raises for the
sake of what a stranger wrote into it, except where the mail is too broken for Python's own reader.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Mail
from email.parser import HeaderParser
from enum import StrEnum

LONGEST_REASON = 180
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ANGLED = re.compile(r"<[^<>\s]{1,198}>")


class Outcome(StrEnum):
    """What a report says of one recipient."""

    REFUSED = "refused"  # for good: the address does not work
    GIVEN_UP = "given_up"  # tried for days in vain: the mail is lost, the address may work another time
    DELAYED = "delayed"  # still being tried


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient of a report: the addresses it goes by, what became of the mail, and why in the server's words."""

    addresses: frozenset[str]
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report of deliveries. ``message_id`` names the mail it is about; empty where the report does not say."""

    message_id: str
    deliveries: tuple[Delivery, ...]


def read(raw: bytes) -> Report | None:
    """The report in a mail, or None where the mail is no report of deliveries that failed or wait."""
    mail = email.message_from_bytes(raw)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    parts = [part for part in mail.get_payload() if isinstance(part, Mail)]
    deliveries = tuple(
        delivery
        for part in parts
        if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status")
        for block in _blocks(part)
        if (delivery := _delivery(block))
    )
    if not deliveries:
        return None
    return Report(next((found for part in parts if (found := _message_id(part))), ""), deliveries)


def _blocks(part: Mail) -> Iterator[Mail]:
    """The groups of fields of a status part: one about the mail, one for each recipient."""
    payload = part.get_payload()
    if part.get_content_type() == "message/delivery-status" and isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Mail))
        return
    for group in re.split(r"\r?\n[ \t]*\r?\n", _text(part)):
        yield HeaderParser().parsestr(group.strip("\r\n") + "\n\n")


def _text(part: Mail) -> str:
    """A part's text, whatever it says about its charset."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n\n".join(str(block) for block in payload)
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(payload)


def _delivery(block: Mail) -> Delivery | None:
    outcome = _outcome(_field(block, "Action").lower(), _status(block))
    addresses = frozenset(
        found
        for name in ("Original-Recipient", "Final-Recipient")
        if (found := _address(_field(block, name)))
    )
    if outcome is None or not addresses:
        return None
    said = _field(block, "Diagnostic-Code").partition(";")[2].strip() or _field(block, "Diagnostic-Code")
    status = _status(block)
    reason = said if status and status in said else " ".join(part for part in (status, said) if part)
    return Delivery(addresses, outcome, reason[:LONGEST_REASON])


def _outcome(action: str, status: str) -> Outcome | None:
    if action == "delayed":
        return Outcome.DELAYED
    if action != "failed" or not status:
        return None
    return Outcome.REFUSED if status.startswith("5") else Outcome.GIVEN_UP if status.startswith("4") else None


def _status(block: Mail) -> str:
    """The enhanced status code, from the field of that name or else from the server's words."""
    for name in ("Status", "Diagnostic-Code"):
        if found := _STATUS.search(_field(block, name)):
            return found.group()
    return ""


def _field(block: Mail, name: str) -> str:
    """A field in one line of printable letters."""
    value = str(block.get(name, ""))
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())


def _address(field: str) -> str:
    """The address of "rfc822; ada@example.org", in small letters."""
    kind, separator, address = field.partition(";")
    found = (address if separator else kind).strip().strip("<>").lower()
    return found if "@" in found and len(found) <= 254 else ""


def _message_id(part: Mail) -> str:
    """The Message-ID of the returned mail, or of its headers where only they came back."""
    kind = part.get_content_type()
    returned: Mail | None = None
    if kind in ("message/rfc822", "message/global"):
        payload = part.get_payload()
        first = payload[0] if isinstance(payload, list) and payload else None
        returned = first if isinstance(first, Mail) else None
    elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
        returned = HeaderParser().parsestr(_text(part))
    if returned is None:
        return ""
    found = _ANGLED.search(_field(returned, "Message-ID"))
    return found.group() if found else ""
