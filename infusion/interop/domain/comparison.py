"""What a checked record would change in what is on record: decided without writing anything.

The same comparison serves the preview and the import, so that the preview shows what the import does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from patients.domain.checks import Person
from patients.domain.conditions import normalised_name

from .incoming import (
    IncomingAllergy,
    IncomingMeasurement,
    IncomingMedication,
    IncomingVaccination,
)

CONFIRMED, TO_CONFIRM, COMORBIDITY = "confirmed", "to_confirm", "comorbidity"
PERSON_FIELDS = (
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "email",
    "phone",
    "language",
    "address",
    "source_id",
)
# What these hold when a source says nothing: it does not overwrite what is known.
_SAYS_NOTHING = {"", "unknown"}


@dataclass(frozen=True, slots=True)
class StatedDiagnosis:
    """A diagnosis with what matching made of it. ``condition`` is empty where it is none of the seven."""

    system: str
    code: str
    text: str
    condition: str
    state: str
    recorded_on: date | None = None
    is_resolved: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """By what a diagnosis is recognised when it comes again: its code, else its words."""
        return (self.system, self.code) if self.code else ("", normalised_name(self.text))


@dataclass(frozen=True, slots=True)
class StatedResult:
    """A result this product can use, already in its own kind and unit."""

    kind: str
    text: str
    entered: str
    entered_unit: str
    observed_on: date
    source_id: str

    @property
    def key(self) -> tuple[str, date, str]:
        return (self.kind, self.observed_on, self.text)


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """A record that can be taken over: the person as checked and all that comes along."""

    person: Person
    address: str = ""
    source_id: str = ""
    deceased: bool = False
    deceased_on: date | None = None
    diagnoses: tuple[StatedDiagnosis, ...] = ()
    allergies: tuple[IncomingAllergy, ...] = ()
    medications: tuple[IncomingMedication, ...] = ()
    vaccinations: tuple[IncomingVaccination, ...] = ()
    measurements: tuple[IncomingMeasurement, ...] = ()
    results: tuple[StatedResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record about one patient, as far as an import compares it."""

    person: Mapping[str, object]
    deceased: bool = False
    deceased_on: date | None = None
    diagnoses: tuple[StatedDiagnosis, ...] = ()
    allergies: frozenset[str] = frozenset()
    medications: Mapping[str, bool] = field(default_factory=dict)
    vaccinations: frozenset[tuple[str, date]] = frozenset()
    measurements: frozenset[tuple[str, date, Decimal]] = frozenset()
    results: frozenset[tuple[str, date, str]] = frozenset()
    # Kind and source of results that a person here has corrected since: the correction stands.
    corrected: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to be written. Empty, it is false."""

    person: Mapping[str, object] = field(default_factory=dict)
    deceased: bool = False
    deceased_on: date | None = None
    diagnoses: tuple[StatedDiagnosis, ...] = ()
    resolved: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    allergies: tuple[IncomingAllergy, ...] = ()
    medications: tuple[IncomingMedication, ...] = ()
    medication_now: Mapping[str, bool] = field(default_factory=dict)
    vaccinations: tuple[IncomingVaccination, ...] = ()
    measurements: tuple[IncomingMeasurement, ...] = ()
    results: tuple[StatedResult, ...] = ()

    def __bool__(self) -> bool:
        return self != Changes()


def is_another_person(record: CheckedRecord, known: Known) -> bool:
    """True where the record number is somebody else's: neither the birth date nor either name agrees."""
    stated, held = record.person, known.person
    names = {normalised_name(stated.given_name), normalised_name(stated.family_name)}
    held_names = {normalised_name(str(held["given_name"])), normalised_name(str(held["family_name"]))}
    return stated.birth_date != held["birth_date"] and not names & held_names


def compare(record: CheckedRecord, known: Known | None, *, today: date) -> Changes:
    """What the record adds to or alters in what is known; everything, where nothing is.

    What a source does not say is left as it is; what a person has decided about a diagnosis is never altered;
    the dead stay dead. A measurement without a day is taken as today's, unless that value is on record
    already.
    """
    known = known or Known(person={})
    dies = record.deceased and (not known.deceased or record.deceased_on not in (None, known.deceased_on))
    return Changes(
        person=_person_changes(record, known),
        deceased=dies,
        deceased_on=record.deceased_on if dies else None,
        diagnoses=_new_diagnoses(record, known),
        resolved=_resolved_changes(record, known),
        allergies=_new_allergies(record, known),
        medications=_new_medications(record, known),
        medication_now=_medication_changes(record, known),
        vaccinations=_new_vaccinations(record, known),
        measurements=_new_measurements(record, known, today),
        results=_new_results(record, known),
    )


def _person_changes(record: CheckedRecord, known: Known) -> dict[str, object]:
    stated = {name: getattr(record.person, name, "") for name in PERSON_FIELDS}
    stated |= {"address": record.address, "source_id": record.source_id}
    return {
        name: value
        for name, value in stated.items()
        if value != known.person.get(name) and (value not in _SAYS_NOTHING or not known.person)
    }


