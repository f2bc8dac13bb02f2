"""The chart of one infusion: entries in whatever order they arrived make one picture of what happened.

An entry is never changed. A correction is an entry of its own that names the one it corrects; the newest stands, and a
correction may also say that it never happened. What stands is read in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any


class Kind(StrEnum):
    """What an entry is about, in the order of the day."""

    IDENTITY = "identity"
    WEIGHT = "weight"
    PREMEDICATION = "premedication"
    MEDICINE = "medicine"
    PRODUCT = "product"
    RATE = "rate"
    PAUSE = "pause"
    STOP = "stop"
    VITALS = "vitals"
    REACTION = "reaction"
    NOTE = "note"
    DISCHARGE = "discharge"


_ORDER = {kind: place for place, kind in enumerate(Kind)}
VOID = "void"
"""The name in a correction's payload that says: this never happened."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the chart as it was written. ``ref`` names the row and grows as rows arrive; ``key`` was given by the
    page that wrote it."""

    ref: int
    kind: Kind
    payload: Mapping[str, Any]
    happened_at: datetime
    recorded_at: datetime
    by: str = ""
    key: str = ""
    corrects: int | None = None
    reason: str = ""

    @property
    def is_void(self) -> bool:
        return bool(self.payload.get(VOID))


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it stands, with the rows it replaced, oldest first. ``root`` names the first of them; a line that
    does not ``stand`` was taken back.
    """

    root: int
    entry: Entry
    replaced: tuple[Entry, ...] = ()

    @property
    def stands(self) -> bool:
        return not self.entry.is_void


@dataclass(frozen=True, slots=True)
class Change:
    """From an instant on the drug flows at ``mg_h`` (0 while it is paused)."""

    at: datetime
    mg_h: Fraction
    ref: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What happened, as it stands. ``changes`` are the rates in order of time until the end; ``ended`` ends them."""

    lines: tuple[Line, ...] = ()
    changes: tuple[Change, ...] = ()
    ended: Entry | None = None
    by_kind: Mapping[Kind, tuple[Entry, ...]] = field(default_factory=dict)

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """The standing entries of a kind, in order of time."""
        return self.by_kind.get(kind, ())

    def first(self, kind: Kind) -> Entry | None:
        return next(iter(self.of(kind)), None)

    def last(self, kind: Kind) -> Entry | None:
        rows = self.of(kind)
        return rows[-1] if rows else None

    @property
    def began_at(self) -> datetime | None:
        """When the drug began to flow."""
        return self.changes[0].at if self.changes else None

    @property
    def ended_at(self) -> datetime | None:
        return self.ended.happened_at if self.ended is not None else None

    @property
    def is_paused(self) -> bool:
        return bool(self.changes) and self.changes[-1].mg_h == 0 and self.ended is None

    @property
    def worst_grade(self) -> int:
        """The highest grade among the reactions, 0 without one."""
        return max((int(each.payload["grade"]) for each in self.of(Kind.REACTION)), default=0)

    @property
    def state(self) -> str:
        """How far the record has come, by the chart alone: in_chair, premedicating, infusing or observing."""
        if self.ended is not None:
            return "observing"
        if self.changes:
            return "infusing"
        return "premedicating" if self.of(Kind.PREMEDICATION) else "in_chair"


def read(entries: Iterable[Entry]) -> Chart:
    """The chart that the entries make, whatever the order in which they arrived."""
    lines = _lines(entries)
    standing = sorted((line.entry for line in lines if line.stands), key=_when)
    by_kind: dict[Kind, tuple[Entry, ...]] = {}
    for entry in standing:
        by_kind[entry.kind] = (*by_kind.get(entry.kind, ()), entry)
    changes, ended = _flow(standing)
    return Chart(lines, changes, ended, by_kind)


def _when(entry: Entry) -> tuple[datetime, int, str]:
    return entry.happened_at, _ORDER[entry.kind], entry.key


def _lines(entries: Iterable[Entry]) -> tuple[Line, ...]:
    rows = sorted(entries, key=lambda entry: entry.ref)
    root_of: dict[int, int] = {}
    chains: dict[int, list[Entry]] = {}
    for row in rows:
        root = root_of.get(row.corrects, row.corrects) if row.corrects is not None else row.ref
        root_of[row.ref] = root
        chains.setdefault(root, []).append(row)
    found = [Line(root, chain[-1], tuple(chain[:-1])) for root, chain in chains.items()]
    return tuple(sorted(found, key=lambda line: _when(line.entry)))


def _flow(standing: Iterable[Entry]) -> tuple[tuple[Change, ...], Entry | None]:
    """The rates in order of time. The first end ends them: what is said to have flowed later counts no more."""
    changes: list[Change] = []
    for entry in standing:
        if entry.kind == Kind.STOP:
            if changes:
                return tuple(changes), entry
        elif entry.kind == Kind.RATE:
            changes.append(Change(entry.happened_at, Fraction(entry.payload["mg_h"]), entry.ref))
        elif entry.kind == Kind.PAUSE and changes:
            changes.append(Change(entry.happened_at, Fraction(0), entry.ref))
    return tuple(changes), None


def root_of(chart: Chart, ref: int) -> Line | None:
    """The line to which a row belongs, or None."""
    for line in chart.lines:
        if ref in (line.root, line.entry.ref, *(each.ref for each in line.replaced)):
            return line
    return None
