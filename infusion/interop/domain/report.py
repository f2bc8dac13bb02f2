"""What came of each record, and the report of it all."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .incoming import WHOLE_FILE, LeftOut

_ILLEGIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
ADDED, UPDATED, UNCHANGED, REFUSED = "added", "updated", "unchanged", "refused"
# Of results only: a test this product has no use for.
NOT_USED = "not_used"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one record. ``changes`` names what was altered, ``questions`` what waits for a person.

    ``fingerprint`` differs where the same record would now be written differently.
    """

    source: str
    place: str
    kind: str
    record_number: str = ""
    name: str = ""
    field: str = ""
    reason: str = ""
    changes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    results_not_used: int = 0
    same_as: tuple[str, ...] = ()
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    fingerprint: str = ""


def report(outcomes: Sequence[Outcome], strays: Iterable[tuple[str, LeftOut]] = ()) -> dict[str, Any]:
    """The report as JSON. Every record is in exactly one of added, updated, unchanged and refused; a result
    without a use here in none.

    ``to_confirm`` counts, once a patient, near diagnoses and confirmed conditions that overlap. What follows
    the refused is information: parts left out of records that were taken over, and people who may be on
    record twice.
    """
    counted = Counter(outcome.kind for outcome in outcomes)
    asked = {row.record_number: len(row.questions) for row in outcomes if row.kind != REFUSED}
    found = {
        "added": counted[ADDED],
        "updated": counted[UPDATED],
        "unchanged": counted[UNCHANGED],
        "to_confirm": sum(asked.values()),
        "refused": [
            {"source": row.source, "place": row.place, "field": row.field, "reason": row.reason}
            for row in outcomes
            if row.kind == REFUSED
        ],
        "left_out": [
            *(_left_out(row.source, row.place, part) for row in outcomes for part in row.left_out),
            *(_left_out(source, WHOLE_FILE, part) for source, part in strays),
        ],
        "possible_duplicates": [
            {
                "source": row.source,
                "place": row.place,
                "record_number": row.record_number,
                "name": row.name,
                "same_as": list(row.same_as),
            }
            for row in outcomes
            if row.same_as
        ],
        "results_not_used": sum(row.results_not_used for row in outcomes),
    }
    return {name: legible(value) for name, value in found.items()}


def _left_out(source: str, place: str, part: LeftOut) -> dict[str, str]:
    return {"source": source, "place": place, "field": part.field, "reason": part.reason}


def rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The outcomes for the screen and for the file of refused rows, as JSON."""
    found = [
        {
            "source": row.source,
            "place": row.place,
            "kind": row.kind,
            "record_number": row.record_number,
            "name": row.name,
            "field": row.field,
            "reason": row.reason,
            "changes": list(row.changes),
            "questions": list(row.questions),
            "left_out": [{"field": part.field, "reason": part.reason} for part in row.left_out],
            "same_as": list(row.same_as),
            "columns": dict(row.columns),
        }
        for row in outcomes
    ]
    return [legible(row) for row in found]


def legible(value: Any) -> Any:
    """JSON whose texts any database can keep and any terminal can print: what cannot be is shown as a
    lozenge.
    """
    if isinstance(value, str):
        return _ILLEGIBLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {legible(name): legible(inner) for name, inner in value.items()}
    return [legible(inner) for inner in value] if isinstance(value, list) else value


def fingerprint(outcomes: Sequence[Outcome]) -> str:
    """One value for all outcomes: a preview and the import it announced have the same."""
    digest = hashlib.sha256()
    for row in outcomes:
        digest.update(
            repr((row.source, row.place, row.kind, row.reason, row.fingerprint)).encode("utf-8", "replace")
        )
    return digest.hexdigest()
