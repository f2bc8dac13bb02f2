"""What differs between two versions of a regimen, field by field and in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its place (a JSON pointer), its name in words, and both values; empty where it is not there."""

    place: str
    label: str
    before: str
    after: str


_NAMES = {
    "name": "Name",
    "population": "For whom",
    "jurisdiction": "Jurisdiction",
    "induction": "Induction",
    "maintenance": "Maintenance",
    "retreatment": "Retreatment",
    "doses": "infusion",
    "day_offset": "days after the first",
    "dose": "dose",
    "unit": "unit",
    "type": "kind",
    "interval_value": "interval",
    "interval_unit": "unit of the interval",
    "anchor": "counted from",
    "at_months": "set months",
    "then_dose": "dose after the pair",
    "then_unit": "unit of the dose after the pair",
    "start_earliest_days_after_last_induction": "earliest start, days after the last induction infusion",
    "start_latest_days_after_last_induction": "latest start, days after the last induction infusion",
    "most_infusions": "most infusions",
    "min_duration_months": "shortest duration, months",
    "max_duration_months": "longest duration, months",
    "review_after_months": "review after months",
    "requires_clinical_review": "clinical review before each",
    "interval_optional_after_schedule": "only if needed after the set months",
    "min_interval_days": "Minimum interval, days",
    "min_interval_anchor": "Minimum interval, counted from",
    "window": "Window",
    "induction_minus_days": "induction, days before",
    "induction_plus_days": "induction, days after",
    "maintenance_minus_days": "maintenance, days before",
    "maintenance_plus_days": "maintenance, days after",
    "rate_profile": "Rates",
    "first_infusion": "first infusion",
    "subsequent_infusion": "later infusions",
    "restart_after_days": "first rates again after days",
    "label_status": "Label status of the schedule",
    "us": "United States",
    "eu": "European Union",
    "dosing_rules": "Dose by body surface",
    "formula": "formula",
    "round_to_mg": "rounded to mg",
    "rounding_words": "rounding in words",
    "weight_kg": "plausible weight, kg",
    "height_cm": "plausible height, cm",
    "co_therapy": "Co-therapy",
    "rules": "Rule",
    "rate_profiles": "Rate profile",
    "premedication_sets": "Premedication",
    "conditions": "Condition",
    "sources": "Sources",
    "unverified": "Marked unverified",
}
# What belongs together and is shown as one value.
_WHOLE = frozenset({"at_months", "sources", "weight_kg", "height_cm", "optional"})


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Every field whose value differs, in the order of the definition."""
    was, will = dict(_leaves(before, "")), dict(_leaves(after, ""))
    found = []
    for place in dict.fromkeys([*was, *will]):
        if was.get(place) != will.get(place):
            found.append(Difference(place, label_of(place), _shown(was.get(place)), _shown(will.get(place))))
    return tuple(found)


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    last = place.rpartition("/")[2]
    if place == "/unverified_fields" and isinstance(value, list):
        # A mark is told by what it stands on.
        yield from ((f"/unverified{mark}", True) for mark in value)
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{place}/{name}")
    elif isinstance(value, list) and last not in _WHOLE:
        for number, part in enumerate(value):
            yield from _leaves(part, f"{place}/{number}")
    elif value is not None:
        yield place, value


def label_of(place: str) -> str:
    """A place in words: Induction, infusion 2, dose."""
    words: list[str] = []
    for part in place.split("/")[1:]:
        if re.fullmatch(r"[0-9]+", part) and words:
            words[-1] = f"{words[-1]} {int(part) + 1}"
        else:
            words.append(_NAMES.get(part, part.replace("_", " ")))
    return ", ".join(words)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return value if isinstance(value, str) else json.dumps(value)
