"""The parts a message is made of: one visit, one time on offer, a length, in the clinic's own time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format as in_words
from django.utils.translation import ngettext

from clinics.models import Clinic
from scheduling.models import Visit, WaitlistOffer

from ..domain.due import (
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


def lines_of(address: str) -> tuple[str, ...]:
    """An address line by line, as it is read in a calendar or on paper; empty lines are left out."""
    return tuple(one_line(line) for line in address.splitlines() if line.strip())


def one_line(text: str) -> str:
    """A name as a header can carry it: no line breaks, no control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def line_of(change: Change, visit: Visit, clinic: Clinic) -> Line:
    begins = change.starts_at.astimezone(clinic.zone)
    length = visit.ends_at - visit.starts_at
    was = change.was.astimezone(clinic.zone) if change.was else None
    return Line(
        verb=change.verb,
        day=in_words(begins, "l j F"),
        date=in_words(begins, "l j F Y"),
        time=in_words(begins, "H:i"),
        until=in_words((change.starts_at + length).astimezone(clinic.zone), "H:i"),
        length=length_in_words(int(length.total_seconds()) // 60),
        was=f"{in_words(was, 'l j F Y')}, {in_words(was, 'H:i')}" if was else "",
        zone=clinic.time_zone,
    )


def is_today(changes: Sequence[Change], clinic: Clinic, now: datetime) -> bool:
    """Whether all that a message speaks of is on the day on which it leaves."""
    days = {change.starts_at.astimezone(clinic.zone).date() for change in changes}
    return days == {now.astimezone(clinic.zone).date()}


def day_in_words(day: date) -> str:
    return in_words(day, "l j F Y")


def on_offer(offer: WaitlistOffer, clinic: Clinic) -> OnOffer:
    begins, ends = offer.starts_at.astimezone(clinic.zone), offer.ends_at.astimezone(clinic.zone)
    closes = offer.expires_at.astimezone(clinic.zone)
    return OnOffer(
        date=in_words(begins, "l j F Y"),
        time=in_words(begins, "H:i"),
        until=in_words(ends, "H:i"),
        length=length_in_words(int((offer.ends_at - offer.starts_at).total_seconds()) // 60),
        open_until=f"{in_words(closes, 'l j F')}, {in_words(closes, 'H:i')}",
        zone=clinic.time_zone,
    )


def length_in_words(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours})
    if rest:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", rest) % {"n": rest})
    return " ".join(parts)


def supported(language: str) -> str:
    """The language to write in: the reader's own where it is spoken here."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE
