"""What belongs to a course beside its infusions: co-therapy, its label, a newer version, and retreatment on demand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from clinics.domain.refusals import Refusal
from patients.models import Medication, Patient
from regimens.defaults import co_therapy_of
from regimens.domain.definition import CoTherapy, Dose, DoseUnit, Regimen
from regimens.domain.dosing import Body, Reckoned, surface_m2
from regimens.models import RegimenVersion
from regimens.queries import newest_approved, off_label_words, regimen_of
from scheduling.domain.capacity import total_minutes
from scheduling.domain.course import PlannedDose
from scheduling.models import CoTherapyRecord, Course, PlannedInfusion, Visit

from .courses import day_of, planned_of, regimen
from .doses import Amounts, amounts_of, body_of
from .plan import CoursePlan
from .series import decided, dose_fields, plan_anew


@dataclass(frozen=True, slots=True)
class Beside:
    """A medicine of the plan: what was recorded of it last, and what the medication list has that looks like it."""

    medicine: CoTherapy
    record: CoTherapyRecord | None
    on_list: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """One infusion before and after a change of the version; None where it is not there."""

    n: int
    before: PlannedInfusion | None
    after: PlannedDose | None
    mg: str
    visit: Visit | None

    @property
    def differs(self) -> bool:
        """Whether anything of it changes."""
        if self.before is None or self.after is None:
            return True
        window = (self.after.target, self.after.earliest, self.after.latest)
        was = (self.before.target_on, self.before.earliest_on, self.before.latest_on)
        return window != was or self.mg != _mg(self.before.dose_mg)


def co_therapy(course: Course) -> tuple[CoTherapy, ...]:
    """The medicines of a course's plan: those its regimen names, else those its condition's label names."""
    return regimen(course).co_therapy or co_therapy_of(course.diagnosis.condition)


def beside(course: Course) -> list[Beside]:
    """Every medicine of the plan with what is known of it; no query where there is none."""
    wanted = co_therapy(course)
    if not wanted:
        return []
    newest: dict[str, CoTherapyRecord] = {}
    rows = CoTherapyRecord.objects.of(course.clinic).filter(course=course).select_related("by")
    for row in rows.order_by("-at", "-id"):
        newest.setdefault(row.code, row)
    listed = Medication.objects.of(course.clinic).filter(patient=course.patient_id, is_current=True)
    texts = list(listed.values_list("text", flat=True))
    return [
        Beside(
            each,
            newest.get(each.code),
            tuple(text for text in texts if any(word in text.casefold() for word in each.matches)),
        )
        for each in wanted
    ]


def newer_version(course: Course) -> RegimenVersion | None:
    """An approved version of the course's regimen that is newer than its own."""
    own = course.regimen_version
    found = newest_approved(course.clinic, own.code)
    return found if found is not None and found.version > own.version else None


def version_preview(course: Course, version: RegimenVersion, *, now: datetime) -> list[Changed] | Refusal:
    """What is still to come of a course, as it stands and as another version would have it."""
    rows = planned_of(course)
    what = regimen_of(version)
    doses = plan_anew(course, rows, now=now, decisions=decided(course), what=what)
    if isinstance(doses, Refusal):
        return doses
    was = amounts_of(course, rows)
    amounts = Amounts(what, was.body, was.known)
    standing = {row.ordinal: row for row in rows if row.state == "planned"}
    visits = {
        visit.planned_infusion_id: visit
        for visit in Visit.objects.of(course.clinic).filter(
            planned_infusion__in=[row.pk for row in standing.values()], status__in=("pending", "booked")
        )
    }
    after = {dose.n: dose for dose in doses}
    found = []
    for n in sorted({*standing, *after}):
        row, mg = standing.get(n), ""
        if n in after:
            wanted = dose_fields(after[n], amounts)
            if isinstance(wanted, Refusal):
                return wanted
            mg = _mg(wanted["dose_mg"])
        found.append(Changed(n, row, after.get(n), mg, visits.get(row.pk) if row else None))
    return found


def _mg(amount: object) -> str:
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def next_ordinal(rows: list[PlannedInfusion]) -> int:
    """The ordinal a retreatment would begin with: after the last infusion given."""
    return max((row.ordinal for row in rows if row.given_on), default=0) + 1


