"""Which laboratory checks are due after infusions: derived from what was given, from what is on record and from what a
person has closed, never pushed. A check that is open goes on being open until a fact ends it: a result, an infusion,
or a person who closes the watch with a reason.

The rules are data (``monitoring/data/surveillance.json``), each with its source and a mark where it is unverified.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from evaluation.domain.requirements import DEFAULTS, Thresholds
from regimens.domain.dates import add_months

from .standing import Standing
from .triage import DATA, VERIFIED

SURVEILLANCE: Mapping[str, Any] = json.loads((DATA / "surveillance.json").read_text(encoding="utf-8"))


class Shape(StrEnum):
    """What a check's days are counted from.

    ``every``: the newest result since the first infusion or, without one, the first infusion. ``after``: the last
    infusion. ``before_next``: backwards from the next planned course. ``at_end``: the last infusion of all.
    """

    EVERY = "every"
    AFTER = "after"
    BEFORE_NEXT = "before_next"
    AT_END = "at_end"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a protocol names it."""

    value: int
    unit: str

    def after(self, day: date) -> date:
        return self._from(day, self.value)

    def before(self, day: date) -> date:
        return self._from(day, -self.value)

    def _from(self, day: date, value: int) -> date:
        if self.unit == "months":
            return add_months(day, value)
        return day + timedelta(**{self.unit: value})

    @property
    def words(self) -> str:
        return f"{self.value} {self.unit if self.value != 1 else self.unit[:-1]}"


@dataclass(frozen=True, slots=True)
class When:
    """What must be on record for a check to apply: an answer ever given, or a newest value below a threshold of the
    clinic, named by its code.
    """

    kind: str
    choices: frozenset[str] = frozenset()
    below: str = ""

    def holds(self, results: Iterable[Seen], thresholds: Thresholds) -> bool:
        mine = [each for each in results if each.kind == self.kind]
        if not self.below:
            return any(each.value in self.choices for each in mine)
        newest = max(mine, key=lambda each: each.order, default=None)
        return (
            newest is not None and newest.number is not None and newest.number < thresholds.named(self.below)
        )


@dataclass(frozen=True, slots=True)
class CheckRule:
    """One check: what satisfies it (any of ``kinds``; none means a person decides), whom it concerns, and when.

    ``after_last`` leaves it out while another infusion is planned. ``may_end`` is how long after the last infusion
    the source lets it go on; a person ends it, earlier or later, with a reason. ``visit_title`` is what a visit booked
    for it is called: patients read it, and it names no illness.
    """

    code: str
    title: str
    purpose: str
    shape: Shape
    conditions: frozenset[str]
    kinds: tuple[str, ...]
    when: tuple[When, ...]
    first: Span
    due: Span
    last: Span
    source: str
    status: str
    after_last: bool = False
    may_end: Span | None = None
    visit_title: str = "Blood test"
    window_status: str = ""

    @property
    def concerns(self) -> list[str]:
        """The conditions by code, in order; none means all."""
        return sorted(self.conditions)

    @property
    def verified(self) -> bool:
        """Whether all of it was read in the source, its days too: they share its status unless they have their own."""
        return self.status in VERIFIED and (self.window_status or self.status) in VERIFIED


@dataclass(frozen=True, slots=True)
class Information:
    """Something a source says that asks for nothing here."""

    code: str
    words: str
    conditions: list[str]
    source: str
    status: str

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Seen:
    """A standing result: its day, its kept text and, for a number, its value in the kind's own unit."""

    kind: str
    on: date
    value: str
    number: Decimal | None = None
    ref: int = 0

    @property
    def order(self) -> tuple[date, int, str]:
        """Newer by its day or, on one day, by when it was recorded."""
        return self.on, self.ref, self.value


