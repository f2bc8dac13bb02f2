"""The words of a message: mail in plain text and HTML with its calendar files.

No mail names a drug, a diagnosis or what a visit is for: it lies open in an inbox that others may read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from clinics.models import Clinic
from infusion.interop.calendar import Appointment, published, uid_of, withdrawn
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import Change
from ..domain.kinds import (
    ANSWER_READY,
    ARRANGE,
    BOOKED,
    CANCELLED,
    GATE_NEEDS,
    HEALTH_CHECK,
    INVITED,
    LAB_DUE,
    MOVED,
    REMINDER,
    REQUEST_REFUSED,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    WINDOW_OPEN,
    code_of,
)
from ..domain.wording import STANDARD, OwnWords
from .lines import Line, day_in_words, is_today, line_of, lines_of, on_offer, one_line, supported
from .own import filled


@dataclass(frozen=True, slots=True)
class Words:
    """A message ready to be sent, shown or printed. ``calendars`` are (file name, method, content).

    ``stop`` is the address by which the reader stops all messages, ``way_out`` the line that says so under the plain
    text of a mail: it belongs to the mail alone, and is neither kept nor printed.
    """

    subject: str
    text: str
    html: str
    calendars: tuple[tuple[str, str, bytes], ...] = ()
    stop: str = ""
    way_out: str = ""


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
    stop: str = "",
    carer: str = "",
    colleague: bool = False,
    own: OwnWords = STANDARD,
    to_hold: bool = False,
    waits: bool = False,
    by_day: date | None = None,
) -> Words:
    """The whole message in the patient's language, every time in the clinic's own zone, which is named. ``own`` are
    the clinic's words around the facts; ``to_hold`` says that a prescriber left word about medicines, never which;
    ``waits`` that the patient is not to set out before a call; ``by_day`` is the last day for what the message asks.

    ``carer`` is the name of one the patient asks to help; ``colleague`` says that the patients' door does not open to
    their address.
    """
    with translation.override(supported(patient.language)):
        lines = [line_of(change, visits[change.visit_id], clinic) for change in changes]
        name = one_line(carer or str(patient))
        said = filled(own, name, clinic, lines)
        subject = one_line(said.subject or (_("Can you help?") if carer else _subject(kind, lines)))
        context: dict[str, Any] = {
            "clinic": clinic,
            "clinic_name": one_line(clinic.name),
            "place": [one_line(clinic.name), *lines_of(clinic.address), *lines_of(clinic.spoken_directions)],
            "name": name,
            "carer": bool(carer),
            "colleague": colleague,
            "asker": one_line(patient.given_name),
            "answer_here": settings.SITE_ADDRESS + reverse("portal:asked"),
            "subject": subject,
            "opening": said.opening,
            "closing": said.closing,
            "lines": lines,
            "many": len(lines) > 1,
            "follow_up": follow_up,
            "earlier": on_offer(earlier, clinic) if earlier else None,
            "portal": f"{settings.SITE_ADDRESS}/portal/",
            "stop": stop,
            "to_hold": to_hold,
            "waits": waits,
            "today": is_today(changes, clinic, now),
            "by_day": day_in_words(by_day) if by_day else "",
            "language": translation.get_language(),
        }
        template = _template(kind)
        text = render_to_string(f"reminders/{template}.txt", context)
        html = render_to_string(f"reminders/{template}.html", context)
        way_out = _("To get no more messages from us: %(address)s") % {"address": stop} if stop else ""
        files = _calendars(changes, visits, calendar_keys, clinic, now)
    return Words(subject, _around(_tidy(text), said), html, files, stop, way_out)


def _around(text: str, said: OwnWords) -> str:
    """Put the clinic's words after the greeting, and before its name and telephone at the foot."""
    greeting, rest = text.split("\n\n", 1)
    facts, foot = rest.rsplit("\n\n", 1)
    return "\n\n".join(part for part in (greeting, said.opening, facts, said.closing, foot) if part)


def _template(kind: str) -> str:
    return "reminder" if kind.startswith(REMINDER) else code_of(kind)


FIXED = {
    ANSWER_READY: gettext_noop("We have answered you"),
    GATE_NEEDS: gettext_noop("Something is still missing for your appointment"),
    INVITED: gettext_noop("Your own pages at the clinic"),
    HEALTH_CHECK: gettext_noop("A few questions before your appointment"),
    LAB_DUE: gettext_noop("A blood test before your next appointment"),
    REQUEST_REFUSED: gettext_noop("Your appointment stays as it is"),
    WINDOW_OPEN: gettext_noop("It is time to choose a time"),
}


def _subject(kind: str, lines: Sequence[Line]) -> str:
    if (code := code_of(kind)) in FIXED:
        return str(_(FIXED[code]))
    if kind == ARRANGE:
        return _("Please arrange your next appointment")
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
            place=", ".join(lines_of(clinic.address)),
            organizer=clinic.email,
            stamped_at=now,
        )
        (gone if change.verb == CANCELLED else standing).append(entry)
    title = _("Appointment")
    files = [("appointment.ics", "PUBLISH", published(standing, title=title))] if standing else []
    files += [
        (f"cancelled-{n}.ics", "CANCEL", withdrawn(entry, title=title))
        for n, entry in enumerate(gone, start=1)
    ]
    return tuple(files)


def _tidy(text: str) -> str:
    """Template tags leave blank lines behind: at most one stays between paragraphs."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n"
