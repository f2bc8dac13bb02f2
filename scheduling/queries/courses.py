"""Reading courses: the course, its planned infusions, and what counts as given before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from django.db.models import QuerySet
from django.http import Http404

from clinics.domain.calendar import local_date
from clinics.models import Clinic
from clinics.prepared import Given, Prepared
from clinics.queries import or_404
from evaluation.models import Clearance
from patients.models import EarlierInfusion, Patient
from regimens.domain.definition import Regimen
from regimens.domain.length import PhaseMinutes, visit_length
from regimens.queries import regimen_of
from scheduling.domain.after_reaction import goes_slowly
from scheduling.domain.booking import Signed, clearance_refusal
from scheduling.domain.capacity import FIRST, REACTION, USUAL, Phase
from scheduling.domain.lengths import LengthKey, Usual, as_usual, turn_of
from scheduling.models import STANDING, Course, PlannedInfusion, UsualLength, Visit


@dataclass(frozen=True, slots=True)
class History:
    """The patient's infusions, here or elsewhere: their days, and each with the CTCAE grade of its reaction."""

    given: tuple[date, ...]
    reactions: tuple[tuple[date, int], ...] = ()

    @classmethod
    def of(cls, past: Iterable[tuple[date, int]]) -> History:
        """The history that infusions make, each a day and a grade (0 for none)."""
        rows = tuple(sorted(past))
        return cls(tuple(sorted({day for day, _ in rows})), tuple(row for row in rows if row[1]))

    def until(self, on: date) -> History:
        """What had been given before a day."""
        return History(
            tuple(day for day in self.given if day < on), tuple(row for row in self.reactions if row[0] < on)
        )

    def graded(self, *, before: Iterable[date] = ()) -> tuple[tuple[date, int], ...]:
        """Every infusion with its grade, in order; ``before`` are days on which more will have been given by then, and
        tolerated as far as anybody knows.
        """
        found = dict.fromkeys((*self.given, *before), 0)
        for day, grade in self.reactions:
            found[day] = max(found[day], grade)
        return tuple(sorted(found.items()))

    def slows(self, *, before: Iterable[date] = ()) -> bool:
        """Whether a reaction slows the infusion that follows those."""
        return goes_slowly(self.graded(before=before))


def courses(clinic: Clinic) -> QuerySet[Course]:
    return Course.objects.of(clinic).select_related(
        "clinic", "patient", "diagnosis", "regimen_version", "clearance", "prescribed_by"
    )


def course(clinic: Clinic, pk: int) -> Course:
    """One course of the clinic, or 404."""
    row: Course = or_404(courses(clinic), pk=pk)
    # Its patient's clinic is its own: it need not be asked for again.
    row.patient.clinic = row.clinic
    return row


def courses_of(patient: Patient) -> QuerySet[Course]:
    """A patient's courses, newest first."""
    return courses(patient.clinic).filter(patient=patient)


def active_course(patient: Patient) -> Course | None:
    """The patient's active course; the database keeps at most one."""
    return courses_of(patient).filter(state="active").first()


_INFUSION = Prepared(
    lambda: (
        PlannedInfusion.objects.of(Given("clinic"))
        .filter(pk=Given("pk"))
        .select_related("patient", "course__regimen_version", "course__clearance")
        .defer("course__regimen_version__definition", "course__clearance__verdict", "patient__phone")
    )
)


def planned_infusion(clinic: Clinic, pk: int) -> PlannedInfusion:
    """One planned infusion of the clinic with its course, or 404."""
    row: PlannedInfusion | None = _INFUSION.first(clinic=clinic.pk, pk=pk)
    if row is None:
        raise Http404
    # The course's clinic and patient are the infusion's own: they need not be asked for again.
    row.clinic = row.course.clinic = row.patient.clinic = clinic
    row.course.patient = row.patient
    return row


_DOSES = Prepared(
    lambda: PlannedInfusion.objects.of(Given("clinic")).filter(course=Given("course")).order_by("ordinal")
)


def planned_of(course: Course) -> list[PlannedInfusion]:
    """A course's infusions in order, given ones included."""
    rows: list[PlannedInfusion] = _DOSES.all(clinic=course.clinic_id, course=course.pk)
    for row in rows:
        row.course, row.patient, row.clinic = course, course.patient, course.clinic
    return rows


def regimen(course: Course) -> Regimen:
    """The regimen a course was prescribed from, in the version it was prescribed in."""
    return regimen_of(course.regimen_version)


def signed(clearance: Clearance | None) -> Signed | None:
    """A clearance as booking asks about it."""
    if clearance is None:
        return None
    return Signed(clearance.valid_from, clearance.valid_until, clearance.withdrawn_at is not None)


def clearance_stands(course: Course, *, today: date) -> bool:
    """Whether the course's clearance allows booking today."""
    return clearance_refusal(signed(course.clearance), today=today) is None


def newer_clearance(course: Course, *, today: date) -> Clearance | None:
    """A clearance signed after the course's own, for the same disease and regimen, that could replace it."""
    rows = Clearance.objects.of(course.clinic).filter(
        patient_id=course.patient_id,
        evaluation__diagnosis_id=course.diagnosis_id,
        regimen_version__code=course.regimen_version.code,
        withdrawn_at__isnull=True,
        valid_until__gte=today,
        signed_at__gt=course.clearance.signed_at,
    )
    return rows.order_by("-signed_at", "-id").first()


