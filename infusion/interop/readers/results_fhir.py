"""Results of a laboratory from FHIR R4: a bundle with Observations, or a single Observation.

The patient is one of the bundle's own, a logical identifier (the record number), or a reference to a record
that this clinic took over from the same system.
"""

from __future__ import annotations

from infusion.interop.domain.incoming import MOST_RECORDS, WHOLE_FILE, IncomingResult, LeftOut, Unreadable
from infusion.interop.domain.observations import IncomingObservation, ObservationFile, WhoseResult

from .fhir_clinical import called, observations_of, problem_with_shape
from .fhir_json import Json, Malformed, obj, objects, parse, text
from .fhir_reader import BUNDLE_TYPES, names_of, record_number_of, reference_of

Records = list[IncomingObservation | Unreadable]
WITHDRAWN = {"cancelled", "entered-in-error"}


def read_results_fhir(source: str, content: bytes) -> ObservationFile:
    """The observations of a FHIR file. Never raises: what is wrong is said, with its place."""
    try:
        root = parse(content)
    except Malformed as broken:
        return ObservationFile((Unreadable(source, broken.place, "", broken.reason),))
    kind = text(obj(root).get("resourceType"))
    if kind == "Observation":
        records, not_used = _observation(source, "", root, {})
        return ObservationFile(tuple(records), _about(not_used))
    if kind != "Bundle":
        held = f"a FHIR {kind}" if kind else "no FHIR resource"
        return _refused_file(source, "resourceType", f"The file holds {held}. It must be a Bundle.")
    if (bundle_type := text(root.get("type"))) not in BUNDLE_TYPES:
        return _refused_file(source, "Bundle.type", f"“{bundle_type[:40]}” is not a kind of FHIR bundle.")
    return _from_bundle(source, root)


def _refused_file(source: str, field: str, reason: str) -> ObservationFile:
    return ObservationFile((Unreadable(source, WHOLE_FILE, field, reason),))


def _about(not_used: int) -> tuple[LeftOut, ...]:
    words = f"Observations without a use here (vital signs, or without a LOINC code and a value): {not_used}."
    return (LeftOut("Observation", words),) if not_used else ()


def _from_bundle(source: str, bundle: Json) -> ObservationFile:
    entries = objects(bundle.get("entry"))
    people: dict[str, WhoseResult] = {}
    observations: list[tuple[str, Json]] = []
    for number, entry in enumerate(entries, start=1):
        resource = obj(entry.get("resource"))
        kind = text(resource.get("resourceType"))
        if kind == "Patient":
            for name in names_of(entry, resource):
                people.setdefault(name, _person(resource))
        elif kind == "Observation":
            observations.append((f"entry {number}", resource))
    if not observations:
        return _refused_file(source, "Bundle.entry", "There is no observation in this bundle.")
    if len(observations) > MOST_RECORDS:
        return _refused_file(
            source, "Bundle.entry", f"The bundle holds more than {MOST_RECORDS} observations."
        )
    records: Records = []
    not_used = 0
    for place, resource in observations:
        found, without_use = _observation(source, place, resource, people)
        records += found
        not_used += without_use
    return ObservationFile(tuple(records), _about(not_used))


def _person(resource: Json) -> WhoseResult:
    return WhoseResult(
        record_number=record_number_of(resource),
        source_id=text(resource.get("id"))[:100],
        birth_date=text(resource.get("birthDate")),
    )


def _whose(subject: Json, people: dict[str, WhoseResult]) -> WhoseResult:
    name = reference_of(subject)
    if name in people:
        return people[name]
    number = text(obj(subject.get("identifier")).get("value")).strip()
    return WhoseResult(
        record_number=number, source_id=name.rsplit("/", 1)[-1].removeprefix("urn:uuid:")[:100]
    )


def _observation(
    source: str, place: str, resource: Json, people: dict[str, WhoseResult]
) -> tuple[Records, int]:
    """The results of one Observation and of its components, and how many of them have no use here."""
    name = called(resource).removeprefix("Observation ")
    place = f"{place}, {name}"[:120] if place else name[:120]
    if wrong := problem_with_shape(resource):
        return [Unreadable(source, place, f"Observation.{wrong.field}", wrong.reason)], 0
    withdrawn = text(resource.get("status")) in WITHDRAWN
    read = observations_of(resource | {"status": "final"} if withdrawn else resource)
    if read is None:
        return [], 0
    if isinstance(read, LeftOut) and withdrawn:
        return [], 0
    if isinstance(read, LeftOut):
        return [Unreadable(source, place, "Observation", read.reason)], 0
    whose = _whose(obj(resource.get("subject")), people)
    taken = [row for row in read if isinstance(row, IncomingResult)]
    records: Records = [_stated(source, place, name, whose, row, withdrawn) for row in taken]
    if withdrawn:
        return records, 0
    return records, max(len(read) - len(taken), 0 if taken else 1)


def _stated(
    source: str, place: str, name: str, whose: WhoseResult, row: IncomingResult, withdrawn: bool
) -> IncomingObservation:
    day = row.observed_on.isoformat()
    return IncomingObservation(
        source=source,
        place=place,
        whose=whose,
        test=row.loinc,
        called=name,
        values=(row.value, *row.other_values),
        units=(row.unit, row.unit_code),
        observed_on=day,
        source_id=row.source_id,
        is_withdrawn=withdrawn,
        columns={
            "mrn": whose.record_number,
            "test": row.loinc,
            "value": row.value,
            "unit": row.unit,
            "taken_on": day,
            "source_id": row.source_id,
        },
    )
