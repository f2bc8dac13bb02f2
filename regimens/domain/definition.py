"""What a regimen says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

MAX_DOSE_MG = Decimal(5000)
"""More than this is a slip of the hand, not a dose (product default, unverified)."""


class DoseUnit(StrEnum):
    """The units a dose may be written in. Doses by body surface become milligrams for one patient on one day."""

    MG = "mg"
    MG_PER_M2 = "mg/m2"

    @property
    def words(self) -> str:
        """The unit as it is read."""
        return "mg/m²" if self is DoseUnit.MG_PER_M2 else self.value


class IntervalUnit(StrEnum):
    """Units of a maintenance interval. Six months are 181 to 184 days, never 168: the unit is kept."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class MaintenanceKind(StrEnum):
    """How infusions after the induction follow one another."""

    FIXED = "single_dose_fixed_interval"
    SCHEDULED = "scheduled_months_then_interval"
    PAIRED_START = "paired_start_then_fixed_interval"
    REPEAT_COURSE = "repeat_course"
    REPEAT_ONCE = "repeat_course_once"

    @property
    def words(self) -> str:
        """The kind in plain words, for a screen."""
        return _KIND_WORDS[self]


_KIND_WORDS = {
    MaintenanceKind.FIXED: "one dose at a fixed interval",
    MaintenanceKind.SCHEDULED: "one dose at set times, then at a fixed interval",
    MaintenanceKind.PAIRED_START: "a pair of doses, then one at a fixed interval",
    MaintenanceKind.REPEAT_COURSE: "a whole course again at an interval",
    MaintenanceKind.REPEAT_ONCE: "a whole course again, once",
}


class MaintenanceAnchor(StrEnum):
    """The infusion from which a maintenance series is counted, always as given; as planned until then."""

    FIRST_INFUSION_AS_GIVEN = "first_infusion_of_course_as_given"
    FIRST_THEN_PREVIOUS = "first_infusion_of_course_then_previous_infusion"
    PREVIOUS = "previous_infusion"
    FIRST_OF_PREVIOUS_COURSE = "first_infusion_of_previous_course"
    FIRST_MAINTENANCE = "first_maintenance_infusion"

    @property
    def words(self) -> str:
        """The anchor in plain words, for a screen."""
        return _ANCHOR_WORDS[self]


_ANCHOR_WORDS = {
    MaintenanceAnchor.FIRST_INFUSION_AS_GIVEN: "the first infusion as given",
    MaintenanceAnchor.FIRST_THEN_PREVIOUS: "the first infusion, then the previous infusion",
    MaintenanceAnchor.PREVIOUS: "the previous infusion",
    MaintenanceAnchor.FIRST_OF_PREVIOUS_COURSE: "the first infusion of the course before",
    MaintenanceAnchor.FIRST_MAINTENANCE: "the first maintenance infusion",
}


class IntervalAnchor(StrEnum):
    """The infusion from which the minimum interval is counted. Whatever a source names, it is judged on all of the
    patient's infusions, given here or elsewhere, and never inside an induction, a pair or a repeated course.
    """

    PREVIOUS_OUTSIDE_INDUCTION = "previous_infusion_of_the_patient_outside_induction"
    PREVIOUS = "previous_infusion"
    LAST_OF_PREVIOUS_COURSE = "last_infusion_of_previous_course"
    LAST_INDUCTION = "last_induction_infusion"

    @property
    def words(self) -> str:
        """The anchor in plain words, for a screen."""
        return _INTERVAL_WORDS[self]


_INTERVAL_WORDS = {
    IntervalAnchor.PREVIOUS_OUTSIDE_INDUCTION: "the patient's last infusion, outside the induction",
    IntervalAnchor.PREVIOUS: "the previous infusion",
    IntervalAnchor.LAST_OF_PREVIOUS_COURSE: "the last infusion of the course before",
    IntervalAnchor.LAST_INDUCTION: "the last infusion of the induction",
}


class Label(StrEnum):
    """How a medicine's label stands to a use or to a schedule."""

    APPROVED = "approved"
    OFF_LABEL = "off_label"
    OFF_LABEL_SCHEDULE = "off_label_schedule"
    OFF_LABEL_DOSE = "off_label_dose"
    NOT_APPROVED = "not_approved"

    @property
    def off_label(self) -> bool:
        """Whether it is anything but an approved use."""
        return self is not Label.APPROVED

    @property
    def words(self) -> str:
        """The status in plain words, for a screen."""
        return _LABEL_WORDS[self]


_LABEL_WORDS = {
    Label.APPROVED: "approved use",
    Label.OFF_LABEL: "off-label use",
    Label.OFF_LABEL_SCHEDULE: "off-label schedule",
    Label.OFF_LABEL_DOSE: "off-label dose",
    Label.NOT_APPROVED: "not an approved use",
}


@dataclass(frozen=True, slots=True)
class LabelStatus:
    """Label status in the United States and in the European Union."""

    us: Label
    eu: Label


@dataclass(frozen=True, slots=True)
class Dose:
    """An amount of medicine, always above zero."""

    amount: Decimal
    unit: DoseUnit

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.unit.words}"


