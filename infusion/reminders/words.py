"""The words of a message: mail in plain text and HTML with its calendar files, and words for the telephone.

No mail names a drug, a diagnosis or what a visit is for: it lies open in an inbox that others may read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateformat import format as in_words
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Clinic
from infusion.interop.calendar import Appointment, published, uid_of, withdrawn
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import Visit, WaitlistOffer

from .domain.due import (
    ARRANGE,
    BOOKED,
    CANCELLED,
    INVITED,
    MOVED,
    REMINDER,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    Change,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One visit as a message speaks of it, in the clinic's own time."""

    verb: str
    day: str
    date: str
    time: str
    until: str
    length: str
    was: str
    zone: str


@dataclass(frozen=True, slots=True)
class OnOffer:
    """An earlier time as a message speaks of it, in the clinic's own time, and until when it can be had."""

    date: str
    time: str
    until: str
    length: str
    open_until: str
    zone: str


@dataclass(frozen=True, slots=True)
class Words:
    """A message ready to be sent, shown or printed. ``calendars`` are (file name, method, content)."""

    subject: str
    text: str
    html: str
    calendars: tuple[tuple[str, str, bytes], ...] = ()


def one_line(text: str) -> str:
    """A name as a header can carry it: no line breaks, no control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def compose(
    *,
    kind: str,
    clinic: Clinic,
    patient: Patient,
    changes: Sequence[Change],
    visits: Mapping[int, Visit],
    calendar_keys: Mapping[int, str],
    follow_up: FollowUp | None,
    now: datetime,
    earlier: WaitlistOffer | None = None,
) -> Words:
    """The whole message in the patient's language, every time in the clinic's own zone, which is named."""
    with translation.override(_supported(patient.language)):
        lines = [_line(change, visits[change.visit_id], clinic) for change in changes]
        subject = one_line(_subject(kind, lines))
        context: dict[str, Any] = {
            "clinic": clinic,
            "clinic_name": one_line(clinic.name),
            "name": one_line(str(patient)),
            "subject": subject,
            "lines": lines,
            "many": len(lines) > 1,
            "follow_up": follow_up,
            "earlier": _on_offer(earlier, clinic) if earlier else None,
            "portal": f"{settings.SITE_ADDRESS}/portal/",
            "language": translation.get_language(),
        }
        template = _template(kind)
        text = render_to_string(f"reminders/{template}.txt", context)
        html = render_to_string(f"reminders/{template}.html", context)
    return Words(subject, _tidy(text), html, _calendars(changes, visits, calendar_keys, clinic, now))


def phone_words(
    kind: str,
    changes: Sequence[Change],
    visits: Mapping[int, Visit],
    clinic: Clinic,
    earlier: WaitlistOffer | None = None,
) -> str:
    """What a receptionist says on the telephone instead of the mail."""
    if earlier is not None:
        on_offer = _on_offer(earlier, clinic)
        when = f"{on_offer.date}, {on_offer.time} ({on_offer.zone})"
        if kind == WAITLIST_GONE:
            return f"Please tell the patient: the earlier time, {when}, has gone. Nothing has changed."
        return (
            f"Please ask the patient: an earlier time is on offer, {when}, until {on_offer.open_until}. "
            "Note the answer under Waiting list."
        )
    if kind == ARRANGE:
        return "Please arrange the next follow-up visit."
    if kind == INVITED:
        return (
            "Please tell the patient how to open their own pages: the clinic's address, and a code by mail."
        )
    said = {
        BOOKED: "an appointment is booked for {when}",
        MOVED: "the appointment of {was} has moved to {when}",
        CANCELLED: "the appointment on {when} is cancelled",
        "reminder": "a reminder of the appointment on {when}",
    }
    parts = []
    for change in changes:
        line = _line(change, visits[change.visit_id], clinic)
        when = f"{line.date}, {line.time} ({line.zone})"
        parts.append(said[change.verb].format(when=when, was=line.was))
    return "Please tell the patient: " + "; ".join(parts) + "."


def _template(kind: str) -> str:
    return "reminder" if kind.startswith(REMINDER) else kind


def _supported(language: str) -> str:
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE


def _line(change: Change, visit: Visit, clinic: Clinic) -> Line:
    begins = change.starts_at.astimezone(clinic.zone)
    length = visit.ends_at - visit.starts_at
    was = change.was.astimezone(clinic.zone) if change.was else None
    return Line(
        verb=change.verb,
        day=in_words(begins, "l j F"),
        date=in_words(begins, "l j F Y"),
        time=in_words(begins, "H:i"),
        until=in_words((change.starts_at + length).astimezone(clinic.zone), "H:i"),
        length=_length(int(length.total_seconds()) // 60),
        was=f"{in_words(was, 'l j F Y')}, {in_words(was, 'H:i')}" if was else "",
        zone=clinic.time_zone,
    )


def _on_offer(offer: WaitlistOffer, clinic: Clinic) -> OnOffer:
    begins, ends = offer.starts_at.astimezone(clinic.zone), offer.ends_at.astimezone(clinic.zone)
    closes = offer.expires_at.astimezone(clinic.zone)
    return OnOffer(
        date=in_words(begins, "l j F Y"),
        time=in_words(begins, "H:i"),
        until=in_words(ends, "H:i"),
        length=_length(int((offer.ends_at - offer.starts_at).total_seconds()) // 60),
        open_until=f"{in_words(closes, 'l j F')}, {in_words(closes, 'H:i')}",
        zone=clinic.time_zone,
    )


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours})
    if rest:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest})
    return " ".join(parts)


def _subject(kind: str, lines: Sequence[Line]) -> str:
    if kind == ARRANGE:
        return _("Please arrange your next appointment")
    if kind == INVITED:
        return _("Your own pages at the clinic")
    if kind == WAITLIST_OFFER:
        return _("An earlier appointment is on offer")
    if kind == WAITLIST_GONE:
        return _("The earlier appointment has gone")
    if len(lines) > 1:
        if kind == BOOKED and len(lines) == 2:
            days = {"first": lines[0].day, "second": lines[1].day}
            return _("Your appointments on %(first)s and %(second)s") % days
        several = {
            BOOKED: _("Your appointments"),
            MOVED: _("Your appointments have changed"),
            CANCELLED: _("Your appointments are cancelled"),
        }
        return several[kind]
    day = {"day": lines[0].day}
    if kind == BOOKED:
        return _("Your appointment on %(day)s") % day
    if kind == MOVED:
        return _("Your appointment has moved to %(day)s") % day
    if kind == CANCELLED:
        return _("Your appointment on %(day)s is cancelled") % day
    return _("Reminder: your appointment on %(day)s") % day


def _calendars(
    changes: Sequence[Change],
    visits: Mapping[int, Visit],
    keys: Mapping[int, str],
    clinic: Clinic,
    now: datetime,
) -> tuple[tuple[str, str, bytes], ...]:
    standing: list[Appointment] = []
    gone: list[Appointment] = []
    for change in changes:
        visit = visits[change.visit_id]
        entry = Appointment(
            uid=uid_of(visit.pk, keys[visit.pk]),
            sequence=change.version,
            starts_at=change.starts_at,
            ends_at=change.starts_at + (visit.ends_at - visit.starts_at),
            place=", ".join(one_line(part) for part in clinic.address.splitlines() if part.strip()),
            organizer=clinic.email,
            stamped_at=now,
        )
        (gone if change.verb == CANCELLED else standing).append(entry)
    files = [("appointment.ics", "PUBLISH", published(standing))] if standing else []
    files += [(f"cancelled-{n}.ics", "CANCEL", withdrawn(entry)) for n, entry in enumerate(gone, start=1)]
    return tuple(files)


def _tidy(text: str) -> str:
    """Template tags leave blank lines behind: at most one stays between paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
