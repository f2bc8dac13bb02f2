"""Writing follow-ups: derived from the infusions given, booked as visits, closed by a person."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from clinics import actions as trail
from clinics.domain.calendar import local_date
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.text import problem_with_text
from clinics.models import Clinic, Membership, User
from clinics.queries import or_404
from monitoring import queries
from monitoring.domain.follow_up import FollowUpDue
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling import actions as scheduling
from scheduling.domain.booking import Window
from scheduling.domain.course import in_words
from scheduling.models import Visit
from treatment import actions as treatment

LATE = timedelta(weeks=8)
"""How far ahead an overdue follow-up may still be booked (product default, unverified)."""
LONGEST_OUTCOME = 250
NO_LONGER_DUE = "No longer due: the infusions given have changed since."


def plan_everywhere(*, now: datetime) -> int:
    """Derive the follow-ups of every clinic; returns how many rows were written."""
    return sum(plan_all(clinic=clinic, now=now) for clinic in queries.every_clinic())


def plan_all(*, clinic: Clinic, now: datetime) -> int:
    """Derive the follow-ups of the whole clinic; returns how many rows were written. Cheap where nothing changed."""
    today = local_date(now, clinic.zone)
    due, standing = queries.due_follow_ups(clinic, today=today), queries.derived(clinic)
    changed = {
        planned
        for planned, kind in due.keys() | standing.keys()
        if _differs(due.get((planned, kind)), standing.get((planned, kind)))
    }
    if not changed:
        return 0
    return sum(
        plan_follow_ups(clinic=clinic, patient=patient, now=now)
        for patient in queries.patients_of(clinic, changed)
    )


@transaction.atomic
def plan_follow_ups(*, clinic: Clinic, patient: Patient, now: datetime) -> int:
    """Derive one patient's follow-ups from the infusions given; returns how many rows were written.

    Run twice it writes nothing the second time. A follow-up no longer due is closed by the system unless it is
    booked, then a person decides; one that is due after all is opened again. What a person closed stays closed.
    """
    or_404(Patient.objects.of(clinic).select_for_update(), pk=patient.pk)
    due = queries.due_follow_ups(clinic, today=local_date(now, clinic.zone), patient=patient)
    standing = queries.derived(clinic, patient=patient)
    written = 0
    for key in sorted(due.keys() | standing.keys()):
        asked, row = due.get(key), standing.get(key)
        if not _differs(asked, row):
            continue
        if row is None and asked is not None:
            _open(clinic, patient, key[0], asked)
        elif row is not None and asked is not None:
            _renew(row, asked)
        elif row is not None:
            _withdraw(row)
        written += 1
    return written


def _differs(asked: FollowUpDue | None, row: FollowUp | None) -> bool:
    """Whether the books must be changed to say what is asked."""
    if row is None:
        return asked is not None
    closed_by_system = row.state == "closed" and row.closed_by_id is None
    if asked is None:
        return row.state == "due" and queries.standing_visit(row) is None
    if closed_by_system:
        return True
    if row.state != "due":
        return False
    return (row.due_on, row.earliest_on, row.latest_on) != (asked.due_on, asked.earliest, asked.latest)


def _open(clinic: Clinic, patient: Patient, planned: int, asked: FollowUpDue) -> None:
    row = FollowUp.objects.create(
        clinic=clinic,
        patient=patient,
        planned_infusion_id=planned,
        kind=asked.kind,
        title=asked.title,
        purpose=asked.purpose,
        due_on=asked.due_on,
        earliest_on=asked.earliest,
        latest_on=asked.latest,
    )
    _note(row, "planned follow-up", None, due_on=str(row.due_on))


def _renew(row: FollowUp, asked: FollowUpDue) -> None:
    changes = trail.differences(
        row,
        {"state": "due", "due_on": asked.due_on, "earliest_on": asked.earliest, "latest_on": asked.latest},
    )
    row.state, row.outcome, row.version = "due", "", row.version + 1
    row.due_on, row.earliest_on, row.latest_on = asked.due_on, asked.earliest, asked.latest
    row.save(update_fields=["state", "outcome", "version", "due_on", "earliest_on", "latest_on"])
    _note(row, "changed follow-up", None, **changes)


def _withdraw(row: FollowUp) -> None:
    row.state, row.outcome, row.version = "closed", NO_LONGER_DUE, row.version + 1
    row.save(update_fields=["state", "outcome", "version"])
    _note(row, "closed follow-up", None, outcome=row.outcome)


def _note(row: FollowUp, verb: str, by: User | None, **changes: object) -> None:
    trail.record(
        clinic=row.clinic,
        by=by,
        verb=verb,
        subject=row,
        record_number=row.patient.record_number,
        changes={"title": row.title, **changes},
    )


@transaction.atomic
def book(
    *,
    follow_up: FollowUp,
    starts_at: datetime,
    minutes: int,
    by: User | None,
    now: datetime,
    nurse: Membership | None = None,
) -> Visit:
    """Book a follow-up that is due, in its window, with a clinician or with whoever is there.

    Refused where it is closed or booked already, outside the window, and as ``scheduling.actions.book_follow_up``.
    """
    row = _held(follow_up)
    visit = queries.standing_visit(row)
    if row.state != "due":
        raise Refused(Refusal("not_due", "This follow-up is closed already."))
    if visit is not None:
        if (visit.starts_at, visit.booked_by_id) == (starts_at, by.pk if by else None):
            return visit
        on = visit.starts_at.astimezone(row.clinic.zone)
        raise Refused(
            Refusal("already_booked", f"It is booked already, on {in_words(on.date())} at {on:%H:%M}.")
        )
    booked = scheduling.book_follow_up(
        patient=row.patient,
        title=row.title,
        starts_at=starts_at,
        minutes=minutes,
        by=by,
        now=now,
        nurse=nurse,
        window=bookable(row, local_date(now, row.clinic.zone)),
    )
    row.visit = booked
    row.save(update_fields=["visit"])
    _note(row, "booked follow-up", by, visit=booked.pk)
    return booked


def bookable(row: FollowUp, today: date) -> Window:
    """The days a follow-up may be booked on: its window or, once that has closed, the next weeks."""
    if row.latest_on >= today:
        return Window(row.earliest_on, row.latest_on)
    return Window(today, today + LATE)


@transaction.atomic
def complete(*, visit: Visit, by: User | None, now: datetime, version: int | None = None) -> Visit:
    """The patient was seen: the visit is done, and so is the follow-up it was booked for."""
    done = treatment.complete_follow_up(visit=visit, by=by, now=now, version=version)
    row = queries.of_visits(done.clinic, [done]).get(done.pk)
    if row is not None and row.state == "due":
        row.state, row.closed_by = "done", by
        row.save(update_fields=["state", "closed_by"])
        _note(row, "completed follow-up", by, visit=done.pk)
    return done


@transaction.atomic
def undo_last_step(
    *, visit: Visit, by: User, now: datetime, reason: str, version: int | None = None
) -> Visit:
    """Take back the last step of a visit of either kind; a follow-up that was done with it is due again."""
    back = treatment.undo_last_step(visit=visit, by=by, now=now, reason=reason, version=version)
    row = queries.of_visits(back.clinic, [back]).get(back.pk)
    if row is not None and row.state == "done":
        row.state, row.closed_by = "due", None
        row.save(update_fields=["state", "closed_by"])
        _note(row, "reopened follow-up", by, reason=reason)
    return back


@transaction.atomic
def close(*, follow_up: FollowUp, outcome: str, by: User, now: datetime) -> FollowUp:
    """Close a follow-up without a visit, with what came of it: seen elsewhere, declined, not needed.

    Refused without words, twice, and while a booked visit stands: that one is cancelled or completed instead.
    """
    words = outcome.strip()
    if not words:
        raise Refused(Refusal("outcome_missing", "Say in a few words what came of it.", "outcome"))
    if problem := problem_with_text(words):
        raise Refused(Refusal("outcome_unreadable", problem, "outcome"))
    if len(words) > LONGEST_OUTCOME:
        raise Refused(Refusal("outcome_too_long", f"At most {LONGEST_OUTCOME} letters, please.", "outcome"))
    row = _held(follow_up)
    if row.state != "due":
        raise Refused(Refusal("already_closed", "A colleague has closed this follow-up meanwhile."))
    visit = queries.standing_visit(row)
    if visit is not None:
        on = visit.starts_at.astimezone(row.clinic.zone)
        raise Refused(
            Refusal(
                "booked", f"It is booked for {in_words(on.date())} at {on:%H:%M}. Cancel that visit first."
            )
        )
    row.state, row.outcome, row.closed_by = "closed", words, by
    row.save(update_fields=["state", "outcome", "closed_by"])
    _note(row, "closed follow-up", by, outcome=words)
    return row


def _held(follow_up: FollowUp) -> FollowUp:
    """The follow-up as it stands now, held until the transaction ends.

    Locked first and read afterwards: a row that was waited for comes back new, but what is joined to it does not.
    """
    or_404(FollowUp.objects.of(follow_up.clinic).select_for_update(), pk=follow_up.pk)
    return queries.follow_up(follow_up.clinic, follow_up.pk)
