"""Patients from FHIR R4: a bundle of any kind that carries resources, or a single Patient.

Resources are checked against the published R4B models; what R4 names differently is tolerated. Code sets and
the order of dates are checked here, because those models accept any.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from infusion.interop.domain.incoming import (
    MOST_RECORDS,
    WHOLE_FILE,
    FileContent,
    IncomingPatient,
    LeftOut,
    Unreadable,
)

from . import fhir_clinical
from .fhir_json import Json, Malformed, code_of, codings, day, obj, objects, parse, text, texts

BUNDLE_TYPES = frozenset(
    {"transaction", "batch", "collection", "searchset", "message", "document", "history"}
    | {"transaction-response", "batch-response"}
)
# Fields of Patient whose mistakes are put into better words by the check of the person.
_CHECKED_LATER = frozenset({"birthDate", "gender", "telecom", "name", "communication"})
_STALE = frozenset({"old", "temp"})


def read_fhir(source: str, content: bytes) -> FileContent:
    """The patients of a FHIR file, each with what belongs to it. Never raises: what is wrong is said, with
    its place.
    """
    try:
        root = parse(content)
    except Malformed as broken:
        return FileContent((Unreadable(source, broken.place, "", broken.reason),))
    kind = text(obj(root).get("resourceType"))
    if kind == "Patient":
        return FileContent((_patient(source, "", root, {}),))
    if kind != "Bundle":
        held = f"a FHIR {kind}" if kind else "no FHIR resource"
        return _refused_file(
            source, "resourceType", f"The file holds {held}. It must be a Bundle or a Patient."
        )
    if (bundle_type := text(root.get("type"))) not in BUNDLE_TYPES:
        return _refused_file(source, "Bundle.type", f"“{bundle_type[:40]}” is not a kind of FHIR bundle.")
    return _from_bundle(source, root)


def _refused_file(source: str, field: str, reason: str) -> FileContent:
    return FileContent((Unreadable(source, WHOLE_FILE, field, reason),))


def _from_bundle(source: str, bundle: Json) -> FileContent:
    entries = objects(bundle.get("entry"))
    patients: list[tuple[str, Json]] = []
    owner: dict[str, int] = {}
    for number, entry in enumerate(entries, start=1):
        resource = obj(entry.get("resource"))
        if resource.get("resourceType") != "Patient":
            continue
        for name in names_of(entry, resource):
            owner.setdefault(name, len(patients))
        patients.append((f"entry {number}", resource))
    if not patients:
        return _refused_file(source, "Bundle.entry", "There is no patient in this bundle.")
    if len(patients) > MOST_RECORDS:
        return _refused_file(source, "Bundle.entry", f"The bundle holds more than {MOST_RECORDS} patients.")
    belongings: dict[int, dict[str, list[Json]]] = defaultdict(lambda: defaultdict(list))
    stray = 0
    for entry in entries:
        resource = obj(entry.get("resource"))
        kind = text(resource.get("resourceType"))
        if kind not in fhir_clinical.READ_KINDS:
            continue
        subject = obj(resource.get("subject") or resource.get("patient"))
        place = owner.get(reference_of(subject))
        if place is None:
            stray += 1
        else:
            belongings[place][kind].append(resource)
    shared = {
        name: resource
        for entry in entries
        if (resource := obj(entry.get("resource"))).get("resourceType") == "Medication"
        for name in names_of(entry, resource)
    }
    records = tuple(
        _patient(source, place, resource, belongings[number], shared)
        for number, (place, resource) in enumerate(patients)
    )
    left_out = (
        (LeftOut("subject", f"Entries that belong to no patient in this file: {stray}."),) if stray else ()
    )
    return FileContent(records, left_out)


def names_of(entry: Json, resource: Json) -> list[str]:
    """Everything by which another resource may refer to this one."""
    names = [text(entry.get("fullUrl"))]
    if key := text(resource.get("id")):
        names += [key, f"{resource['resourceType']}/{key}", f"urn:uuid:{key}"]
    return [name for name in names if name]


def reference_of(reference: Json) -> str:
    name = text(reference.get("reference")).split("/_history/")[0]
    return "/".join(name.rsplit("/", 2)[-2:]) if name.startswith(("http://", "https://")) else name


def _patient(
    source: str,
    place: str,
    resource: Json,
    belongings: dict[str, list[Json]],
    shared: dict[str, Json] | None = None,
) -> IncomingPatient | Unreadable:
    wrong = fhir_clinical.problem_with_shape(resource, tolerated=_CHECKED_LATER)
    number = record_number_of(resource)
    named = f"patient {number}"[:80] if number and number.isprintable() else "patient without a number"
    place = f"{place}, {named}" if place else named
    if wrong:
        return Unreadable(source, place, f"Patient.{wrong.field}", wrong.reason)
    parts = fhir_clinical.read_parts(belongings, shared or {})
    died = resource.get("deceasedDateTime")
    return IncomingPatient(
        source=source,
        place=place,
        person={
            "record_number": number,
            **_name(resource),
            "birth_date": text(resource.get("birthDate")),
            "sex": text(resource.get("gender")),
            "email": _telecom(resource, "email"),
            "phone": _telecom(resource, "phone"),
            "language": _language(resource),
        },
        address=_address(resource),
        source_id=text(resource.get("id"))[:100],
        deceased=bool(died) or resource.get("deceasedBoolean") is True,
        deceased_on=day(died),
        **parts,
    )


def record_number_of(resource: Json) -> str:
    """The medical record number (identifier type MR), else the resource's own id."""
    numbered = [
        identifier
        for identifier in objects(resource.get("identifier"))
        if any(coding.get("code") == "MR" for coding in codings(identifier.get("type")))
        and text(identifier.get("value")).strip()
    ]
    current = [identifier for identifier in numbered if text(identifier.get("use")) not in _STALE]
    chosen = next(iter(current or numbered), None)
    return text((chosen or {}).get("value")).strip() or text(resource.get("id"))


