"""Reading disease scores: what a patient's conditions are scored by, entries, and values over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patients.models import Patient
from patients.queries import conditions_of

from .domain.scores import SCORES, Band, Change, Score
from .domain.values import describe, plain, read_stored
from .models import Result, ScoreEntry
from .queries import standing_results


@dataclass(frozen=True, slots=True)
class Dated:
    """One standing value of a kind with its day: a number, or none where it is a choice."""

    on: date
    number: Decimal | None
    text: str
    result: Result

    @property
    def words(self) -> str:
        return describe(self.result.kind, self.text)


@dataclass(frozen=True, slots=True)
class Compared:
    """How a value stands to an earlier one of the same score, and which differences are pointed out."""

    before: Dated
    difference: Decimal
    changes: tuple[Change, ...]

    @property
    def size(self) -> str:
        """How far it rose or fell, in plain digits."""
        return plain(abs(self.difference))


def conditions(patient: Patient) -> list[str]:
    """The patient's confirmed conditions among the seven."""
    return [row.condition for row in conditions_of(patient) if row.state == "confirmed"]


def scores_for(patient: Patient) -> tuple[list[Score], list[Score]]:
    """The scores of the patient's own conditions, and the others."""
    own = set(conditions(patient))
    mine = [score for score in SCORES.values() if own & set(score.conditions)]
    return mine, [score for score in SCORES.values() if score not in mine]


def entry_of(result: Result) -> ScoreEntry | None:
    """What a result was calculated from, if it was calculated here."""
    return ScoreEntry.objects.of(result.clinic).filter(result=result).select_related("result").first()


def entry_called(patient: Patient, key: str) -> ScoreEntry | None:
    """The patient's entry with this key, or None where there is none."""
    if not (key.isascii() and key.isdigit()) or len(key) > 18:
        return None
    rows = ScoreEntry.objects.of(patient.clinic).filter(patient=patient, pk=int(key))
    return rows.select_related("result").first()


def written_along(result: Result) -> list[Result]:
    """The standing results of other kinds that were written with a score."""
    entry = entry_of(result)
    return list(entry.also.filter(superseded_by__isnull=True)) if entry else []


def stands(patient: Patient, kind: str, text: str, on: date) -> bool:
    """Whether a result of this kind, value and day stands already."""
    return standing_results(patient).filter(kind=kind, value=text, observed_on=on).exists()


def over_time(patient: Patient, kinds: list[str]) -> dict[str, list[Dated]]:
    """The standing values of some kinds, oldest first, in one query; a day's later entry counts as later."""
    found: dict[str, list[Dated]] = {kind: [] for kind in kinds}
    rows = standing_results(patient).filter(kind__in=kinds).order_by("observed_on", "id")
    for row in rows:
        value = read_stored(row.kind, row.value)
        if value is not None:
            found[row.kind].append(Dated(row.observed_on, value.number, row.value, row))
    return found


def last_before(patient: Patient, kind: str, on: date, *, besides: Result | None = None) -> Dated | None:
    """The newest standing value of a kind on or before a day; ``besides`` is the one being corrected."""
    rows = [row for row in over_time(patient, [kind])[kind] if row.on <= on]
    return next((row for row in reversed(rows) if row.result != besides), None)


def band_of(kind: str, number: Decimal | None) -> Band | None:
    """What a value of a score is called, where cut-offs are known."""
    score = SCORES.of_kind(kind)
    return score.band(number) if score and number is not None else None


def compared(kind: str, before: Dated | None, now: Decimal | None, *, against: str) -> Compared | None:
    """A value beside an earlier one of its kind: the difference, and what is pointed out about it."""
    if before is None or before.number is None or now is None:
        return None
    score = SCORES.of_kind(kind)
    changes = score.changes_since(before.number, now, against=against) if score else ()
    return Compared(before, now - before.number, changes)
