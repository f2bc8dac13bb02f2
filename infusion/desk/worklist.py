"""What waits for somebody to act: one section for each kind of work, each row with the one page to act on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils.http import urlencode

from clinics.domain.calendar import day_bounds, local_date
from clinics.domain.rights import Right, Role
from clinics.models import Clinic, Membership
from evaluation.domain.findings import Finding
from evaluation.models import Clearance, Evaluation
from monitoring import queries as monitoring
from monitoring.domain.standing import Standing
from patients import queries as patients
from scheduling import queries as scheduling
from scheduling.domain.course import in_words
from scheduling.forms import freed_text
from scheduling.models import Course, PlannedInfusion
from scheduling.queries.waiting import worth_offering
from treatment import queries as treatment

from .addresses import check_of, day_of
from .asked import requests, unconfirmed
from .reported import reported, unanswered
from .tasks import tasks
from .work import SHOWN, Row, Section, named, section

GATE_DAYS = 28
"""How far ahead visits are checked for what they still need."""
NAMED = 4
"""Requirements named in one row; the rest is counted."""


def sections(clinic: Clinic, *, member: Membership, now: datetime) -> list[Section]:
    """Every kind of work of the clinic, the colleague's own first. The number of queries does not grow with it."""
    today = local_date(now, clinic.zone)
    found = [
        *reported(clinic, member, now),
        unanswered(clinic, now),
        requests(clinic, member, now),
        unconfirmed(clinic, now),
        *tasks(clinic, member, today),
        _unfinished(clinic, today),
        _gates(clinic, now, today),
        _misfits(clinic, member, now),
        _freed(clinic, member, now),
        _to_book(clinic, member, now, today),
        _follow_ups(clinic, member, today),
        _to_confirm(clinic, member),
        _evaluations(clinic),
        _without_course(clinic, member, today),
    ]
    return sorted(found, key=lambda section: (not section.is_for(member.role), not section.rows))


def _unfinished(clinic: Clinic, today: date) -> Section:
    """Visits of past days that nobody has closed."""
    begins = day_bounds(today, clinic.zone)[0]
    rows = [
        Row(
            title=named(visit.patient),
            note=f"{'Infusion' if visit.kind == 'infusion' else visit.title}: {treatment.stage(visit).words.lower()}",
            href=day_of(visit),
            action="Complete",
            due_on=local_date(visit.starts_at, clinic.zone),
            press="Not closed",
        )
        for visit in treatment.left_open(clinic, before=begins)
    ]
    return section(
        "unfinished",
        "Days not closed",
        "calendar-x",
        [Role.NURSE, Role.RECEPTIONIST],
        rows,
        "Every visit of the past days is closed.",
    )


def _gates(clinic: Clinic, now: datetime, today: date) -> Section:
    """Visits of the next four weeks whose gate will stay shut unless somebody acts, and what can be done already."""
    ahead = treatment.booked_between(clinic, now, now + timedelta(days=GATE_DAYS))
    verdicts = treatment.gates(clinic, ahead, today=today)
    rows = []
    for visit in ahead:
        due = verdicts[visit.pk].due_now(today)
        if due:
            on = local_date(visit.starts_at, clinic.zone)
            rows.append(
                Row(
                    title=named(visit.patient),
                    note=_needed(due),
                    href=check_of(visit),
                    action="Check",
                    due_on=on,
                    press="Soon" if on - today <= timedelta(days=3) else "",
                )
            )
    return section(
        "gates",
        "Visits that will not pass the gate",
        "lock",
        [Role.NURSE, Role.PRESCRIBER, Role.RECEPTIONIST, Role.PHARMACIST],
        rows,
        f"Every visit of the next {GATE_DAYS} days has what it needs so far.",
    )