def _name(resource: Json) -> dict[str, str]:
    order = {
        "official": 0,
        "usual": 1,
        "": 2,
        "nickname": 4,
        "anonymous": 4,
        "temp": 4,
        "maiden": 5,
        "old": 5,
    }
    names = sorted(objects(resource.get("name")), key=lambda name: order.get(text(name.get("use")), 3))
    chosen = names[0] if names else {}
    given = " ".join(part.strip() for part in texts(chosen.get("given")) if part.strip())
    return {"given_name": given, "family_name": text(chosen.get("family"))}


def _telecom(resource: Json, system: str) -> str:
    """The address to use: not an old one, the better ranked first, a mobile telephone before others."""
    found = [
        point
        for point in objects(resource.get("telecom"))
        if point.get("system") == system and point.get("use") != "old" and text(point.get("value")).strip()
    ]
    found.sort(key=lambda point: (_rank(point.get("rank")), point.get("use") != "mobile"))
    return text(found[0].get("value")).strip() if found else ""


def _rank(value: Any) -> int:
    return value if isinstance(value, int) and 0 < value < 1000 else 1000


def _language(resource: Json) -> str:
    spoken = objects(resource.get("communication"))
    spoken.sort(key=lambda row: row.get("preferred") is not True)
    return code_of(spoken[0].get("language")) if spoken else ""


def _address(resource: Json) -> str:
    """The address as it is written on a letter, one line each; home before others, old ones not at all."""
    found = [row for row in objects(resource.get("address")) if row.get("use") not in _STALE]
    found.sort(key=lambda row: row.get("use") != "home")
    if not found:
        return ""
    row = found[0]
    town = ", ".join(part for part in (text(row.get("city")), text(row.get("state"))) if part)
    lines = [*texts(row.get("line")), f"{town} {text(row.get('postalCode'))}", text(row.get("country"))]
    return "\n".join(line.strip() for line in lines if line.strip()) or text(row.get("text"))
