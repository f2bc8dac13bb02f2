"""What patients have reported and nobody has closed, for those who answer."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from clinics.domain.calendar import local_date
from clinics.domain.rights import Right, Role
from clinics.models import Clinic, Membership
from monitoring import queries as monitoring
from monitoring.domain.triage import Urgency

from .work import Row, Section, named, section


def reported(clinic: Clinic, member: Membership, now: datetime) -> list[Section]:
    """The open reports, the most urgent first; nothing at all for colleagues who do not answer them."""
    if not member.may(Right.ANSWER_REPORTS):
        return []
    rows = []
    for each in monitoring.open_reports(clinic):
        told = [*each.symptoms, *([f"“{each.report.words}”"] if each.report.words else [])]
        call = each.urgency is Urgency.CALL_NOW
        rows.append(
            Row(
                title=named(each.report.patient),
                note="; ".join(told)[:200],
                href=reverse("monitoring:report", args=[each.report.pk]),
                action="Answer" if each.read else "Read",
                due_on=local_date(each.report.reported_at, clinic.zone),
                press="Call now" if call and each.read is None else "",
                chip=None
                if call and each.read is None
                else (each.words.tone, each.words.icon, each.words.words),
            )
        )
    nothing = "Every report of a patient is answered."
    return [
        section(
            "reports", "Reports from patients", "chat-left-text", [Role.NURSE, Role.PRESCRIBER], rows, nothing
        )
    ]


def unanswered(clinic: Clinic, now: datetime) -> Section:
    """Infusions of today and tomorrow whose health check the patient has not answered: a list, and no hold."""
    rows = [
        Row(
            title=named(visit.patient),
            note="The patient has not answered the health check. You ask on the day in any case.",
            href=reverse("monitoring:health_check", args=[visit.pk]),
            action="Look",
            due_on=local_date(visit.starts_at, clinic.zone),
            press="",
        )
        for visit in monitoring.unanswered_checks(clinic, now)
    ]
    return section(
        "health_checks",
        "Health check not answered",
        "clipboard2-check",
        [Role.NURSE],
        rows,
        "Every patient with a portal who is expected today or tomorrow has answered.",
    )


def unread_calls(member: Membership) -> list[monitoring.ReportRow]:
    """The reports that say "call now" and that nobody has read, for the day's page of those who answer."""
    return monitoring.unread_calls(member.clinic) if member.may(Right.ANSWER_REPORTS) else []
