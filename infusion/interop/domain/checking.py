"""From what a file says to what may be taken over: the person, the diagnoses, all that comes along.

A mistake about the person refuses the record. A mistake in one of the parts leaves that part out, with its
reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text
from evaluation.domain.kinds import KINDS
from evaluation.domain.values import problem_with_days
from patients.domain.checks import HEIGHT_CM, WEIGHT_KG, Person, check_person, problem_with_line
from patients.domain.conditions import NAMES, Match, coding_system, match_diagnosis

from .comparison import COMORBIDITY, CONFIRMED, TO_CONFIRM, CheckedRecord, StatedDiagnosis, StatedResult
from .incoming import (
    IncomingAllergy,
    IncomingDiagnosis,
    IncomingMeasurement,
    IncomingMedication,
    IncomingPatient,
    IncomingResult,
    IncomingVaccination,
    LeftOut,
)
from .observations import read_value

LONGEST_TEXT = 250
LONGEST_CODE = 20
LONGEST_ADDRESS = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a record cannot be taken over: the fields as the source names them, and words."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that can be taken over, what of it is left out, and how many results have no use here."""

    record: CheckedRecord
    left_out: tuple[LeftOut, ...] = ()
    results_not_used: int = 0


def check_record(incoming: IncomingPatient, *, today: date) -> Accepted | Refused:
    """Check one record as a whole. Never raises; every field that is refused is named with its reason."""
    person = check_person(incoming.person, today=today)
    if isinstance(person, tuple):
        fields = dict.fromkeys(incoming.named(problem.field) for problem in person)
        return Refused(", ".join(fields), " ".join(problem.words for problem in person))
    if incoming.deceased_on and not person.birth_date <= incoming.deceased_on <= today:
        words = f"The day of death {incoming.deceased_on} lies in the future or before the birth."
        return Refused("deceased", words)
    left_out = list(incoming.left_out)
    diagnoses = _diagnoses(incoming.diagnoses, today, left_out)
    if incoming.needs_condition and not any(row.state != COMORBIDITY for row in diagnoses):
        return Refused(incoming.named("diagnosis"), _none_of_the_seven(incoming))
    results, not_used = _results(incoming.results, person, today, left_out)
    measurements = (*_typed_measurements(person), *incoming.measurements)
    record = CheckedRecord(
        person=replace(person, weight_kg=None, height_cm=None),
        address=_address(incoming.address, left_out),
        source_id=incoming.source_id if not problem_with_line(incoming.source_id) else "",
        deceased=incoming.deceased,
        deceased_on=incoming.deceased_on,
        diagnoses=diagnoses,
        allergies=_allergies(incoming.allergies, left_out),
        medications=_medications(incoming.medications, left_out),
        vaccinations=_vaccinations(incoming.vaccinations, person, today, left_out),
        measurements=_measurements(measurements, person, today, left_out),
        results=results,
    )
    return Accepted(record, tuple(left_out), not_used)


def _none_of_the_seven(incoming: IncomingPatient) -> str:
    stated = ", ".join(f"“{row.text[:60]}”" for row in incoming.diagnoses)
    known = ", ".join(NAMES.values())
    if not stated:
        return f"The diagnosis is missing. Write one of: {known}."
    return f"The diagnosis {stated} is none of the conditions treated here: {known}."


def _diagnoses(
    rows: Iterable[IncomingDiagnosis], today: date, left_out: list[LeftOut]
) -> tuple[StatedDiagnosis, ...]:
    """Each diagnosis once, however often it is repeated: gone only where all say so, dated by the first."""
    stated: dict[tuple[str, str], StatedDiagnosis] = {}
    for row in rows:
        if problem_with_line(row.text) or problem_with_line(row.code):
            left_out.append(LeftOut("diagnosis", "It holds hidden or broken characters."))
            continue
        found = _stated(row, today)
        if found is None:
            continue
        held = stated.get(found.key)
        stated[found.key] = _joined(held, found) if held else found
    return tuple(stated.values())


def _stated(row: IncomingDiagnosis, today: date) -> StatedDiagnosis | None:
    match = match_diagnosis(system=row.system, code=row.code, text=row.text)
    if match is None:
        return None
    certain = isinstance(match, Match) and match.certain and not row.is_doubtful
    code = row.code.strip()
    kept_code = code if len(code) <= LONGEST_CODE else ""
    return StatedDiagnosis(
        system=coding_system(row.system) if kept_code else "",
        code=kept_code,
        text=(row.text.strip() or code)[:LONGEST_TEXT],
        condition=match.condition.value if isinstance(match, Match) else "",
        state=CONFIRMED if certain else TO_CONFIRM if isinstance(match, Match) else COMORBIDITY,
        recorded_on=row.recorded_on if row.recorded_on and row.recorded_on <= today else None,
        is_resolved=row.is_resolved,
    )