def _misfits(clinic: Clinic, member: Membership, now: datetime) -> Section:
    """Booked visits that no longer fit, because hours, chairs, shifts or rules have changed since."""
    reasons = scheduling.in_the_way_ahead(clinic, now=now)
    first = {key: reasons[key] for key in list(reasons)[:SHOWN]}
    does = ("scheduling:move", "Move") if member.may(Right.BOOK) else ("scheduling:visit", "Open")
    rows = [
        Row(
            title=named(fault.visit.patient),
            note=" ".join(reason.message for reason in fault.reasons),
            href=reverse(does[0], args=[fault.visit.pk]),
            action=does[1],
            due_on=local_date(fault.visit.starts_at, clinic.zone),
        )
        for fault in scheduling.shown_faults(clinic, first)
    ]
    return Section(
        "misfits",
        "Visits that no longer fit",
        "calendar-x",
        frozenset({Role.RECEPTIONIST, Role.NURSE}),
        tuple(rows),
        len(reasons),
        "Every booked visit fits the clinic as it is set.",
    )


def _freed(clinic: Clinic, member: Membership, now: datetime) -> Section:
    """Times that came free and that somebody on the waiting list could have."""
    rows = []
    for freed in worth_offering(clinic, now=now):
        at = freed.starts.astimezone(clinic.zone)
        where = reverse("scheduling:waiting")
        if member.may(Right.BOOK):
            where = f"{reverse('scheduling:freed')}?{urlencode({'time': freed_text(freed.starts, freed.chair.pk)})}"
        rows.append(
            Row(
                title=f"{at:%H:%M} in {freed.chair}",
                note=f"Fits {freed.fits} who {'waits' if freed.fits == 1 else 'wait'} for an earlier time",
                href=where,
                action="Offer it" if member.may(Right.BOOK) else "Open",
                due_on=at.date(),
            )
        )
    nothing = "No freed time waits to be offered."
    return section(
        "freed", "Freed times to offer", "hourglass-split", [Role.RECEPTIONIST, Role.NURSE], rows, nothing
    )


def _needed(due: Sequence[Finding]) -> str:
    """What is needed and who must act, in one line."""
    labels = [each.label for each in due]
    named = ", ".join(labels[:NAMED]) + (f" and {len(labels) - NAMED} more" if len(labels) > NAMED else "")
    return f"{named}. To act: {', '.join(sorted({each.acts for each in due if each.acts}))}."


def _to_book(clinic: Clinic, member: Membership, now: datetime, today: date) -> Section:
    """Infusions whose window opens soon; an induction pair is one row, because it is booked together. Held windows are
    turned into times now, and those that have no room are said.
    """
    found = scheduling.to_book(clinic, today=today)
    held = [planned for planned in found if planned.held_at is not None and planned.latest_on >= today]
    room = scheduling.rooms_of_held(clinic, held[:SHOWN], now=now)
    rows: list[Row] = []
    pairs: set[int] = set()
    for planned in found:
        if planned.phase == "induction" and planned.course_id in pairs:
            continue
        if planned.phase == "induction":
            pairs.add(planned.course_id)
        rows.append(_booking(planned, member, today, room.get(planned.pk)))
    return section(
        "to_book",
        "Infusions to book",
        "calendar-plus",
        [Role.RECEPTIONIST, Role.NURSE],
        rows,
        "Every infusion whose window opens soon is booked.",
    )


def _booking(
    planned: PlannedInfusion, member: Membership, today: date, room: scheduling.RoomFor | None
) -> Row:
    pair, held = planned.phase == "induction" and planned.ordinal == 1, planned.held_at is not None
    what = "Induction pair" if pair else f"Infusion {planned.ordinal}"
    where = reverse("patients:detail", args=[planned.patient_id])
    action = "Open"
    if member.may(Right.BOOK):
        where = reverse("scheduling:pair", args=[planned.course_id])
        action = "Turn into a time" if held else "Find times"
        if not pair or held:
            where = reverse("scheduling:single", args=[planned.pk])
    press = "Window closed" if planned.latest_on < today else ""
    if room is not None and room.word == "none":
        press = "Clinic closed throughout" if room.closed else "No room left"
    window = f"{in_words(planned.earliest_on)} to {in_words(planned.latest_on)}"
    return Row(
        title=named(planned.patient),
        note=f"{what}, {window}{': ' + planned.concern if planned.concern else ''}",
        href=where,
        action=action,
        due_on=planned.latest_on,
        press=press,
        chip=("progress", "pin-angle", "Held") if held else None,
    )


