"""What a file says about a patient, in one neutral form whatever the file's own. Nothing is checked yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class IncomingDiagnosis:
    """One recorded diagnosis. ``is_doubtful`` where the source itself is not sure, or contradicts itself."""

    system: str
    code: str
    text: str
    recorded_on: date | None = None
    is_resolved: bool = False
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class IncomingMeasurement:
    """``kind`` is weight (kilograms) or height (centimetres); no date where the source gives none."""

    kind: str
    value: Decimal
    taken_on: date | None = None


@dataclass(frozen=True, slots=True)
class IncomingAllergy:
    substance: str
    code: str = ""
    recorded_on: date | None = None


@dataclass(frozen=True, slots=True)
class IncomingMedication:
    text: str
    code: str = ""
    is_current: bool = True
    started_on: date | None = None


@dataclass(frozen=True, slots=True)
class IncomingVaccination:
    text: str
    code: str
    given_on: date


@dataclass(frozen=True, slots=True)
class IncomingResult:
    """One observation by its LOINC code, with value and unit exactly as the source writes them.

    ``other_values`` are further spellings of a coded answer (its codes), ``unit_code`` is the unit's UCUM
    code.
    """

    loinc: str
    value: str
    unit: str
    observed_on: date
    source_id: str = ""
    unit_code: str = ""
    other_values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a record that was not taken over, and why; the rest of the record is."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class IncomingPatient:
    """One record. ``person`` maps the names of ``patients.domain.checks.Person`` to the texts of the source.

    ``place`` says where in the source a person finds it. ``needs_condition``: refused where no diagnosis is
    one of the seven. ``columns`` is the row as it stands in the file, kept so that it can be handed back to
    be mended.
    """

    source: str
    place: str
    person: Mapping[str, object]
    needs_condition: bool = False
    address: str = ""
    source_id: str = ""
    deceased: bool = False
    deceased_on: date | None = None
    diagnoses: tuple[IncomingDiagnosis, ...] = ()
    measurements: tuple[IncomingMeasurement, ...] = ()
    allergies: tuple[IncomingAllergy, ...] = ()
    medications: tuple[IncomingMedication, ...] = ()
    vaccinations: tuple[IncomingVaccination, ...] = ()
    results: tuple[IncomingResult, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    field_names: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def named(self, name: str) -> str:
        """What the source calls a field: the file's own column for a CSV, ours otherwise."""
        return self.field_names.get(name, name)

    def says_the_same(self, other: IncomingPatient) -> bool:
        """True where two records differ in nothing but the place they stand in."""
        return replace(self, source="", place="", columns={}) == replace(
            other, source="", place="", columns={}
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record, or a whole file, that could not be read at all."""

    source: str
    place: str
    field: str
    reason: str
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileContent:
    """What one file held, in its order, and what in it belongs to nobody."""

    records: tuple[IncomingPatient | Unreadable, ...]
    left_out: tuple[LeftOut, ...] = ()


WHOLE_FILE = "whole file"
LARGEST_FILE = 5 * 1024 * 1024
MOST_RECORDS = 5_000