def _new_diagnoses(record: CheckedRecord, known: Known) -> tuple[StatedDiagnosis, ...]:
    """Certain ones first: a near one beside the same condition confirmed asks nothing and is kept as it is
    worded.
    """
    keys = {row.key for row in known.diagnoses}
    standing = {row.condition for row in known.diagnoses if row.state == CONFIRMED}
    fresh = []
    for row in sorted(record.diagnoses, key=lambda row: row.state != CONFIRMED):
        if row.key in keys or (row.state == CONFIRMED and row.condition in standing):
            continue
        keys.add(row.key)
        if row.state == CONFIRMED:
            standing.add(row.condition)
        elif row.state == TO_CONFIRM and row.condition in standing:
            row = replace(row, state=COMORBIDITY, condition="")
        fresh.append(row)
    return tuple(fresh)


def _resolved_changes(record: CheckedRecord, known: Known) -> dict[tuple[str, str], bool]:
    held = {row.key: row.is_resolved for row in known.diagnoses}
    return {
        row.key: row.is_resolved
        for row in record.diagnoses
        if held.get(row.key, row.is_resolved) != row.is_resolved
    }


def _new_allergies(record: CheckedRecord, known: Known) -> tuple[IncomingAllergy, ...]:
    fresh: dict[str, IncomingAllergy] = {}
    for row in record.allergies:
        if row.substance not in known.allergies:
            fresh.setdefault(row.substance, row)
    return tuple(fresh.values())


def _new_medications(record: CheckedRecord, known: Known) -> tuple[IncomingMedication, ...]:
    """Only what is taken now; a drug that was stopped is news only where it was on record as taken."""
    fresh: dict[str, IncomingMedication] = {}
    for row in record.medications:
        if row.is_current and row.text not in known.medications:
            fresh.setdefault(row.text, row)
    return tuple(fresh.values())


def _new_vaccinations(record: CheckedRecord, known: Known) -> tuple[IncomingVaccination, ...]:
    stated = {(row.text, row.given_on): row for row in record.vaccinations}
    return tuple(row for key, row in stated.items() if key not in known.vaccinations)


def _medication_changes(record: CheckedRecord, known: Known) -> dict[str, bool]:
    stated = {row.text: False for row in record.medications}
    stated |= {row.text: True for row in record.medications if row.is_current}
    return {
        text: now
        for text, now in stated.items()
        if text in known.medications and known.medications[text] != now
    }


def _new_measurements(record: CheckedRecord, known: Known, today: date) -> tuple[IncomingMeasurement, ...]:
    fresh = []
    for row in record.measurements:
        if row.taken_on is None:
            if any((kind, value) == (row.kind, row.value) for kind, _, value in known.measurements):
                continue
            row = replace(row, taken_on=today)
        if (row.kind, row.taken_on, row.value) not in known.measurements:
            fresh.append(row)
    return tuple(dict.fromkeys(fresh))


def _new_results(record: CheckedRecord, known: Known) -> tuple[StatedResult, ...]:
    stated = {row.key: row for row in record.results if (row.kind, row.source_id) not in known.corrected}
    return tuple(row for key, row in stated.items() if key not in known.results)


def after(known: Known | None, changes: Changes) -> Known:
    """What will be known once the changes are written."""
    known = known or Known(person={})
    return Known(
        person={**known.person, **changes.person},
        deceased=known.deceased or changes.deceased,
        deceased_on=changes.deceased_on or known.deceased_on,
        diagnoses=(
            *(
                replace(row, is_resolved=changes.resolved.get(row.key, row.is_resolved))
                for row in known.diagnoses
            ),
            *changes.diagnoses,
        ),
        allergies=known.allergies | {row.substance for row in changes.allergies},
        medications={
            **known.medications,
            **changes.medication_now,
            **{row.text: True for row in changes.medications},
        },
        vaccinations=known.vaccinations | {(row.text, row.given_on) for row in changes.vaccinations},
        measurements=known.measurements
        | {(row.kind, row.taken_on, row.value) for row in changes.measurements if row.taken_on},
        results=known.results | {row.key for row in changes.results},
        corrected=known.corrected,
    )


def questions(known: Known) -> tuple[str, ...]:
    """What waits for a person: each near diagnosis, and, for the living, two confirmed conditions at once."""
    near = tuple(row.text for row in known.diagnoses if row.state == TO_CONFIRM)
    standing = sorted(row.condition for row in known.diagnoses if row.state == CONFIRMED)
    if len(standing) > 1 and not known.deceased:
        return (*near, f"{' and '.join(standing)} at once: which one is treated?")
    return near


_PARTS = {
    "diagnoses": "diagnosis",
    "resolved": "diagnosis gone or back",
    "allergies": "allergy",
    "medications": "medication",
    "medication_now": "medication stopped or taken again",
    "vaccinations": "vaccination",
    "measurements": "measurement",
    "results": "result",
}


def in_words(changes: Changes) -> tuple[str, ...]:
    """What changes, for a reader: each field of the person by its name, the rest counted."""
    words = [name.replace("_", " ") for name in changes.person]
    if changes.deceased:
        words.append("has died")
    for name, label in _PARTS.items():
        if count := len(getattr(changes, name)):
            words.append(f"{label} ({count})")
    return tuple(words)