@dataclass(frozen=True, slots=True)
class Closed:
    """A watch that a person closed on a day; the next infusion opens it again."""

    rule: str
    on: date


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one patient, and the clinic's thresholds. ``next_dose_on`` is the next infusion planned,
    ``next_course_on`` the next that begins a course or is a later dose of its own.
    """

    infusions: frozenset[date] = frozenset()
    conditions: frozenset[str] = frozenset()
    results: frozenset[Seen] = frozenset()
    closed: frozenset[Closed] = frozenset()
    next_dose_on: date | None = None
    next_course_on: date | None = None
    thresholds: Thresholds = DEFAULTS.thresholds


@dataclass(frozen=True, slots=True)
class CheckDue:
    """One check that is open: its day and window, what it counts from, the newest result, and from when on the source
    lets the watch end.
    """

    rule: CheckRule
    due_on: date
    earliest: date
    latest: date
    counted_from: date
    newest_on: date | None
    may_end_on: date | None

    def standing(self, today: date, booked_on: date | None = None) -> Standing:
        """Overdue once its window has closed, due once it is open; booked while a visit for it is still to come."""
        if booked_on is not None and booked_on >= today:
            return Standing.BOOKED
        if self.latest < today:
            return Standing.OVERDUE
        return Standing.DUE if self.earliest <= today else Standing.COMING


def checks_due(facts: Facts, rules: Iterable[CheckRule]) -> tuple[CheckDue, ...]:
    """The checks that are open, soonest due first; at most one of each rule. Nothing before the first infusion."""
    found = [check for rule in rules if (check := _due(rule, facts)) is not None]
    return tuple(sorted(found, key=lambda check: (check.due_on, check.rule.code)))


def due_before(start: date, rules: Iterable[CheckRule]) -> date | None:
    """The day by which the laboratory tests before a course that starts on a day are due, whomever they concern."""
    before = [rule for rule in rules if rule.shape is Shape.BEFORE_NEXT and rule.kinds]
    return min((rule.due.before(start) for rule in before), default=None)


def _due(rule: CheckRule, facts: Facts) -> CheckDue | None:
    if not facts.infusions or not _applies(rule, facts):
        return None
    first, last = min(facts.infusions), max(facts.infusions)
    if any(each.rule == rule.code and each.on >= last for each in facts.closed):
        return None
    results = sorted(each.on for each in facts.results if each.kind in rule.kinds)
    newest = results[-1] if results else None
    if rule.shape is Shape.BEFORE_NEXT:
        if facts.next_course_on is None:
            return None
        start = facts.next_course_on
        opens = rule.first.before(start)
        if newest is not None and newest >= opens:
            return None
        days = (rule.due.before(start), opens, rule.last.before(start))
    else:
        start = last
        if rule.shape is Shape.EVERY:
            start = newest if newest is not None and newest >= first else first
        days = (rule.due.after(start), rule.first.after(start), rule.last.after(start))
        if rule.shape is Shape.AFTER and newest is not None and newest >= days[1]:
            return None
    may_end = rule.may_end.after(last) if rule.may_end is not None else None
    return CheckDue(rule, *days, counted_from=start, newest_on=newest, may_end_on=may_end)


def _applies(rule: CheckRule, facts: Facts) -> bool:
    if rule.conditions and not rule.conditions & facts.conditions:
        return False
    if rule.when and not any(test.holds(facts.results, facts.thresholds) for test in rule.when):
        return False
    ended = facts.next_dose_on is None
    return ended or not (rule.after_last or rule.shape is Shape.AT_END)


def parse_checks(rows: Iterable[Mapping[str, Any]]) -> tuple[CheckRule, ...]:
    """Read the rows. A malformed one raises KeyError or ValueError: the data ships with the product."""
    return tuple(
        CheckRule(
            code=row["code"],
            title=row["title"],
            purpose=row["purpose"],
            shape=Shape(row["shape"]),
            conditions=frozenset(row["conditions"]),
            kinds=tuple(row["kinds"]),
            when=tuple(
                When(
                    test["kind"],
                    frozenset(test.get("in", ())),
                    test.get("below", ""),
                )
                for test in row.get("when", ())
            ),
            first=Span(*row["first"]),
            due=Span(*row["due"]),
            last=Span(*row["last"]),
            source=row["source"],
            status=row["status"],
            after_last=row.get("after_last", False),
            may_end=Span(*row["may_end"]) if "may_end" in row else None,
            visit_title=row.get("visit_title", "Blood test"),
            window_status=row.get("window_status", ""),
        )
        for row in rows
    )


CHECKS = parse_checks(SURVEILLANCE["checks"])
INFORMATION = tuple(Information(**row) for row in SURVEILLANCE["information"])


def check_named(code: str) -> CheckRule | None:
    """The rule with this code, or None where there is none (any more)."""
    return next((rule for rule in CHECKS if rule.code == code), None)
