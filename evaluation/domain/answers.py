"""Answers as they come from a form or an import, before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .values import Value
from .verdict import Evidence


@dataclass(frozen=True, slots=True)
class Answer:
    """One checked answer: a value, the day it was observed, until when it holds if it says so itself, a note."""

    value: Value
    observed_on: date
    valid_until: date | None = None
    note: str = ""

    @property
    def evidence(self) -> Evidence:
        """The answer as the verdict sees it, before it is saved."""
        return Evidence(self.value.kind, self.value.text, self.observed_on, self.valid_until)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One result from another system, unchecked: a kind of ours or a LOINC code, and texts as they came."""

    value: str
    unit: str
    observed_on: str
    kind: str = ""
    loinc: str = ""
    note: str = ""
    source_id: str = ""
