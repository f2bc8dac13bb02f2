"""What belongs to one patient in FHIR: conditions, allergies, medication, vaccinations, observations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from infusion.interop.domain.incoming import (
    IncomingAllergy,
    IncomingDiagnosis,
    IncomingMeasurement,
    IncomingMedication,
    IncomingResult,
    IncomingVaccination,
    LeftOut,
)
from patients.domain.conditions import SNOMED, SNOMED_NEAR, coding_system

from .fhir_json import Json, code_of, codings, day, obj, objects, text, words_of

READ_KINDS = frozenset(
    {
        "Condition",
        "AllergyIntolerance",
        "MedicationRequest",
        "MedicationStatement",
        "Immunization",
        "Observation",
    }
)
LOINC = "http://loinc.org"
# LOINC codes of body weight and height, and UCUM units with what turns them into kilograms and centimetres.
MEASURED = {"29463-7": "weight", "3141-9": "weight", "8302-2": "height"}
TO_KG_AND_CM: dict[str, dict[str, Decimal]] = {
    "weight": {
        "kg": Decimal(1),
        "g": Decimal("0.001"),
        "[lb_av]": Decimal("0.45359237"),
        "lb": Decimal("0.45359237"),
        "lbs": Decimal("0.45359237"),
    },
    "height": {"cm": Decimal(1), "m": Decimal(100), "[in_i]": Decimal("2.54"), "in": Decimal("2.54")},
}
CLINICAL_CODES = {"active", "recurrence", "relapse", "inactive", "remission", "resolved", ""}
GONE = {"inactive", "remission", "resolved"}
VERIFICATION_CODES = {
    "confirmed",
    "unconfirmed",
    "provisional",
    "differential",
    "refuted",
    "entered-in-error",
    "",
}
NOT_SO = {"refuted", "entered-in-error"}
NOT_SURE = {"unconfirmed", "provisional", "differential"}
REQUEST_CODES = {
    "active",
    "on-hold",
    "cancelled",
    "completed",
    "entered-in-error",
    "stopped",
    "draft",
    "unknown",
}
STATEMENT_CODES = REQUEST_CODES | {"intended", "not-taken"}
NEVER_TAKEN = {"cancelled", "entered-in-error", "draft", "intended", "not-taken"}
OBSERVATION_CODES = {
    "registered",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "cancelled",
    "entered-in-error",
    "unknown",
}
SETTLED = {"final", "amended", "corrected"}
# SNOMED CT: no known allergy, no known drug, environmental or food allergy.
NO_ALLERGY = {"716186003", "409137002", "428607008", "429625007"}


def problem_with_shape(resource: Json, *, tolerated: frozenset[str] = frozenset()) -> LeftOut | None:
    """Where a resource is not as FHIR requires, or None. Elements the models do not know are no mistake."""
    from fhir.resources.R4B import get_fhir_model_class  # half a second and 36 MB: only where a file is read

    try:
        get_fhir_model_class(text(resource.get("resourceType"))).model_validate(resource)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False, include_context=False, include_input=False):
            where = [str(part) for part in error["loc"]]
            if error["type"] != "extra_forbidden" and (not where or where[0] not in tolerated):
                return LeftOut(".".join(where)[:100], "This is not as FHIR R4 requires it.")
    except (ValueError, TypeError, RecursionError, KeyError, LookupError):
        return LeftOut("", "This is not as FHIR R4 requires it.")
    return None


def read_parts(belongings: dict[str, list[Json]], shared: dict[str, Json]) -> dict[str, Any]:
    """What belongs to one patient, as the fields of ``IncomingPatient``; what cannot be taken is in
    ``left_out``.
    """
    left_out: list[LeftOut] = []

    def each(kind: str, read: Callable[[Json], Any]) -> list[Any]:
        taken = []
        for resource in belongings.get(kind, ()):
            wrong = problem_with_shape(resource)
            answer = LeftOut(called(resource), f"{wrong.field}: {wrong.reason}") if wrong else read(resource)
            if isinstance(answer, LeftOut):
                left_out.append(answer)
            elif answer is not None:
                taken.append(answer)
        return taken

    observed = [row for rows in each("Observation", observations_of) for row in rows]
    left_out += [row for row in observed if isinstance(row, LeftOut)]
    medications = each("MedicationRequest", lambda resource: _medication(resource, shared))
    medications += each("MedicationStatement", lambda resource: _medication(resource, shared))
    return {
        "diagnoses": tuple(each("Condition", _diagnosis)),
        "allergies": tuple(each("AllergyIntolerance", _allergy)),
        "medications": tuple(medications),
        "vaccinations": tuple(each("Immunization", _vaccination)),
        "measurements": _newest(row for row in observed if isinstance(row, IncomingMeasurement)),
        "results": tuple(row for row in observed if isinstance(row, IncomingResult)),
        "left_out": tuple(left_out),
    }


def called(resource: Json) -> str:
    concept = resource.get("code") or resource.get("vaccineCode") or resource.get("medicationCodeableConcept")
    name = words_of(concept) or text(resource.get("id"))
    return f"{text(resource.get('resourceType'))} {name}".strip()[:120]


def _newest(rows: Iterable[IncomingMeasurement]) -> tuple[IncomingMeasurement, ...]:
    newest: dict[str, IncomingMeasurement] = {}
    for row in rows:
        held = newest.get(row.kind)
        if held is None or (row.taken_on and held.taken_on and row.taken_on > held.taken_on):
            newest[row.kind] = row
    return tuple(newest[kind] for kind in sorted(newest))


def _diagnosis(resource: Json) -> IncomingDiagnosis | LeftOut | None:
    clinical, verification = (
        code_of(resource.get("clinicalStatus")),
        code_of(resource.get("verificationStatus")),
    )
    if clinical not in CLINICAL_CODES or verification not in VERIFICATION_CODES:
        return LeftOut(
            called(resource), f"Its status “{(clinical or verification)[:40]}” is not a FHIR status."
        )
    if verification in NOT_SO:
        return None
    began = resource.get("onsetDateTime") or obj(resource.get("onsetPeriod")).get("start")
    ended = resource.get("abatementDateTime") or obj(resource.get("abatementPeriod")).get("end")
    first, last = day(began), day(ended)
    backwards = bool(first and last and last < first)
    coding = _best_coding(resource.get("code"))
    words = text(obj(resource.get("code")).get("text")) or text(coding.get("display"))
    code = text(coding.get("code"))
    if not words.strip() and not code.strip():
        return LeftOut(called(resource), "It has neither a code nor words.")
    return IncomingDiagnosis(
        system=text(coding.get("system")),
        code=code,
        text=words,
        recorded_on=None if backwards else first or day(resource.get("recordedDate")),
        is_resolved=clinical in GONE or bool(last),
        is_doubtful=verification in NOT_SURE or backwards,
    )


def _best_coding(concept: Any) -> Json:
    """The coding that says most: one of the seven, then one near them, then any in a system we read, then
    any.
    """

    def order(coding: Json) -> int:
        kind, code = coding_system(text(coding.get("system"))), text(coding.get("code"))
        if kind == "snomed":
            return 0 if code in SNOMED else 1 if code in SNOMED_NEAR else 3
        return 2 if kind == "icd10" else 4

    return min(codings(concept), key=order, default={})


def _allergy(resource: Json) -> IncomingAllergy | LeftOut | None:
    if (
        code_of(resource.get("clinicalStatus")) in GONE
        or code_of(resource.get("verificationStatus")) in NOT_SO
    ):
        return None
    substance = words_of(resource.get("code"))
    nothing = any(coding.get("code") in NO_ALLERGY for coding in codings(resource.get("code")))
    if nothing or substance.casefold().startswith(("no known", "nka", "nkda")):
        return None
    if not substance:
        return LeftOut("AllergyIntolerance", "It does not say to what.")
    noted = day(resource.get("onsetDateTime")) or day(resource.get("recordedDate"))
    return IncomingAllergy(substance, code_of(resource.get("code")), noted)


def _medication(resource: Json, shared: dict[str, Json]) -> IncomingMedication | LeftOut | None:
    status = text(resource.get("status"))
    known = STATEMENT_CODES if resource.get("resourceType") == "MedicationStatement" else REQUEST_CODES
    if status not in known:
        return LeftOut(called(resource), f"Its status “{status[:40]}” is not a FHIR status.")
    if (
        status in NEVER_TAKEN
        or text(resource.get("intent")) in ("proposal", "plan")
        or resource.get("doNotPerform")
    ):
        return None
    concept = resource.get("medicationCodeableConcept") or _referred(resource, shared).get("code")
    words = words_of(concept)
    if not words:
        return LeftOut(called(resource), "It does not name the drug.")
    started = day(resource.get("authoredOn")) or day(resource.get("effectiveDateTime"))
    return IncomingMedication(words, code_of(concept), status == "active", started)


def _referred(resource: Json, shared: dict[str, Json]) -> Json:
    """The Medication a request points to, inside it or elsewhere in the bundle."""
    name = text(obj(resource.get("medicationReference")).get("reference"))
    inside = {f"#{text(one.get('id'))}": one for one in objects(resource.get("contained"))}
    return inside.get(name) or shared.get(name) or {}


def _vaccination(resource: Json) -> IncomingVaccination | LeftOut | None:
    status = text(resource.get("status"))
    if status not in ("completed", "entered-in-error", "not-done"):
        return LeftOut(called(resource), f"Its status “{status[:40]}” is not a FHIR status.")
    if status != "completed":
        return None
    words, given = words_of(resource.get("vaccineCode")), day(resource.get("occurrenceDateTime"))
    if not words or given is None:
        return LeftOut(
            called(resource), "It has no exact date." if words else "It does not name the vaccine."
        )
    return IncomingVaccination(words, code_of(resource.get("vaccineCode")), given)


def observations_of(resource: Json) -> list[IncomingResult | IncomingMeasurement | LeftOut] | LeftOut | None:
    status = text(resource.get("status"))
    if status not in OBSERVATION_CODES:
        return LeftOut(called(resource), f"Its status “{status[:40]}” is not a FHIR status.")
    if status not in SETTLED:
        return (
            None
            if status in ("cancelled", "entered-in-error")
            else LeftOut(called(resource), "It is not final yet.")
        )
    taken = day(
        resource.get("effectiveDateTime")
        or obj(resource.get("effectivePeriod")).get("end")
        or resource.get("effectiveInstant")
    )
    if taken is None:
        return LeftOut(called(resource), "It does not say on which day it was taken.")
    rows = [_one_observation(resource, resource, taken)]
    rows += [_one_observation(part, resource, taken) for part in objects(resource.get("component"))]
    return [row for row in rows if row is not None]


def _one_observation(
    part: Json, whole: Json, taken: date
) -> IncomingResult | IncomingMeasurement | LeftOut | None:
    loinc = next(
        (text(one.get("code")) for one in codings(part.get("code")) if one.get("system") == LOINC), ""
    )
    quantity = obj(part.get("valueQuantity"))
    values = _values_of(part)
    if not loinc or not values:
        return None
    if kind := MEASURED.get(loinc):
        return _measurement(kind, quantity, taken)
    unit, unit_code = text(quantity.get("unit")), text(quantity.get("code"))
    key = text(whole.get("id"))[:60]
    source_id = f"{key}:{loinc}" if key else ""
    return IncomingResult(loinc, values[0], unit or unit_code, taken, source_id, unit_code, tuple(values[1:]))


def _values_of(part: Json) -> list[str]:
    """The answer in the spellings the source gives: words first, codes after them."""
    quantity = obj(part.get("valueQuantity"))
    if "value" in quantity:
        return [f"{text(quantity.get('comparator'))}{_digits(quantity['value'])}"]
    if concept := obj(part.get("valueCodeableConcept")):
        found = [text(concept.get("text"))]
        found += [
            text(coding.get("display")).removesuffix(" (qualifier value)") for coding in codings(concept)
        ]
        found += [text(coding.get("code")) for coding in codings(concept)]
    else:
        found = [text(part.get("valueString")), _digits(part.get("valueInteger"))]
    return [words.strip() for words in found if words.strip()]


def _digits(value: Any) -> str:
    """A JSON number in plain digits, rounded to six decimals; empty where it is none or beyond all measure.

    Sources write 7.480000019073486 where a laboratory measured 7.48.
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return ""
    number = Decimal(value)
    if not -20 < number.adjusted() < 20:
        return ""
    digits = format(round(number, 6), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _measurement(kind: str, quantity: Json, taken: date) -> IncomingMeasurement | LeftOut:
    unit = text(quantity.get("code")) or text(quantity.get("unit"))
    factor = TO_KG_AND_CM[kind].get(unit)
    digits = _digits(quantity.get("value"))
    if factor is None or not digits:
        return LeftOut(
            f"Observation {kind}", f"Its unit “{unit[:20]}” is not one of {', '.join(TO_KG_AND_CM[kind])}."
        )
    return IncomingMeasurement(kind, (Decimal(digits) * factor).quantize(Decimal("0.01")), taken)
