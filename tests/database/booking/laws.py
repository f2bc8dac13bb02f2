"""What must hold of a schedule whatever was done to it, reckoned from the tables alone and minute by minute.

Nothing here asks the product's own capacity or interval code: a law that used it would share its mistakes.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise

from scheduling.models import STANDING, Course, DoseDecision, PlannedInfusion, RuleBreach, Visit, VisitVersion

MINUTE = timedelta(minutes=1)
DRUG_RUNS = ("titration", "steady")


@dataclass(frozen=True)
class OfPatient:
    """One patient's part of the schedule, for comparing before and after."""

    visits: tuple = ()
    course: tuple = ()
    infusions: tuple = ()
    decisions: tuple = ()


@dataclass
class Schedule:
    """A clinic's whole schedule as its tables hold it."""

    clinic: object
    visits: list = field(default_factory=list)
    courses: list = field(default_factory=list)
    infusions: list = field(default_factory=list)
    decisions: list = field(default_factory=list)
    min_interval_days: int = 112

    @property
    def standing(self):
        return [visit for visit in self.visits if visit.status in STANDING]

    def infusion_of(self, visit):
        return next(row for row in self.infusions if row.pk == visit.planned_infusion_id)

    def visit_of(self, row):
        return next((visit for visit in self.standing if visit.planned_infusion_id == row.pk), None)

    def of(self, patient):
        """A patient's part. A visit that stands is told by its place; one that does not, by nothing."""
        return OfPatient(
            tuple(sorted(_place(visit) for visit in self.standing if visit.patient_id == patient)),
            tuple((row.start_on, row.state) for row in self.courses if row.patient_id == patient),
            tuple(_dose(row) for row in self.infusions if row.patient_id == patient),
            tuple(
                (row.ordinal, row.kind, row.days, row.carries)
                for row in self.decisions
                if row.patient_id == patient
            ),
        )


def _place(visit):
    return (
        visit.pk,
        visit.planned_infusion_id,
        visit.starts_at,
        visit.ends_at,
        visit.chair_id,
        visit.nurse_id,
        str(visit.phases),
        str(visit.handovers),
        visit.status,
    )


def _dose(row):
    days = (row.target_on, row.earliest_on, row.latest_on, row.planned_on)
    return (row.ordinal, *days, row.state, row.held_at, row.held_minutes)


def read(clinic):
    """The schedule as it stands now: four queries."""
    return Schedule(
        clinic,
        list(Visit.objects.of(clinic).order_by("pk")),
        list(Course.objects.of(clinic).order_by("pk")),
        list(PlannedInfusion.objects.of(clinic).order_by("course_id", "ordinal")),
        list(DoseDecision.objects.of(clinic).filter(undone_at__isnull=True).order_by("pk")),
    )


def check(now_is, before):
    """Every law; raises AssertionError with the rows that break it."""
    passed = _passed(now_is.clinic)
    _nobody_in_two_places(now_is.standing)
    _no_nurse_beyond_the_rules(now_is, passed)
    _no_infusion_too_soon(now_is)
    _doses_conserved(now_is, before)
    _held_windows_are_windows(now_is)
    _every_visit_has_its_versions(now_is)


def _passed(clinic):
    """The soft rules that were knowingly broken, by visit."""
    found = defaultdict(set)
    for visit, codes in RuleBreach.objects.of(clinic).values_list("visit_id", "codes"):
        found[visit].update(codes)
    return found


def _nobody_in_two_places(standing):
    for place in ("chair_id", "patient_id"):
        spans = sorted((getattr(v, place), v.starts_at, v.ends_at, v.pk) for v in standing)
        for one, other in pairwise(spans):
            assert one[0] != other[0] or one[2] <= other[1], f"{place} {one[0]} twice: {one} and {other}"


def _no_nurse_beyond_the_rules(schedule, passed):
    """Units and starts of every nurse, minute by minute; above them only where somebody knowingly went past."""
    clinic, used, starts = schedule.clinic, defaultdict(list), defaultdict(list)
    for visit in schedule.standing:
        for nurse, minute, units in _attention(visit, clinic):
            used[nurse, minute].append((units, visit.pk))
        local = visit.starts_at.astimezone(clinic.zone)
        slot = (local.hour * 60 + local.minute) // clinic.slot_minutes
        starts[visit.nurse_id, local.date(), slot].append(visit.pk)
    for (nurse, minute), at_once in used.items():
        if sum(units for units, _ in at_once) > clinic.nurse_units:
            known = any("nurse_full" in passed[key] for _, key in at_once)
            assert known, f"nurse {nurse} has {at_once} at {minute}"
    for where, began in starts.items():
        if len(began) > clinic.nurse_starts_per_slot:
            assert any("nurse_starting" in passed[key] for key in began), f"{where} starts {began}"