def _follow_ups(clinic: Clinic, member: Membership, today: date) -> Section:
    may_book = member.may(Right.BOOK)
    rows = [
        Row(
            title=named(each.follow_up.patient),
            note=each.follow_up.title,
            href=reverse("monitoring:book", args=[each.follow_up.pk])
            if may_book and each.visit is None
            else reverse("monitoring:list"),
            action="Book" if may_book and each.visit is None else "Open",
            due_on=each.follow_up.due_on,
            press="Overdue" if each.standing is Standing.OVERDUE else "",
        )
        for each in monitoring.waiting(clinic, today=today)
    ]
    return section(
        "follow_ups",
        "Follow-ups to arrange",
        "clipboard2-pulse",
        [Role.RECEPTIONIST, Role.NURSE],
        rows,
        "No follow-up has to be arranged now.",
    )


def _to_confirm(clinic: Clinic, member: Membership) -> Section:
    decides = member.may(Right.CONFIRM_DIAGNOSIS)
    rows = [
        Row(
            title=named(diagnosis.patient),
            note=f"“{diagnosis.text}” is near {diagnosis.get_condition_display() or 'a treated condition'}",
            href=reverse("patients:decide_diagnosis", args=[diagnosis.pk])
            if decides
            else reverse("patients:detail", args=[diagnosis.patient_id]),
            action="Decide" if decides else "Open",
        )
        for diagnosis in patients.diagnoses_to_confirm(clinic)
    ]
    return section(
        "to_confirm",
        "Diagnoses to confirm",
        "question-circle",
        [Role.PRESCRIBER],
        rows,
        "No diagnosis waits for confirmation.",
    )


def _evaluations(clinic: Clinic) -> Section:
    found = Evaluation.objects.of(clinic).filter(state="open", patient__deceased=False)
    rows = [
        Row(
            title=named(row.patient),
            note=f"{row.diagnosis}, opened {in_words(local_date(row.opened_at, clinic.zone))}",
            href=reverse("evaluation:detail", args=[row.pk]),
            action="Continue",
        )
        for row in found.select_related("patient", "diagnosis").order_by("opened_at", "pk")
    ]
    return section(
        "evaluations",
        "Evaluations under way",
        "clipboard2-check",
        [Role.PRESCRIBER, Role.NURSE],
        rows,
        "No evaluation is open.",
    )


def _without_course(clinic: Clinic, member: Membership, today: date) -> Section:
    """Patients who are cleared and have no course yet."""
    found = Clearance.objects.of(clinic).filter(
        withdrawn_at__isnull=True, valid_until__gte=today, courses__isnull=True, patient__deceased=False
    )
    active = Course.objects.of(clinic).filter(state="active").values("patient")
    rows = [
        Row(
            title=named(row.patient),
            note=f"{row.evaluation.diagnosis}: {row.regimen_version.name}",
            href=reverse("scheduling:prescribe", args=[row.pk])
            if member.may(Right.PRESCRIBE)
            else reverse("patients:detail", args=[row.patient_id]),
            action="Prescribe" if member.may(Right.PRESCRIBE) else "Open",
            due_on=row.valid_until,
        )
        for row in found.exclude(patient__in=active)
        .select_related("patient", "evaluation__diagnosis", "regimen_version")
        .order_by("signed_at", "pk")
    ]
    return section(
        "without_course",
        "Cleared, no course yet",
        "shield-check",
        [Role.PRESCRIBER],
        rows,
        "Everybody who is cleared has a course.",
    )
