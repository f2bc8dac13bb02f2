"""The health check before an infusion: whom it asks what, when, and what the answers do. It sorts; it never decides.

Questions, effects and days are data (``monitoring/data/health_check.json``), each with its source and a mark where it
is unverified.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from evaluation.domain.requirements import Threshold

from .standing import Words
from .triage import VERIFIED

DATA = Path(__file__).resolve().parent.parent / "data"
OWN_WORDS = "other"
CHOICES = (("no", "No"), ("yes", "Yes"), ("unsure", "I am not sure"))


class Outcome(StrEnum):
    """What the answers do, the strongest first."""

    HOLD = "hold"
    ASK = "ask"
    CLEAR = "clear"

    @property
    def rank(self) -> int:
        return list(Outcome).index(self)


SHOWN: dict[Outcome, Words] = {
    Outcome.HOLD: Words("On hold until a nurse has called", "danger", "pause-circle"),
    Outcome.ASK: Words("A nurse talks with the patient", "warning", "telephone"),
    Outcome.CLEAR: Words("Nothing reported", "success", "check-circle"),
}


@dataclass(frozen=True, slots=True)
class CheckRule:
    """What one answer does, and why. ``infection``: the gate hears of it as a reported infection."""

    when: str
    effect: Outcome
    words: str
    source: str
    status: str
    infection: bool = False

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Question:
    """One question in the patient's words. ``applies`` names the requirement that says whom it concerns."""

    code: str
    words: str
    rules: tuple[CheckRule, ...]
    applies: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    settings: tuple[Threshold, ...]
    questions: tuple[Question, ...]
    own_words: CheckRule

    def days(self, code: str) -> int:
        return int(next(each.value for each in self.settings if each.code == code))

    def words_of(self, code: str) -> str:
        """A question's words; one no longer asked is shown by its code."""
        return next((each.words for each in self.questions if each.code == code), code)


@dataclass(frozen=True, slots=True)
class Sorted:
    """What answers do, and the rules that say so, the strongest first."""

    outcome: Outcome
    infection: bool
    rules: tuple[CheckRule, ...]


def sort_answers(answers: Mapping[str, str], own_words: str, table: Table) -> Sorted:
    """What a patient's answers do. Nothing told but no: clear."""
    fitting = [rule for each in table.questions for rule in each.rules if rule.when == answers.get(each.code)]
    if own_words:
        fitting.append(table.own_words)
    fitting.sort(key=lambda rule: rule.effect.rank)
    return Sorted(
        outcome=fitting[0].effect if fitting else Outcome.CLEAR,
        infection=any(rule.infection for rule in fitting),
        rules=tuple(fitting),
    )


def may_answer(visit_on: date, today: date, table: Table) -> bool:
    """Whether the check of a visit can be answered on a day: from some days before until the day itself."""
    return 0 <= (visit_on - today).days <= table.days("opens_days")


def is_late(visit_on: date, today: date, table: Table) -> bool:
    """Whether a check that nobody has answered by now is listed for staff."""
    return 0 <= (visit_on - today).days <= table.days("late_days")


def _rule(row: Mapping[str, Any]) -> CheckRule:
    return CheckRule(**{**row, "effect": Outcome(row["effect"])})


def parse_check(document: Mapping[str, Any]) -> Table:
    """Read the questions. A malformed row raises KeyError, TypeError or ValueError: the data ships with the product."""
    return Table(
        settings=tuple(Threshold(**{**row, "value": Decimal(row["value"])}) for row in document["settings"]),
        questions=tuple(
            Question(row["code"], row["words"], tuple(map(_rule, row["rules"])), row.get("applies", ""))
            for row in document["questions"]
        ),
        own_words=_rule(document["own_words"]),
    )


HEALTH_CHECK = parse_check(json.loads((DATA / "health_check.json").read_text(encoding="utf-8")))