def _attention(visit, clinic):
    """Which nurse gives how much in each minute of a visit."""
    minute = visit.starts_at
    changes = [(datetime.fromisoformat(at), nurse) for at, nurse in visit.handovers]
    for name, minutes, *acuity in visit.phases:
        units = getattr(clinic, f"weight_{name}")
        if name in DRUG_RUNS and acuity and acuity[0] != "usual":
            units = min(units + getattr(clinic, f"extra_{acuity[0]}"), clinic.nurse_units)
        for _ in range(minutes):
            yield next((n for at, n in reversed(changes) if at <= minute), visit.nurse_id), minute, units
            minute += MINUTE


def _no_infusion_too_soon(schedule):
    """Any two infusions of a patient: never on one day, and never nearer than the regimen's interval unless they are
    the induction pair of one course."""
    days = defaultdict(list)
    for row in schedule.infusions:
        visit = schedule.visit_of(row)
        if visit is not None:
            days[row.patient_id].append((visit.starts_at.astimezone(schedule.clinic.zone).date(), row))
        elif row.state == "given":
            days[row.patient_id].append((row.given_on, row))
    for patient, given in days.items():
        for (one_day, one), (day, other) in pairwise(sorted(given, key=lambda each: each[0])):
            pair = one.course_id == other.course_id and {one.ordinal, other.ordinal} == {1, 2}
            least = 1 if pair else schedule.min_interval_days
            assert (day - one_day).days >= least, (
                f"patient {patient}: infusion {one.ordinal} on {one_day}, {other.ordinal} on {day}"
            )


def _doses_conserved(schedule, before):
    """Every dose is one row, from 1 on without a gap; none is ever lost; each has at most one standing visit, and
    only a dose that is planned (or given) has one."""
    ordinals = defaultdict(list)
    for row in schedule.infusions:
        ordinals[row.course_id].append(row.ordinal)
    for course, found in ordinals.items():
        assert found == list(range(1, len(found) + 1)), f"course {course} has doses {found}"
    assert {row.pk for row in before.infusions} <= {row.pk for row in schedule.infusions}
    held = Counter(visit.planned_infusion_id for visit in schedule.standing)
    assert not [key for key, count in held.items() if count > 1]
    states = {row.pk: row.state for row in schedule.infusions}
    lost = [key for key in held if states[key] not in ("planned", "given")]
    assert not lost, f"doses {lost} are not planned and have a visit"


def _held_windows_are_windows(schedule):
    """A held window is a planned dose without a visit, held for some minutes of days that exist."""
    for row in schedule.infusions:
        if row.held_at is None:
            assert row.held_minutes == 0, f"infusion {row.pk} is not held, for {row.held_minutes} minutes"
            continue
        assert row.state == "planned", f"infusion {row.pk} is {row.state} and held"
        assert row.held_minutes > 0
        assert row.earliest_on <= row.latest_on
        assert schedule.visit_of(row) is None, f"infusion {row.pk} is booked and held"


def _every_visit_has_its_versions(schedule):
    """A visit's versions count from 1 without a gap, and the last one is what the visit is."""
    found = defaultdict(list)
    rows = VisitVersion.objects.of(schedule.clinic).order_by("visit_id", "version")
    for row in rows:
        found[row.visit_id].append(row)
    for visit in schedule.visits:
        versions = found[visit.pk]
        assert [row.version for row in versions] == list(range(1, visit.version + 1))
        last = versions[-1]
        assert (last.starts_at, last.ends_at, last.status, last.chair_id, last.nurse_id) == (
            visit.starts_at,
            visit.ends_at,
            visit.status,
            visit.chair_id,
            visit.nurse_id,
        ), f"visit {visit.pk} is not its last version"


def day_of(visit, clinic) -> date:
    return visit.starts_at.astimezone(clinic.zone).date()
