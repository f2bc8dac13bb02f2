"""Open tasks on the worklist: whom they are about, with the telephone number where the task is a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from django.urls import reverse

from clinics import queries as clinics
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership, StaffTask
from patients import queries as patients
from patients.models import Patient
from patients.phones import readable

from .work import SHOWN, Row, Section, named, together

CALL = "Call"


def tasks(clinic: Clinic, member: Membership, today: date) -> list[Section]:
    """Open tasks, those of the colleague's own role apart; what concerns one patient stands in one box."""
    found = list(clinics.open_tasks(clinic))
    people = patients.by_record_numbers(clinic, {task.record_number for task in found if task.record_number})
    rows = [(task, _row(task, member, people.get(task.record_number), today)) for task in found]
    mine = [row for task, row in rows if task.role == member.role]
    others = [row for task, row in rows if task.role != member.role]
    own, rest = Role(member.role), frozenset(Role) - {Role(member.role)}
    nothing = "No task is open for your role.", "No task is open for another role."
    return [
        _section("tasks", "Tasks for you", "list-check", frozenset([own]), mine, nothing[0]),
        _section("other_tasks", "Tasks for colleagues", "people", rest, others, nothing[1]),
    ]


def _section(
    code: str, title: str, icon: str, roles: frozenset[Role], rows: list[Row], nothing: str
) -> Section:
    return Section(code, title, icon, roles, tuple(together(rows)[:SHOWN]), len(rows), nothing)


def _row(task: StaffTask, member: Membership, patient: Patient | None, today: date) -> Row:
    """One task. Its words name the patient and the number to call; the row says both once, above them."""
    whom = "" if task.role == member.role else f"For {task.get_role_display().lower()}s."
    row = Row(
        title=task.reason,
        note=" · ".join(part for part in (task.record_number, whom) if part),
        href=reverse("clinics:task", args=[task.pk]),
        action="Close",
        due_on=task.due_on,
        press="Overdue" if task.due_on < today else "",
    )
    if patient is None:
        return row
    words = task.reason.replace(f"{CALL} {patient} ({readable(patient.phone)})", CALL, 1)
    phone = patient.phone if task.reason.startswith(CALL) else ""
    return replace(row, title=named(patient), note=f"{words} {whom}".rstrip(), phone=phone)