def _joined(one: StatedDiagnosis, other: StatedDiagnosis) -> StatedDiagnosis:
    days = [row.recorded_on for row in (one, other) if row.recorded_on]
    surer = one if one.state == CONFIRMED else other
    return replace(
        one,
        state=surer.state,
        condition=surer.condition,
        recorded_on=min(days, default=None),
        is_resolved=one.is_resolved and other.is_resolved,
    )


def _address(text: str, left_out: list[LeftOut]) -> str:
    if problem_with_text(text) or len(text) > LONGEST_ADDRESS:
        left_out.append(LeftOut("address", "It cannot be kept: it is too long or holds hidden characters."))
        return ""
    return text


def _is_unfit(text: str, code: str, what: str, left_out: list[LeftOut]) -> bool:
    if problem_with_line(text) or problem_with_line(code):
        left_out.append(LeftOut(what, "It holds hidden or broken characters."))
        return True
    if len(text) > LONGEST_TEXT:
        left_out.append(LeftOut(what, f"“{text[:40]}…” is longer than {LONGEST_TEXT} letters."))
        return True
    return False


def _allergies(rows: Iterable[IncomingAllergy], left_out: list[LeftOut]) -> tuple[IncomingAllergy, ...]:
    fit = [row for row in rows if not _is_unfit(row.substance, row.code, "allergy", left_out)]
    return tuple(replace(row, code=row.code[:LONGEST_CODE]) for row in fit)


def _medications(
    rows: Iterable[IncomingMedication], left_out: list[LeftOut]
) -> tuple[IncomingMedication, ...]:
    fit = [row for row in rows if not _is_unfit(row.text, row.code, "medication", left_out)]
    return tuple(replace(row, code=row.code[:LONGEST_CODE]) for row in fit)


def _vaccinations(
    rows: Iterable[IncomingVaccination], person: Person, today: date, left_out: list[LeftOut]
) -> tuple[IncomingVaccination, ...]:
    fit = []
    for row in rows:
        if _is_unfit(row.text, row.code, "vaccination", left_out):
            continue
        if words := _problem_with_day(row.given_on, person, today):
            left_out.append(LeftOut(f"vaccination {row.text[:60]}", words))
        else:
            fit.append(replace(row, code=row.code[:LONGEST_CODE]))
    return tuple(fit)


def _problem_with_day(day: date, person: Person, today: date) -> str:
    if day > today:
        return f"The day {day} lies in the future."
    return f"The day {day} lies before the birth." if day < person.birth_date else ""


def _typed_measurements(person: Person) -> tuple[IncomingMeasurement, ...]:
    """Weight and height from the person's own columns: without a day, because a list gives none."""
    typed = (("height", person.height_cm), ("weight", person.weight_kg))
    return tuple(IncomingMeasurement(kind, value) for kind, value in typed if value is not None)


def _measurements(
    rows: Iterable[IncomingMeasurement], person: Person, today: date, left_out: list[LeftOut]
) -> tuple[IncomingMeasurement, ...]:
    fit = []
    for row in rows:
        low, high = WEIGHT_KG if row.kind == "weight" else HEIGHT_CM
        words = _problem_with_day(row.taken_on, person, today) if row.taken_on else ""
        if not low <= row.value <= high:
            unit = "kg" if row.kind == "weight" else "cm"
            words = f"{row.value} {unit} is not possible: from {low} to {high} {unit}."
        if words:
            left_out.append(LeftOut(row.kind, words))
        else:
            fit.append(row)
    return tuple(fit)


def _results(
    rows: Iterable[IncomingResult], person: Person, today: date, left_out: list[LeftOut]
) -> tuple[tuple[StatedResult, ...], int]:
    """Results in the units of the evaluation; those that are of no use there are only counted."""
    stated: list[StatedResult] = []
    not_used = 0
    for row in rows:
        kind = KINDS.by_loinc(row.loinc)
        if kind is None:
            not_used += 1
            continue
        value = read_value(kind, (row.value, *row.other_values), (row.unit, row.unit_code))
        name = f"{kind.label} ({row.loinc}, {row.observed_on})"
        if isinstance(value, Refusal):
            left_out.append(LeftOut(name, value.message))
            continue
        if wrong := problem_with_days(value, row.observed_on, today=today, born=person.birth_date):
            left_out.append(LeftOut(name, wrong.message))
            continue
        source_id = row.source_id if not problem_with_line(row.source_id) else ""
        stated.append(
            StatedResult(kind.code, value.text, value.entered, value.entered_unit, row.observed_on, source_id)
        )
    return tuple(stated), not_used
