"""The rules of the bedside as data: how often, within which limits, and what is proposed for a reaction.

The rows are data (``treatment/data/``): settings with a source and a mark where none was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
READ = frozenset({"verified", "computed"})
"""The words of a status that say that a source was read."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One number the bedside goes by, with its source."""

    code: str
    label: str
    value: Decimal
    unit: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Sign:
    """One vital sign: what can be meant at all (``least`` to ``most``), and what is usual (``low`` to ``high``)."""

    code: str
    label: str
    short: str
    unit: str
    least: Decimal
    most: Decimal
    low: Decimal
    high: Decimal
    source: str
    verified: bool

    def out_of_range(self, value: Decimal) -> str:
        """Low, high, or an empty text where the value is usual."""
        if value < self.low:
            return "low"
        return "high" if value > self.high else ""


@dataclass(frozen=True, slots=True)
class Product:
    """A medicine by its name on the vial: the brand or a biosimilar."""

    name: str
    kind: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """A CTCAE grade of an infusion reaction: what it means, what is proposed, and whether the drug may flow again
    today (``again``: free, order, never) and at most at which part of the rate before.
    """

    grade: int
    label: str
    meaning: str
    meaning_source: str
    meaning_verified: bool
    proposal: str
    words: str
    source: str
    verified: bool
    resume: Fraction
    resume_source: str
    resume_verified: bool
    again: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to tick: a symptom, or what was done."""

    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence with its source."""

    words: str
    source: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Bedside:
    """All rules of the bedside."""

    times: Mapping[str, Setting]
    limits: Mapping[str, Setting]
    signs: tuple[Sign, ...]
    products: tuple[Product, ...]
    grades: Mapping[int, Grade]
    acts: tuple[Choice, ...]
    symptoms: tuple[Choice, ...]
    symptoms_verified: bool
    restart: Said

    def time(self, code: str) -> timedelta:
        """A length of time by its code."""
        return timedelta(minutes=int(self.times[code].value))

    def limit(self, code: str) -> Decimal:
        """A limit by its code."""
        return self.limits[code].value


def parse_rules(bedside: Mapping[str, Any], reactions: Mapping[str, Any]) -> Bedside:
    """The rules as the two files give them; KeyError or ValueError where a file is at fault."""
    return Bedside(
        times=_settings(bedside["times"]),
        limits=_settings(bedside["limits"]),
        signs=tuple(_sign(row) for row in bedside["signs"]),
        products=tuple(
            Product(row["name"], row["kind"], row["source"], row["status"] in READ)
            for row in bedside["products"]
        ),
        grades=MappingProxyType({row["grade"]: _grade(row) for row in reactions["grades"]}),
        acts=_choices(reactions["acts"]),
        symptoms=_choices(reactions["symptoms"]),
        symptoms_verified=reactions["symptoms_status"] in READ,
        restart=Said(
            reactions["restart"]["words"],
            reactions["restart"]["source"],
            reactions["restart"]["status"] in READ,
        ),
    )


def _settings(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Setting]:
    return MappingProxyType(
        {
            row["code"]: Setting(
                row["code"],
                row["label"],
                Decimal(row["value"]),
                row["unit"],
                row["source"],
                row["status"] in READ,
            )
            for row in rows
        }
    )


def _sign(row: Mapping[str, Any]) -> Sign:
    least, most = (Decimal(text) for text in row["possible"])
    low, high = (Decimal(text) for text in row["usual"])
    if not least <= low < high <= most:
        raise ValueError(f"the ranges of {row['code']} cross")
    return Sign(
        code=row["code"],
        label=row["label"],
        short=row["short"],
        unit=row["unit"],
        least=least,
        most=most,
        low=low,
        high=high,
        source=row["source"],
        verified=row["status"] in READ,
    )


def _grade(row: Mapping[str, Any]) -> Grade:
    return Grade(
        grade=row["grade"],
        label=row["label"],
        meaning=row["meaning"],
        meaning_source=row["meaning_source"],
        meaning_verified=row["meaning_status"] in READ,
        proposal=row["proposal"],
        words=row["words"],
        source=row["source"],
        verified=row["status"] in READ,
        resume=Fraction(row["resume_percent"], 100),
        resume_source=row["resume_source"],
        resume_verified=row["resume_status"] in READ,
        again=row["again"],
    )


def _choices(rows: Iterable[Mapping[str, str]]) -> tuple[Choice, ...]:
    return tuple(Choice(row["code"], row["label"]) for row in rows)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return found


RULES = parse_rules(_read("bedside.json"), _read("reactions.json"))
