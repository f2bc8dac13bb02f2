"""Results of a laboratory as a file states them, and whether each can be taken over."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from clinics.domain.refusals import Refusal
from evaluation.domain.answers import Incoming
from evaluation.domain.kinds import KINDS, Kind
from evaluation.domain.values import Value, describe, parse_value, problem_with_days, read_day
from patients.domain.checks import problem_with_line

from .incoming import LeftOut, Unreadable

LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")


@dataclass(frozen=True, slots=True)
class WhoseResult:
    """How a file names the patient: a record number, or the record's key in the system it comes from; the
    birth date and the family name where it states them.
    """

    record_number: str = ""
    source_id: str = ""
    birth_date: str = ""
    family_name: str = ""

    @property
    def is_named(self) -> bool:
        return bool(self.record_number or self.source_id)


@dataclass(frozen=True, slots=True)
class IncomingObservation:
    """One result, unchecked. ``test`` is a LOINC code, a code of ours or its name; ``values`` and ``units`` are
    the spellings the source gives, best first; ``source_id`` is its key there. ``is_withdrawn``: the source says
    that it never was.
    """

    source: str
    place: str
    whose: WhoseResult
    test: str
    called: str
    values: tuple[str, ...]
    units: tuple[str, ...]
    observed_on: str
    source_id: str = ""
    note: str = ""
    is_withdrawn: bool = False
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    field_names: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def named(self, name: str) -> str:
        """What the source calls a field."""
        return self.field_names.get(name, name)


@dataclass(frozen=True, slots=True)
class ObservationFile:
    """What one file held, in its order, and what in it belongs to nobody."""

    records: tuple[IncomingObservation | Unreadable, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A result that can be taken over, as the evaluation takes it, and in words."""

    incoming: Incoming
    value: Value
    words: str


@dataclass(frozen=True, slots=True)
class NotUsed:
    """A test this product has no use for."""

    called: str


def check_observation(row: IncomingObservation, *, today: date, born: date) -> Checked | NotUsed | Refusal:
    """Check one result of a known patient. A refusal names the field as the source does."""
    kind = kind_called(row.test)
    if kind is None:
        if LOINC_CODE.fullmatch(row.test.strip()):
            return NotUsed(row.called or row.test)
        words = "This test is not known here. Write its LOINC code, or its name as it stands on the screen."
        return Refusal("test_unknown", words, row.named("test"))
    if kind.role != "clinical" or (kind.is_statement and kind.section != "severity"):
        words = "A person answers this: only laboratory results and measures of the disease are imported."
        return Refusal("kind_not_imported", words, row.named("test"))
    value = read_value(kind, row.values, row.units)
    if isinstance(value, Refusal):
        return Refusal(value.code, value.message, row.named(value.field))
    day = read_day(row.observed_on)
    wrong = day if isinstance(day, Refusal) else problem_with_days(value, day, today=today, born=born)
    if wrong is not None:
        field = "observed_on" if wrong.field == "observed_on" else "value"
        return Refusal(wrong.code, wrong.message, row.named(field))
    for name in ("source_id", "note"):
        if problem := problem_with_line(getattr(row, name)):
            return Refusal("text_unreadable", problem, row.named(name))
    incoming = Incoming(
        value=value.entered,
        unit=value.entered_unit,
        observed_on=row.observed_on.strip(),
        kind=kind.code,
        note=row.note.strip(),
        source_id=row.source_id.strip(),
    )
    if value.choice:
        incoming = dataclasses.replace(incoming, value=value.text, unit="")
    return Checked(incoming, value, f"{kind.label}: {describe(kind.code, value.text)}, {row.observed_on}")


def kind_called(test: str) -> Kind | None:
    """The kind a LOINC code, one of our codes or a name on the screen means."""
    test = test.strip()
    if found := KINDS.by_loinc(test):
        return found
    plain = test.casefold()
    return next((kind for kind in KINDS.values() if plain in (kind.code, kind.label.casefold())), None)


def read_value(kind: Kind, values: tuple[str, ...], units: tuple[str, ...]) -> Value | Refusal:
    """The value by the first of its spellings that can be read; the refusal of the first where none can."""
    readings = [
        parse_value(kind, value, unit) for value in values or ("",) for unit in dict.fromkeys(units or ("",))
    ]
    return next((reading for reading in readings if isinstance(reading, Value)), readings[0])


def problem_with_person(whose: WhoseResult, *, birth_date: date, family_name: str) -> str:
    """Why a result cannot be this patient's, where the file says more than a number; else an empty string.

    The birth date decides where it is stated: a family name may have changed.
    """
    if stated := whose.birth_date.strip():
        same = stated == birth_date.isoformat()
        return "" if same else "The birth date is another than the one on record for this patient."
    stated = whose.family_name.strip().casefold()
    if stated and stated != family_name.strip().casefold():
        return "The family name is another than the one on record for this patient."
    return ""