def clearances_to_prescribe(patient: Patient, *, today: date) -> list[Clearance]:
    """Standing clearances without a course; none while a course is active."""
    if active_course(patient) is not None:
        return []
    rows = Clearance.objects.of(patient.clinic).filter(
        patient=patient, withdrawn_at__isnull=True, valid_until__gte=today, courses__isnull=True
    )
    return list(rows.select_related("regimen_version", "evaluation__diagnosis").order_by("-signed_at"))


_GIVEN = Prepared(
    lambda: (
        EarlierInfusion.objects.of(Given("clinic"))
        .filter(patient=Given("patient"))
        .order_by()
        .values_list("given_on", "reaction_grade")
        .union(
            PlannedInfusion.objects.of(Given("clinic"))
            .filter(patient=Given("patient"), state="given")
            .order_by()
            .values_list("given_on", "reaction_grade"),
            all=True,
        )
    )
)


def history(patient: Patient) -> History:
    """All of the patient's infusions: those of this system's courses and those recorded from before or
    elsewhere.
    """
    rows = _GIVEN.all(clinic=patient.clinic_id, patient=patient.pk)
    return History.of((day, grade) for day, grade in rows if day)


def infusion_phases(
    what: Regimen,
    dose_mg: Decimal,
    on: date,
    *,
    past: History,
    before: Iterable[date],
    chosen: str = "",
    usual: Mapping[LengthKey, Usual] = MappingProxyType({}),
) -> tuple[Phase, ...]:
    """How an infusion on a day is made up, in minutes: computed from dose, history and rate profile, and longer where
    such visits ``usual``ly take longer here.

    ``before`` are the days of the course's own infusions that will have been given by then. What runs at a first
    infusion's rates, or comes after a reaction that slows it, says so: it asks more of its nurse.
    """
    ahead = [day for day in before if day < on]
    given = sorted({*(day for day in past.given if day < on), *ahead})
    slowed = past.slows(before=ahead)
    length = visit_length(
        what,
        dose_mg,
        infusions_before=len(given),
        last_infusion_on=given[-1] if given else None,
        on=on,
        serious_reaction=slowed,
        settings=PhaseMinutes(),
        chosen=chosen,
    )
    acuity = USUAL
    if slowed:
        acuity = REACTION
    elif length.profile == what.first_profile:
        acuity = FIRST
    phases = tuple(Phase(name, minutes, acuity) for name, minutes in length.phases)
    return as_usual(phases, (dose_mg, turn_of(len(given)), length.profile.code), usual)


_USUAL = Prepared(
    lambda: (
        UsualLength.objects.of(Given("clinic"))
        .filter(count__gte=Given("least"))
        .values_list("dose_mg", "turn", "profile", "minutes", "count")
    )
)


def usual_lengths(clinic: Clinic) -> Mapping[LengthKey, Usual]:
    """How long visits usually take here, where enough of them were counted; the clinic says how many that is."""
    least = clinic.learn_lengths_after
    if not least:
        return {}
    rows = _USUAL.all(clinic=clinic.pk, least=least)
    return {(dose, turn, profile): Usual(minutes, count) for dose, turn, profile, minutes, count in rows}


def learned_lengths(clinic: Clinic) -> list[UsualLength]:
    """What the clinic has learned so far, those kinds too of which it has counted too few."""
    return list(UsualLength.objects.of(clinic).order_by("-dose_mg", "turn", "profile"))


_VISITS = Prepared(
    lambda: (
        Visit.objects.of(Given("clinic"))
        .filter(patient=Given("patient"), status__in=STANDING)
        .order_by("starts_at", "id")
    )
)


def standing_visits(patient: Patient) -> list[Visit]:
    """The patient's visits that hold a time, in order."""
    rows: list[Visit] = _VISITS.all(clinic=patient.clinic_id, patient=patient.pk)
    for row in rows:
        row.patient, row.clinic = patient, patient.clinic
    return rows


def day_of(visit: Visit, clinic: Clinic) -> date:
    """The clinic's own date of a visit."""
    return local_date(visit.starts_at, clinic.zone)


def to_book(clinic: Clinic, *, today: date) -> list[PlannedInfusion]:
    """Infusions of active courses whose window opens within ``clinic.hold_beyond_days`` and that no standing visit
    takes yet, held windows included, the soonest first; those whose window has passed are among them. The dead are
    left out.
    """
    held = Visit.objects.of(clinic).filter(status__in=STANDING, planned_infusion__isnull=False)
    return list(
        PlannedInfusion.objects.of(clinic)
        .filter(
            state="planned",
            course__state="active",
            earliest_on__lte=today + timedelta(days=clinic.hold_beyond_days),
            patient__deceased=False,
        )
        .exclude(pk__in=held.values("planned_infusion"))
        .select_related("patient", "course__diagnosis")
        .order_by("latest_on", "patient_id", "ordinal")
    )


def today_of(clinic: Clinic, now: datetime) -> date:
    """The clinic's date at an instant."""
    return local_date(now, clinic.zone)
