"""What patients ask about their visits, for those who book."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from clinics.domain.calendar import local_date
from clinics.domain.rights import Right, Role
from clinics.models import Clinic, Membership
from scheduling.domain.course import in_words
from scheduling.models import VisitAnswer
from scheduling.queries.answers import requests as open_requests
from scheduling.queries.answers import unconfirmed as not_confirmed

from .work import Row, Section, named, section

SOON = timedelta(hours=48)


def requests(clinic: Clinic, member: Membership, now: datetime) -> Section:
    """Who cannot come or would come at another time, the nearest visit first."""
    books = member.may(Right.BOOK)
    rows = [
        Row(
            title=named(asked.patient),
            note=_note(asked, clinic),
            href=reverse("scheduling:request", args=[asked.pk])
            if books
            else reverse("scheduling:visit", args=[asked.visit_id]),
            action="Answer" if books else "Open",
            due_on=local_date(asked.starts_at, clinic.zone),
            press="Soon" if asked.starts_at - now <= SOON else "",
        )
        for asked in open_requests(clinic, now)
    ]
    return section(
        "requests",
        "Requests from patients",
        "chat-left-text",
        [Role.RECEPTIONIST, Role.NURSE],
        rows,
        "No patient waits for an answer about a visit.",
    )


def _note(asked: VisitAnswer, clinic: Clinic) -> str:
    """What is asked, and every reason and word that was given before it."""
    before = [each for each in asked.visit.answers.all() if each.reason or each.words]
    return "; before that: ".join(_told(each, clinic) for each in (asked, *reversed(before)))


def _told(asked: VisitAnswer, clinic: Clinic) -> str:
    parts = [asked.get_answer_display()]
    if asked.reason:
        parts.append(asked.get_reason_display().lower())
    if asked.wanted_at is not None:
        at = asked.wanted_at.astimezone(clinic.zone)
        parts.append(f"wants {in_words(at.date())} at {at:%H:%M}")
    if asked.words:
        parts.append(f"“{asked.words[:120]}”")
    return "; ".join(parts)


def unconfirmed(clinic: Clinic, now: datetime) -> Section:
    """Who has a visit tomorrow, could confirm it on their pages, and has not."""
    rows = [
        Row(
            title=named(visit.patient),
            note=f"{visit.starts_at.astimezone(clinic.zone):%H:%M}; not confirmed on the patient's pages",
            href=reverse("scheduling:visit", args=[visit.pk]),
            action="Open",
            due_on=local_date(visit.starts_at, clinic.zone),
        )
        for visit in not_confirmed(clinic, now)
    ]
    return section(
        "unconfirmed",
        "Unconfirmed tomorrow",
        "calendar-check",
        [Role.RECEPTIONIST],
        rows,
        "Whoever comes tomorrow and uses the patients' pages has confirmed.",
    )
