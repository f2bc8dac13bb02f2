"""Appointments as iCalendar files. They say when and where, and nothing of what for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar, Event, vCalAddress

REFRESH = timedelta(hours=4)
"""How often a subscribed calendar is asked to look again (product default); most look when it suits them."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One visit as a calendar knows it: ``uid`` for good, ``sequence`` rising with every change; instants are aware."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    place: str
    organizer: str
    stamped_at: datetime


def uid_of(visit_id: int, key: str) -> str:
    """A visit's name in a calendar, the same in every mail: no key of ours can be read from it.

    ``key`` is the batch of the visit's first version, which is random, so that two installations never collide.
    """
    return str(uuid5(UUID(key), f"visit {visit_id}"))


def published(appointments: Iterable[Appointment], *, title: str) -> bytes:
    """Standing appointments in one file, to be added or brought up to date; ``title`` is what each is called.

    PUBLISH, not REQUEST: nobody is asked to accept or decline by mail, and one file may hold several appointments.
    """
    return _file("PUBLISH", "CONFIRMED", appointments, title)


def withdrawn(appointment: Appointment, *, title: str) -> bytes:
    """One appointment, to be taken out of the calendar: CANCEL may name only one."""
    return _file("CANCEL", "CANCELLED", [appointment], title)


def feed(appointments: Iterable[tuple[Appointment, bool]], *, title: str, name: str, words: str) -> bytes:
    """All appointments as a calendar that others subscribe to: each with whether it stands, or was cancelled.

    ``title`` is what each is called, ``name`` what the calendar is called, ``words`` stand under each: none of them
    may say what a visit is for. No METHOD: a subscribed calendar is not a message.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Clinic calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for appointment, stands in appointments:
        entry = _entry(appointment, "CONFIRMED" if stands else "CANCELLED", title)
        entry.add("description", words)
        calendar.add_component(entry)
    return calendar.to_ical()


def _file(method: str, status: str, appointments: Iterable[Appointment], title: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Clinic calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    for appointment in appointments:
        entry = _entry(appointment, status, title)
        entry["organizer"] = vCalAddress(f"mailto:{appointment.organizer}")
        calendar.add_component(entry)
    return calendar.to_ical()


def _entry(appointment: Appointment, status: str, title: str) -> Event:
    entry = Event()
    entry.add("uid", appointment.uid)
    entry.add("sequence", appointment.sequence)
    entry.add("dtstamp", appointment.stamped_at.astimezone(UTC))
    # Written in UTC: rules for a zone's changes are read an hour wrong by some calendars.
    entry.add("dtstart", appointment.starts_at.astimezone(UTC))
    entry.add("dtend", appointment.ends_at.astimezone(UTC))
    entry.add("summary", title)
    entry.add("location", appointment.place)
    entry.add("status", status)
    entry.add("class", "PRIVATE")
    return entry
