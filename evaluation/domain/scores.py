"""Disease scores: what is entered, by which formula, what a value is called, which changes are pointed out.

The rules are data (``evaluation/data/scores.json``), each with its source and a mark where it is unverified.
Nothing here decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from .kinds import DATA

VERIFIED = ("verified", "computed")


@dataclass(frozen=True, slots=True)
class Sourced:
    """Words with where they come from and whether that was read."""

    words: str
    source: str
    status: str

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that is entered for a score.

    ``shape`` is count (a whole number), number, tick (present or not), choice, or measured (a laboratory value
    of the kind ``of_kind``, in any of its units). A tick adds its ``weight``.
    """

    code: str
    label: str
    shape: str
    lowest: Decimal | None = None
    highest: Decimal | None = None
    places: int = 0
    unit: str = ""
    help: str = ""
    weight: Decimal = Decimal(0)
    choices: tuple[tuple[str, str], ...] = ()
    of_kind: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    component: str
    function: str
    weight: Decimal

    def of(self, number: Decimal) -> Decimal:
        if self.function == "sqrt":
            return self.weight * number.sqrt()
        return self.weight * (number.ln() if self.function == "ln" else number)


@dataclass(frozen=True, slots=True)
class Band:
    """What a value is called up to a limit; without a limit, from the band before upwards. ``level`` runs from
    0, best, to 3.
    """

    label: str
    level: int
    upto: Decimal | None = None
    inclusive: bool = True

    def holds(self, value: Decimal) -> bool:
        if self.upto is None:
            return True
        return value <= self.upto if self.inclusive else value < self.upto


@dataclass(frozen=True, slots=True)
class Change:
    """A difference to an earlier score that is pointed out, as information.

    ``against`` names that score: the previous one, or the baseline, the last before the first infusion.
    """

    code: str
    against: str
    direction: str
    amount: Decimal
    compare: str
    label: str
    words: str
    source: str
    status: str
    percent: bool = False

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED

    def happened(self, before: Decimal, now: Decimal) -> bool:
        difference = now - before if self.direction == "rise" else before - now
        limit = self.amount * before / 100 if self.percent else self.amount
        if self.percent and before == 0:
            return False
        return difference >= limit if self.compare == "at_least" else difference > limit


@dataclass(frozen=True, slots=True)
class Also:
    """A result of another kind that is entered on the way: one component as it is, or one divided by another."""

    kind: str
    of: tuple[str, ...]


@dataclass(frozen=True)
class Score:
    """One disease score. ``kind`` is the kind of evidence its value is kept as."""

    code: str
    kind: str
    label: str
    conditions: tuple[str, ...]
    components: tuple[Component, ...]
    terms: tuple[Term, ...]
    formula: Sourced
    ranges: Sourced
    cut_offs: Sourced
    bands: tuple[Band, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[Sourced, ...] = ()
    look_back: Sourced | None = None
    look_back_days: int = 0
    also: tuple[Also, ...] = ()
    response: Mapping[str, Decimal] | None = None

    def component(self, code: str) -> Component | None:
        return next((each for each in self.components if each.code == code), None)

    @property
    def is_calculated(self) -> bool:
        """False where the total is typed as it was scored on another form."""
        return self.response is not None or [term.component for term in self.terms] != ["total"]

    def band(self, value: Decimal) -> Band | None:
        return next((band for band in self.bands if band.holds(value)), None)

    def changes_since(self, before: Decimal, now: Decimal, *, against: str) -> tuple[Change, ...]:
        """The changes to point out between an earlier value and this one."""
        return tuple(each for each in self.changes if each.against == against and each.happened(before, now))


@dataclass(frozen=True)
class Scores(Mapping[str, Score]):
    """All scores by code, in the order of the data.

    ``charts`` names the kinds that show a condition's course; ``beside`` the laboratory values shown for
    everybody who has them, each with the thresholds of the requirements that are drawn, lowest first.
    """

    scores: tuple[Score, ...]
    charts: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, tuple[str, ...]]
    rounding: Sourced
    version: int

    @cached_property
    def _by_code(self) -> dict[str, Score]:
        return {score.code: score for score in self.scores}

    def __getitem__(self, code: str) -> Score:
        return self._by_code[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_code)

    def __len__(self) -> int:
        return len(self.scores)

    def of_kind(self, kind: str) -> Score | None:
        """The score whose value is kept as this kind, if there is one."""
        return next((score for score in self.scores if score.kind == kind), None)


def _sourced(row: Mapping[str, Any], name: str, words: str = "") -> Sourced:
    return Sourced(words or row.get(name, ""), row[f"{name}_source"], row[f"{name}_status"])


def _component(row: Mapping[str, Any]) -> Component:
    more = {name: Decimal(row[name]) for name in ("lowest", "highest", "weight") if name in row}
    return Component(
        code=row["code"],
        label=row["label"],
        shape=row["shape"],
        places=row.get("places", 0),
        unit=row.get("unit", ""),
        help=row.get("help", ""),
        choices=tuple((code, label) for code, label in row.get("choices", ())),
        of_kind=row.get("of_kind", ""),
        optional=row.get("optional", False),
        **more,
    )


def _score(row: Mapping[str, Any]) -> Score:
    components = tuple(_component(each) for each in row["components"])
    terms = [
        Term(each["component"], each["function"], Decimal(each["weight"])) for each in row.get("terms", ())
    ]
    terms += [Term(each.code, "value", each.weight) for each in components if each.shape == "tick"]
    back = row.get("look_back")
    return Score(
        code=row["code"],
        kind=row["kind"],
        label=row["label"],
        conditions=tuple(row["conditions"]),
        components=components,
        terms=tuple(terms),
        formula=_sourced(row, "formula"),
        ranges=_sourced(row, "range"),
        cut_offs=_sourced(row, "bands", " "),
        bands=tuple(_band(each) for each in row["bands"]),
        changes=tuple(Change(**(each | {"amount": Decimal(each["amount"])})) for each in row["changes"]),
        notes=tuple(Sourced(**each) for each in row["notes"]),
        look_back=Sourced(back["words"], back["source"], back["status"]) if back else None,
        look_back_days=back["days"] if back else 0,
        also=tuple(Also(each["kind"], tuple(each["of"])) for each in row.get("also", ())),
        response={name: Decimal(limit) for name, limit in row["response"].items()}
        if "response" in row
        else None,
    )


def _band(row: Mapping[str, Any]) -> Band:
    upto = Decimal(row["upto"]) if "upto" in row else None
    return Band(row["label"], row["level"], upto, row.get("inclusive", True))


def parse_scores(document: Mapping[str, Any]) -> Scores:
    """Read the rows. A malformed row raises KeyError or ValueError: the data ships with the product."""
    return Scores(
        scores=tuple(_score(row) for row in document["scores"]),
        charts={condition: tuple(kinds) for condition, kinds in document["charts"].items()},
        beside={kind: tuple(names) for kind, names in document["beside"].items()},
        rounding=Sourced(**document["rounding"]),
        version=document["version"],
    )


SCORES = parse_scores(json.loads((DATA / "scores.json").read_text(encoding="utf-8")))
