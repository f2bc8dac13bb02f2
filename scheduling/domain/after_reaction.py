"""What a reaction means for the infusions that follow: data with a source, decided by nobody but people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
READ = frozenset({"verified", "computed"})


@dataclass(frozen=True, slots=True)
class After:
    """What follows from a grade: the first infusion's rates for the next one, or for good; who reviews before the next
    (empty: nobody is asked); and what the next bedside is reminded of.
    """

    grade: int
    slow_next: bool
    slow_for_good: bool
    review: str
    prompt: str
    source: str
    verified: bool


def parse_after(rows: Iterable[Mapping[str, Any]]) -> Mapping[int, After]:
    """The rows by grade; KeyError where the file is at fault."""
    return MappingProxyType(
        {
            row["grade"]: After(
                row["grade"],
                row["slow_next"],
                row["slow_for_good"],
                row["review"],
                row["prompt"],
                row["source"],
                row["status"] in READ,
            )
            for row in rows
        }
    )


AFTER = parse_after(json.loads((DATA / "after_reaction.json").read_text(encoding="utf-8"))["grades"])


def goes_slowly(past: Sequence[tuple[date, int]], after: Mapping[int, After] = AFTER) -> bool:
    """Whether the next infusion runs at the first infusion's rates because of a reaction: any that slows for good, or
    the last infusion's where it slows the next. ``past`` are the patient's infusions as (day, CTCAE grade).
    """
    if any(grade in after and after[grade].slow_for_good for _, grade in past):
        return True
    last = max((day for day, _ in past), default=None)
    return any(grade in after and after[grade].slow_next for day, grade in past if day == last)


def reminded_of(past: Sequence[tuple[date, int]], after: Mapping[int, After] = AFTER) -> After | None:
    """What the next bedside is reminded of: the worst of what slows for good and of the last infusion's reaction."""
    last = max((day for day, _ in past), default=None)
    counted = [
        after[grade] for day, grade in past if grade in after and (after[grade].slow_for_good or day == last)
    ]
    return max(counted, key=lambda each: each.grade, default=None)
