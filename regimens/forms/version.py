"""A new version of a regimen, made from an existing one: every value in a field, every fault beside its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from django import forms

from clinics.forms import sound_text
from regimens.domain.definition import (
    DoseUnit,
    IntervalAnchor,
    IntervalUnit,
    Label,
    MaintenanceAnchor,
    MaintenanceKind,
    Regimen,
)
from regimens.domain.differences import differences
from regimens.domain.parsing import parse_regimen

ROWS = {"induction": 6, "maintenance": 4, "retreatment": 6}
NONE = "none"
_UNITS = [(unit.value, unit.words) for unit in DoseUnit]
_NUMBERS = {
    "maintenance": {
        "interval_value": "Interval",
        "start_earliest_days_after_last_induction": "Earliest start of a pair, days after the last induction infusion",
        "start_latest_days_after_last_induction": "Latest start of a pair, days after the last induction infusion",
        "then_dose": "Dose after a pair at the start",
        "most_infusions": "At most so many infusions, or repeated courses",
        "min_duration_months": "Shortest duration, months",
        "max_duration_months": "Longest duration, months after the first maintenance infusion",
        "review_after_months": "A review is due so many months after the first infusion",
    },
    "window": {
        "induction_minus_days": "Induction, days before",
        "induction_plus_days": "Induction, days after",
        "maintenance_minus_days": "Later, days before",
        "maintenance_plus_days": "Later, days after",
    },
    "rate_profile": {"restart_after_days": "First infusion's rates again after days"},
    "dosing_rules": {"round_to_mg": "Doses by body surface are rounded to mg"},
}
_CHOICES = {
    ("maintenance", "type"): (
        "What follows by itself",
        [(NONE, "nothing"), *((kind.value, kind.words) for kind in MaintenanceKind)],
    ),
    ("maintenance", "interval_unit"): ("Unit", [(unit.value, unit.value) for unit in IntervalUnit]),
    ("maintenance", "anchor"): ("Counted from", [(each.value, each.words) for each in MaintenanceAnchor]),
    ("maintenance", "then_unit"): ("Its unit", _UNITS),
    ("label_status", "us"): ("United States", [(each.value, each.words) for each in Label]),
    ("label_status", "eu"): ("European Union", [(each.value, each.words) for each in Label]),
}


def field_of(place: str) -> str:
    """The field of a place in the definition: /induction/doses/1/dose is induction-1-dose."""
    return re.sub(r"^/|/doses(?=/)", "", place).replace("/", "-")


class VersionForm(forms.Form):
    """``definition`` is the new version's, and ``regimen`` what it says, once the form is valid."""

    name = forms.CharField(label="Name", max_length=150, validators=[sound_text])
    reason = forms.CharField(
        label="What changes, and why",
        max_length=250,
        validators=[sound_text],
        error_messages={"required": "Say in a few words what changes and why."},
        help_text="Those who approve the version read it.",
    )

    def __init__(self, *args: Any, base: Mapping[str, Any], **kwargs: Any) -> None:
        self.base = base
        super().__init__(*args, **kwargs)
        self.definition: dict[str, Any] = {}
        self.regimen: Regimen | None = None
        self.initial.setdefault("name", base["name"])
        for part, rows in ROWS.items():
            self._doses(part, rows)
        for (part, name), (label, choices) in _CHOICES.items():
            self._add(part, name, forms.ChoiceField(label=label, choices=choices, required=False))
        for part, numbers in _NUMBERS.items():
            if part == "dosing_rules" and "dosing_rules" not in base:
                continue
            for name, label in numbers.items():
                self._add(part, name, _number(label))
        self._times()
        self.fields["min_interval_days"] = _number("Minimum interval, days")
        self.initial.setdefault("min_interval_days", base.get("min_interval_days"))
        self.fields["min_interval_anchor"] = forms.ChoiceField(
            label="Counted from", choices=[(each.value, each.words) for each in IntervalAnchor]
        )
        self.initial.setdefault("min_interval_anchor", base.get("min_interval_anchor"))

    def _add(self, part: str, name: str, field: forms.Field) -> None:
        self.fields[f"{part}-{name}"] = field
        self.initial.setdefault(f"{part}-{name}", (self.base.get(part) or {}).get(name))

    def _times(self) -> None:
        field = forms.CharField(label="Set months, for example 12, 18", required=False, max_length=100)
        self.fields["maintenance-at_months"] = field
        months = (self.base.get("maintenance") or {}).get("at_months") or []
        self.initial.setdefault("maintenance-at_months", ", ".join(str(each) for each in months))

    def _doses(self, part: str, rows: int) -> None:
        known = (self.base.get(part) or {}).get("doses") or []
        for number in range(rows):
            row = known[number] if number < len(known) else {}
            for name, label in (("day_offset", "Days after the first"), ("dose", "Dose")):
                self.fields[f"{part}-{number}-{name}"] = _number(
                    f"Infusion {number + 1}: {label.lower()}", **{"class": "form-control"}
                )
                self.initial.setdefault(f"{part}-{number}-{name}", row.get(name))
            self.fields[f"{part}-{number}-unit"] = forms.ChoiceField(
                label=f"Infusion {number + 1}: unit",
                choices=_UNITS,
                required=False,
                widget=forms.Select(attrs={"class": "form-select"}),
            )
            self.initial.setdefault(f"{part}-{number}-unit", row.get("unit") or DoseUnit.MG.value)

    def rows(self, part: str) -> Iterator[tuple[int, list[forms.BoundField]]]:
        """The dose rows of one part, for the template."""
        for number in range(ROWS[part]):
            yield number + 1, [self[f"{part}-{number}-{name}"] for name in ("day_offset", "dose", "unit")]

    @property
    def induction_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        return list(self.rows("induction"))

    @property
    def maintenance_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        return list(self.rows("maintenance"))

    @property
    def retreatment_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        return list(self.rows("retreatment"))

    @property
    def maintenance_fields(self) -> list[forms.BoundField]:
        names = [name for part, name in _CHOICES if part == "maintenance"]
        names = [names[0], "at_months", "interval_value", *names[1:3], *list(_NUMBERS["maintenance"])[1:3]]
        names += ["then_dose", "then_unit", *list(_NUMBERS["maintenance"])[4:]]
        return [self[f"maintenance-{name}"] for name in names]

    @property
    def other_fields(self) -> list[forms.BoundField]:
        names = ["min_interval_days", "min_interval_anchor"]
        names += [f"window-{name}" for name in _NUMBERS["window"]]
        names += ["rate_profile-restart_after_days", "label_status-us", "label_status-eu"]
        names += ["dosing_rules-round_to_mg"] if "dosing_rules-round_to_mg" in self.fields else []
        return [self[name] for name in names]

    def clean(self) -> dict[str, Any]:
        """Put the definition together and read it: whatever is wrong with it is told beside its field."""
        cleaned = super().clean() or {}
        written = self._written()
        found = parse_regimen(written)
        if isinstance(found, Regimen):
            self.definition, self.regimen = self._marked(written), found
            return cleaned
        for problem in found:
            name = self._field(problem.place)
            words = problem.reason if name else f"{problem.place}: {problem.reason}"
            if not (name and self.errors.get(name)):
                self.add_error(name, words)
        return cleaned

    def _field(self, place: str) -> str | None:
        """The field a fault is told beside: its own, or the first of the part it is about."""
        name = field_of(place)
        for wanted in (
            name,
            f"{name}-0-dose",
            f"{name}-induction_plus_days",
            f"{name}-type",
            name.rpartition("-")[0],
        ):
            if wanted in self.fields:
                return wanted
        first = re.sub(r"-doses$", "-0-day_offset", name)
        return first if first in self.fields else None

    def _written(self) -> dict[str, Any]:
        """The base definition with what was typed put in its places."""
        new = deepcopy(dict(self.base))
        new["name"] = self.cleaned_data.get("name") or ""
        for part in ("label_status", "window", "rate_profile", "dosing_rules"):
            names = [*_NUMBERS.get(part, ()), *(name for group, name in _CHOICES if group == part)]
            for name in names:
                if f"{part}-{name}" in self.fields:
                    new.setdefault(part, {})[name] = self._typed(f"{part}-{name}")
        new["min_interval_days"] = self._typed("min_interval_days")
        new["min_interval_anchor"] = self._typed("min_interval_anchor")
        new["induction"] = {"doses": self._typed_doses("induction")}
        new["maintenance"] = self._typed_maintenance()
        again = self._typed_doses("retreatment")
        new.pop("retreatment", None)
        if again:
            new["retreatment"] = {"doses": again}
        if "dosing_rules" in new:
            step = new["dosing_rules"].get("round_to_mg")
            new["dosing_rules"]["rounding_words"] = f"rounded to the nearest {step} mg"
        return new

    def _typed_maintenance(self) -> dict[str, Any]:
        kind = self._typed("maintenance-type")
        if kind in (None, NONE):
            return {"type": NONE}
        kept = dict(self.base.get("maintenance") or {})
        kept.pop("at_months", None)
        typed = {name: self._typed(f"maintenance-{name}") for name in _NUMBERS["maintenance"]}
        for name in ("interval_unit", "anchor", "then_unit"):
            typed[name] = self._typed(f"maintenance-{name}")
        if kind != MaintenanceKind.PAIRED_START:
            dropped = ("then_dose", "then_unit", *list(_NUMBERS["maintenance"])[1:3])
            typed |= dict.fromkeys(dropped)
        if kind == MaintenanceKind.SCHEDULED:
            written = str(self.cleaned_data.get("maintenance-at_months") or "")
            typed["at_months"] = [_as_number(each) for each in re.split(r"[,\s]+", written.strip()) if each]
        found = kept | typed | {"type": kind, "doses": self._typed_doses("maintenance")}
        empty = [name for name in found if found[name] is None and name not in kept]
        return {name: value for name, value in found.items() if name not in empty}

    def _typed_doses(self, part: str) -> list[dict[str, Any]]:
        found = []
        for number in range(ROWS[part]):
            row = {name: self._typed(f"{part}-{number}-{name}") for name in ("day_offset", "dose", "unit")}
            if row["day_offset"] is not None or row["dose"] is not None:
                found.append(row)
        return found

    def _typed(self, name: str) -> Any:
        value = self.cleaned_data.get(name)
        return None if value in (None, "") else _as_number(str(value))

    def _marked(self, written: dict[str, Any]) -> dict[str, Any]:
        """What the clinic changed no longer rests on the source it had: it is marked unverified."""
        changed = [each.place for each in differences(self.base, written) if each.place != "/name"]
        marks = [*written.get("unverified_fields", []), *changed]
        return written | {"unverified_fields": list(dict.fromkeys(marks))}


def _number(label: str, **attrs: str) -> forms.Field:
    return forms.CharField(
        label=label,
        required=False,
        max_length=12,
        validators=[sound_text],
        widget=forms.TextInput(attrs={"inputmode": "decimal", **attrs}),
    )


def _as_number(written: str) -> Any:
    """A whole number or a decimal as the definition keeps it; anything else stays as it was written, to be told."""
    text = written.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,3}", text):
        return float(text)
    return text
