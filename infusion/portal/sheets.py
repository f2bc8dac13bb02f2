"""A patient's appointments as data that leaves: for paper, and for a calendar. Neither says what a visit is for."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format as in_words
from django.utils.translation import gettext as _

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from infusion.interop.calendar import Appointment, feed, uid_of
from infusion.interop.writers.appointments import Row, Section, Sheet
from infusion.reminders.words.lines import length_in_words, lines_of
from patients.models import Patient
from patients.phones import readable
from scheduling.models import Visit

from . import queries

LONGEST = 200
"""Rows of one table on paper: more than any course has, so that a page is always made in a moment."""


def feed_of_patient(patient: Patient, *, now: datetime) -> bytes:
    """The calendar feed, in the language that is in force."""
    clinic = patient.clinic
    rows = [
        (
            Appointment(
                uid=uid_of(visit.pk, key),
                sequence=newest.version,
                starts_at=newest.starts_at,
                ends_at=newest.ends_at,
                place=", ".join(lines_of(clinic.address)),
                organizer=clinic.email,
                stamped_at=newest.at,
            ),
            visit.status != "cancelled",
        )
        for visit, newest, key in queries.feed_visits(patient, now)
    ]
    words = _("Questions, or you cannot come? Call %(phone)s.") % {"phone": readable(clinic.phone)}
    return feed(rows, title=_("Appointment"), name=_("Appointments"), words=words)


def sheet_of(patient: Patient, *, now: datetime) -> Sheet:
    """Everything the PDF says, in the language that is in force and the clinic's zone."""
    clinic = patient.clinic
    today = local_date(now, clinic.zone)
    told = {
        "zone": clinic.time_zone,
        "phone": readable(clinic.phone),
        "day": _day(today),
        "time": _time(now, clinic),
    }
    return Sheet(
        language=(translation.get_language() or settings.LANGUAGE_CODE).split("-")[0],
        title=_("My appointments"),
        name=str(patient),
        clinic=clinic.name,
        address=lines_of(clinic.address),
        phone=readable(clinic.phone),
        zone=_("All times are the clinic's local time (%(zone)s).") % told,
        printed=_("As it stood on %(day)s at %(time)s") % told,
        change=_("Times can change. What your own pages say counts. Cannot come? Call %(phone)s.") % told,
        sections=_sections(patient, now, today),
    )


def _sections(patient: Patient, now: datetime, today: date) -> list[Section]:
    clinic = patient.clinic
    booked = tuple(_booked(visit, clinic) for visit in queries.upcoming(patient, now)[:LONGEST])
    due = tuple(_due(row) for row in queries.still_to_come(patient, today)[:LONGEST])
    past = tuple(_past(visit, clinic) for visit in queries.past(patient, now)[:LONGEST])
    when, state = _("When"), _("How it stands")
    return [
        Section(_("Booked"), (when, state), _("Nothing is booked at present."), booked),
        Section(_("Still to be booked"), (when, state), _("Nothing is waiting to be booked."), due),
        Section(_("Past visits"), (when, state), _("None here yet."), past),
    ]


def _booked(visit: Visit, clinic: Clinic) -> Row:
    takes = int((visit.ends_at - visit.starts_at).total_seconds()) // 60
    return Row(
        _when(visit, clinic), _("Allow about %(length)s.") % {"length": length_in_words(takes)}, _("Booked")
    )


def _due(row: queries.Due) -> Row:
    span = {"first": _day(row.earliest), "last": _day(row.latest)}
    what = _("Blood test") if row.kind == "check" else _("Appointment")
    return Row(
        _("Around %(day)s") % {"day": _day(row.about)},
        _("Between %(first)s and %(last)s") % span,
        _("%(what)s, not booked yet") % {"what": what},
    )


def _past(visit: Visit, clinic: Clinic) -> Row:
    # What nobody has charted was booked; whether it took place is not known.
    known = {"fulfilled": _("Done"), "noshow": _("Missed")}
    return Row(_when(visit, clinic), "", known.get(visit.status, _("Was booked")))


def _when(visit: Visit, clinic: Clinic) -> str:
    begins = visit.starts_at.astimezone(clinic.zone)
    return _("%(day)s, %(time)s") % {"day": _day(begins), "time": in_words(begins, "H:i")}


def _day(day: date) -> str:
    return in_words(day, "l, j F Y")


def _time(at: datetime, clinic: Clinic) -> str:
    return in_words(at.astimezone(clinic.zone), "H:i")