def retreatment_refusal(what: Regimen, rows: list[PlannedInfusion]) -> Refusal | None:
    """Why no retreatment can be started now, or None."""
    if not what.retreatment:
        return Refusal("no_retreatment", "This regimen has no retreatment on demand.")
    if not any(row.given_on for row in rows):
        return Refusal("not_begun", "Nothing was given yet: the induction comes first.")
    last = next_ordinal(rows) - 1
    together = {row.first_of_group for row in rows if row.ordinal == last}
    left = [row for row in rows if row.state == "planned" and row.first_of_group in together]
    if left:
        return Refusal(
            "course_under_way",
            f"Infusion {left[0].ordinal} of the course before is still to be given. Give it, or leave it out, first.",
        )
    waiting = [
        row
        for row in rows
        if row.state == "planned" and row.ordinal > last and row.first_of_group < row.ordinal
    ]
    if waiting and not what.maintenance:
        return Refusal("retreatment_open", "A retreatment is planned already.")
    return None


@dataclass(frozen=True, slots=True)
class DoseLine:
    """How the doses by body surface of a course come about: the reckoning, or why there is none; the infusions whose
    planned dose is another one, and the booked visits whose length is no longer that of their dose, in minutes
    (above zero: too short).
    """

    per_m2: Dose
    words: str
    refused: str
    body: Body
    stale: tuple[int, ...] = ()
    off: tuple[tuple[int, int], ...] = ()


def reckoned_doses(plan: CoursePlan) -> list[DoseLine]:
    """One line for each dose by body surface still to be given; empty where none is."""
    rows = [row for row in plan.planned if row.state == "planned" and row.dose_per_m2 is not None]
    if not rows:
        return []
    amounts, off = amounts_of(plan.course, plan.planned), minutes_off(plan)
    found = []
    for per_m2 in dict.fromkeys(row.dose_per_m2 for row in rows):
        same = [row for row in rows if row.dose_per_m2 == per_m2]
        line = _line(Dose(per_m2 or Decimal(0), DoseUnit.MG_PER_M2), amounts)
        mg = line.mg if line else None
        found.append(
            DoseLine(
                Dose(per_m2 or Decimal(0), DoseUnit.MG_PER_M2),
                line.words if line else "",
                "" if line else _why(amounts),
                amounts.body or Body(),
                tuple(row.ordinal for row in same if mg is not None and row.dose_mg != mg),
                tuple((row.ordinal, off[row.ordinal]) for row in same if row.ordinal in off),
            )
        )
    return found


def first_doses(patient: Patient, what: Regimen) -> list[DoseLine]:
    """What the doses by body surface of a regimen come to for a patient, before anything is prescribed."""
    amounts = Amounts(what, body_of(patient) if what.by_surface else None, {})
    doses = [each.dose for each in what.induction if each.dose.unit is DoseUnit.MG_PER_M2]
    found = []
    for dose in dict.fromkeys(doses):
        line = _line(dose, amounts)
        words, refused = (line.words, "") if line else ("", _why(amounts))
        found.append(DoseLine(dose, words, refused, amounts.body or Body()))
    return found


def _line(dose: Dose, amounts: Amounts) -> Reckoned | None:
    found = amounts.reckoned(dose)
    return found if isinstance(found, Reckoned) else None


def _why(amounts: Amounts) -> str:
    dosing, body = amounts.regimen.dosing, amounts.body
    refused = surface_m2(dosing, body) if dosing is not None and body is not None else None
    return refused.message if isinstance(refused, Refusal) else ""


def minutes_off(plan: CoursePlan, *, every: bool = False) -> dict[int, int]:
    """Booked visits whose length no longer is that of their dose, by ordinal: minutes needed more (or, below zero,
    less). Only doses by body surface are looked at, unless ``every`` is: a reaction slows any. What the clinic has
    learned since a visit was booked does not make it too short.
    """
    plan, found = replace(plan, usual={}), {}
    for row in plan.planned:
        visit = plan.visit_of(row)
        if (row.dose_per_m2 is None and not every) or row.state != "planned" or visit is None:
            continue
        needed = total_minutes(plan.phases(row, day_of(visit, plan.clinic)))
        booked = (visit.ends_at - visit.starts_at).seconds // 60
        if needed != booked:
            found[row.ordinal] = needed - booked
    return found


def label_of(course: Course) -> tuple[str, str, tuple[str, ...]]:
    """The label status of a course: of the medicine in the disease, of the schedule, and what is off-label here."""
    what, condition = regimen(course), course.diagnosis.condition
    use = next((each.use for each in what.conditions if each.code == condition), None)
    return (
        f"US: {use.us.words}; EU: {use.eu.words}" if use else "",
        f"US: {what.label_status.us.words}; EU: {what.label_status.eu.words}",
        off_label_words(course.clinic, course.regimen_version, condition),
    )