@dataclass(frozen=True, slots=True)
class InductionDose:
    """One infusion of the induction, ``day_offset`` days after the first ("day 15" is offset 14)."""

    day_offset: int
    dose: Dose


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What follows the induction by itself, counted from ``anchor`` and never from a date that was only planned.

    ``dose`` is each infusion's, or the later ones' after a paired start. ``group`` are the doses of a repeated course
    or of the pair at the start; empty where one dose stands alone. ``at`` are the first times, in the interval's unit,
    before the interval counts. ``start_days`` opens and closes the time for a paired start, in days after the last
    induction infusion. ``most`` is how many infusions, or repeated courses, there are at most; ``max_duration_months``
    counts from the first maintenance infusion. From ``review_after_months`` on every dose asks for the prescriber's
    review; with ``optional_after_schedule`` what follows ``at`` is given only if needed.
    """

    interval_value: int
    interval_unit: IntervalUnit
    dose: Dose
    anchor: MaintenanceAnchor
    requires_clinical_review: bool
    kind: MaintenanceKind = MaintenanceKind.FIXED
    group: tuple[InductionDose, ...] = ()
    at: tuple[int, ...] = ()
    start_days: tuple[int, int] = (0, 0)
    most: int | None = None
    min_duration_months: int | None = None
    max_duration_months: int | None = None
    review_after_months: int | None = None
    optional_after_schedule: bool = False

    @property
    def repeats(self) -> bool:
        """Whether whole courses are repeated."""
        return self.kind in (MaintenanceKind.REPEAT_COURSE, MaintenanceKind.REPEAT_ONCE)

    def units_to(self, number: int) -> int:
        """How many interval units lie between the series' root and its ``number``-th infusion or course, from 1."""
        if number <= len(self.at):
            return self.at[number - 1]
        return (self.at[-1] if self.at else 0) + (number - len(self.at)) * self.interval_value


@dataclass(frozen=True, slots=True)
class Windows:
    """Days by which an infusion may fall before and after its target (product defaults, unverified)."""

    induction_minus_days: int
    induction_plus_days: int
    maintenance_minus_days: int
    maintenance_plus_days: int


@dataclass(frozen=True, slots=True)
class RateSegment:
    """A part of an infusion at one rate: milligrams an hour, or a share of the dose, over whole minutes."""

    minutes: int
    rate_mg_h: int | None = None
    dose_percent: int | None = None


@dataclass(frozen=True, slots=True)
class RateProfile:
    """A titrated rate: from ``start_mg_h``, up by ``step_mg_h`` every ``step_every_min``, to ``max_mg_h``.

    A profile with ``segments`` runs through these instead and has no steps. ``doses_mg`` are the only doses it is
    for, where any are named; ``only_for`` the only conditions. ``asks`` must each be answered with yes before it is
    used. ``refused_because`` is why it is known and never used here.
    """

    code: str
    name: str
    start_mg_h: int
    step_mg_h: int
    step_every_min: int
    max_mg_h: int
    use_when: str
    sources: tuple[str, ...]
    segments: tuple[RateSegment, ...] = ()
    doses_mg: tuple[Decimal, ...] = ()
    only_for: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    refused_because: str = ""


@dataclass(frozen=True, slots=True)
class Premedication:
    """One medicine given before the infusion; ``dose`` is None where the clinic chooses the medicine."""

    drug: str
    dose: Dose | None
    route: str
    minutes_before: tuple[int, ...]
    examples: tuple[str, ...]
    examples_unverified: tuple[str, ...]
    note: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConditionLabel:
    """A condition the regimen may be prescribed for, and the label status of the medicine's *use* in it."""

    code: str
    name: str
    use: LabelStatus
    note: str
    sources: tuple[str, ...]
    unverified: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoTherapy:
    """A medicine that belongs to the plan beside the infusions; ``required`` where the label names it with them."""

    code: str
    medicine: str
    note: str
    required: bool
    sources: tuple[str, ...]
    matches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dosing:
    """How a dose by body surface becomes milligrams: the formula and its decimals, the milligrams it is rounded to,
    and the weights and heights that are taken for plausible.
    """

    formula: str
    formula_words: str
    surface_decimals: int
    round_to_mg: int
    rounding_words: str
    weight_kg: tuple[int, int]
    height_cm: tuple[int, int]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A source a rule rests on, by its code in docs/clinical.md."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Something a clinician keeps in mind: a rule on continuing, stopping, retreating or preventing infection."""

    words: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Regimen:
    """What may be given, when and how fast. ``label_status`` is that of the *schedule*; ``retreatment`` are the doses
    that a prescriber may start on demand, and nothing plans them before; ``variant`` names a form of the condition
    that has no code of its own among the seven.
    """

    code: str
    name: str
    conditions: tuple[ConditionLabel, ...]
    induction: tuple[InductionDose, ...]
    maintenance: Maintenance | None
    min_interval_days: int
    min_interval_anchor: IntervalAnchor
    windows: Windows
    premedication: tuple[Premedication, ...]
    first_profile: RateProfile
    subsequent_profile: RateProfile
    restart_after_days: int
    label_status: LabelStatus
    unverified: tuple[str, ...]
    sources: tuple[Source, ...]
    retreatment: tuple[InductionDose, ...] = ()
    dosing: Dosing | None = None
    optional_profiles: tuple[RateProfile, ...] = ()
    co_therapy: tuple[CoTherapy, ...] = ()
    rules: tuple[Rule, ...] = ()
    population: str = ""
    variant: str = ""

    @property
    def by_surface(self) -> bool:
        """Whether any of its doses is written by body surface."""
        doses = [each.dose for each in (*self.induction, *self.retreatment)]
        if self.maintenance is not None:
            doses += [self.maintenance.dose, *(each.dose for each in self.maintenance.group)]
        return any(dose.unit is DoseUnit.MG_PER_M2 for dose in doses)

    @property
    def condition_codes(self) -> tuple[str, ...]:
        """The codes of the conditions it may be prescribed for."""
        return tuple(condition.code for condition in self.conditions)
