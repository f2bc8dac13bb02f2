"""How urgent a patient's report is: the most urgent rule that fits. It sorts reports; it never tells what is wrong.

The rules are data (``monitoring/data/side_effects.json``), each with its source and a mark where it is unverified.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from evaluation.domain.requirements import DEFAULTS, Threshold, Thresholds

from .standing import Words

DATA = Path(__file__).resolve().parent.parent / "data"
VERIFIED = ("verified", "computed")


class Urgency(StrEnum):
    """How soon somebody must act, the most urgent first."""

    CALL_NOW = "call_now"
    TODAY = "today"
    NEXT_VISIT = "next_visit"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


SHOWN: dict[Urgency, Words] = {
    Urgency.CALL_NOW: Words("Call now", "danger", "telephone"),
    Urgency.TODAY: Words("Today", "warning", "clock"),
    Urgency.NEXT_VISIT: Words("At the next visit", "neutral", "calendar3"),
}


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing a patient can tick, in words the patient would use."""

    code: str
    group: str
    words: str


@dataclass(frozen=True, slots=True)
class TriageRule:
    """One row of the table. It fits where one of its symptoms is told (with ``or_fever`` a measured fever will do) and
    what it asks besides holds: an infusion just before, or a low neutrophil count. ``own_words`` fits any free text.
    """

    code: str
    symptoms: frozenset[str]
    urgency: Urgency
    words: str
    source: str
    status: str
    emergency: bool = False
    infection: bool = False
    or_fever: bool = False
    own_words: bool = False
    after_infusion: bool = False
    low_neutrophils: bool = False

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Table:
    """Symptoms, their headings, the figures and the rules."""

    groups: tuple[tuple[str, str], ...]
    symptoms: tuple[Symptom, ...]
    settings: tuple[Threshold, ...]
    rules: tuple[TriageRule, ...]

    def setting(self, code: str) -> Decimal:
        return next(each.value for each in self.settings if each.code == code)

    def words_of(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The words of these symptoms, in the order of the table; one no longer known is shown by its code."""
        told = list(codes)
        known = {each.code: each.words for each in self.symptoms}
        gone = tuple(code for code in told if code not in known)
        return tuple(words for code, words in known.items() if code in told) + gone


@dataclass(frozen=True, slots=True)
class Told:
    """What a patient reports: symptoms ticked, since which day, a temperature in °C, and own words."""

    symptoms: frozenset[str] = frozenset()
    since: date | None = None
    temperature: Decimal | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the record adds: the day of the report, the days of infusions, and the newest neutrophil count, which is low
    below the clinic's threshold.
    """

    reported_on: date
    infusions: frozenset[date] = frozenset()
    neutrophils: Decimal | None = None
    thresholds: Thresholds = DEFAULTS.thresholds


@dataclass(frozen=True, slots=True)
class Triage:
    """What the table makes of a report, with every rule that fits, the most urgent first."""

    urgency: Urgency
    emergency: bool
    infection: bool
    rules: tuple[TriageRule, ...]


def triage(told: Told, known: Known, table: Table) -> Triage:
    """Sort a report. What no rule knows is read by a person today."""
    fitting = sorted(
        (rule for rule in table.rules if _fits(rule, told, known, table)),
        key=lambda rule: (rule.urgency.rank, not rule.emergency),
    )
    return Triage(
        urgency=fitting[0].urgency if fitting else Urgency.TODAY,
        emergency=any(rule.emergency for rule in fitting),
        infection=any(rule.infection for rule in fitting),
        rules=tuple(fitting),
    )


def _fits(rule: TriageRule, told: Told, known: Known, table: Table) -> bool:
    if rule.own_words:
        return bool(told.words.strip())
    fever = told.temperature is not None and told.temperature >= table.setting("fever_from")
    if not (rule.symptoms & told.symptoms or (rule.or_fever and fever)):
        return False
    if rule.after_infusion and not _just_infused(told, known, int(table.setting("acute_days"))):
        return False
    low = known.neutrophils is not None and known.neutrophils < known.thresholds.neutrophils_hold.value
    return low or not rule.low_neutrophils


def _just_infused(told: Told, known: Known, days: int) -> bool:
    """Whether any of it lay within the days after an infusion: from its first day, or where that is not told from the
    day of the report, until the report.
    """
    first = told.since or known.reported_on
    return any(first <= on + timedelta(days=days) and on <= known.reported_on for on in known.infusions)


def parse_table(document: Mapping[str, Any]) -> Table:
    """Read the table. A malformed row raises KeyError or ValueError: the data ships with the product."""
    symptoms = tuple(Symptom(row["code"], row["group"], row["words"]) for row in document["symptoms"])
    rules = tuple(
        TriageRule(
            code=row["code"],
            symptoms=frozenset(row.get("symptoms", ())),
            urgency=Urgency(row["urgency"]),
            words=row["words"],
            source=row["source"],
            status=row["status"],
            emergency=row.get("emergency", False),
            infection=row.get("infection", False),
            or_fever=row.get("or_fever", False),
            own_words=row.get("own_words", False),
            after_infusion=row.get("after_infusion", False),
            low_neutrophils=row.get("low_neutrophils", False),
        )
        for row in document["rules"]
    )
    ruled = {code for rule in rules for code in rule.symptoms}
    if odd := ruled ^ {symptom.code for symptom in symptoms}:
        raise ValueError(f"symptoms and rules differ: {sorted(odd)}")
    settings = tuple(Threshold(**{**row, "value": Decimal(row["value"])}) for row in document["settings"])
    groups = tuple((code, words) for code, words in document["groups"])
    return Table(groups, symptoms, settings, rules)


SIDE_EFFECTS = parse_table(json.loads((DATA / "side_effects.json").read_text(encoding="utf-8")))
