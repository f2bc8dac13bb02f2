"""What a regimen says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

MAX_DOSE_MG = Decimal(5000)
"""More than this is a slip of the hand, not a dose (product default, unverified)."""


class DoseUnit(StrEnum):
    """The units a dose may be written in."""

    MG = "mg"


class IntervalUnit(StrEnum):
    """Units of a maintenance interval. Six months are 181 to 184 days, never 168: the unit is kept."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"


class MaintenanceAnchor(StrEnum):
    """The infusion from which a maintenance series is counted."""

    FIRST_INFUSION_AS_GIVEN = "first_infusion_of_course_as_given"


class IntervalAnchor(StrEnum):
    """The infusion from which the minimum interval is counted."""

    PREVIOUS_OUTSIDE_INDUCTION = "previous_infusion_of_the_patient_outside_induction"


class Label(StrEnum):
    """How a medicine's label stands to a use or to a schedule."""

    APPROVED = "approved"
    OFF_LABEL = "off_label"
    OFF_LABEL_SCHEDULE = "off_label_schedule"
    NOT_APPROVED = "not_approved"

    @property
    def words(self) -> str:
        """The status in plain words, for a screen."""
        return _LABEL_WORDS[self]


_LABEL_WORDS = {
    Label.APPROVED: "approved use",
    Label.OFF_LABEL: "off-label use",
    Label.OFF_LABEL_SCHEDULE: "off-label schedule",
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
        return f"{self.amount.normalize():f} {self.unit.value}"


@dataclass(frozen=True, slots=True)
class InductionDose:
    """One infusion of the induction, ``day_offset`` days after the first ("day 15" is offset 14)."""

    day_offset: int
    dose: Dose


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One dose at a fixed interval, counted from ``anchor`` and never from the dose before."""

    interval_value: int
    interval_unit: IntervalUnit
    dose: Dose
    anchor: MaintenanceAnchor
    requires_clinical_review: bool


@dataclass(frozen=True, slots=True)
class Windows:
    """Days by which an infusion may fall before and after its target (product defaults, unverified)."""

    induction_minus_days: int
    induction_plus_days: int
    maintenance_minus_days: int
    maintenance_plus_days: int


@dataclass(frozen=True, slots=True)
class RateProfile:
    """A titrated rate: from ``start_mg_h``, up by ``step_mg_h`` every ``step_every_min``, to ``max_mg_h``."""

    code: str
    name: str
    start_mg_h: int
    step_mg_h: int
    step_every_min: int
    max_mg_h: int
    use_when: str
    sources: tuple[str, ...]


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
class Source:
    """A source a rule rests on, by its code in docs/clinical.md."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Regimen:
    """What may be given, when and how fast. ``label_status`` is that of the *schedule*."""

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

    @property
    def condition_codes(self) -> tuple[str, ...]:
        """The codes of the conditions it may be prescribed for."""
        return tuple(condition.code for condition in self.conditions)
