"""What must be known before treatment, how long it holds, whom it concerns and what each answer means.

The rows and the thresholds are data (``evaluation/data/requirements.json``): settings with a source and a
mark where unverified. How long a result holds is a product default throughout; a clinic sets its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from .kinds import DATA, KINDS

VERIFIED = ("verified", "computed", "clinic")


class Scope(StrEnum):
    """On which day a requirement's age is measured.

    ``once``: the course's first day. ``course``: the first day of the block a visit belongs to (the course's
    first day for the induction, a later maintenance infusion's own day). ``infusion``: the visit's own day.
    """

    ONCE = "once"
    COURSE = "course"
    INFUSION = "infusion"


class Purpose(StrEnum):
    """A clearance is signed for a course and needed to book; the gate is needed to start on the day."""

    CLEARANCE = "clearance"
    GATE = "gate"


class Asked(StrEnum):
    """When a requirement is asked for: of everybody, once another finding opens it, or only of what was reported."""

    ALWAYS = "always"
    WHEN_OPENED = "when_opened"
    WHEN_REPORTED = "when_reported"


class Effect(StrEnum):
    """What a finding does to the verdict, from nothing to refusal."""

    NONE = "none"
    WARN = "warn"
    ASK = "ask"
    HOLD = "hold"
    REFUSE = "refuse"

    @property
    def rank(self) -> int:
        return list(Effect).index(self)


@dataclass(frozen=True, slots=True)
class Subject:
    """The patient as far as the rules need: unknown is ``unknown``, and asks; it never assumes.

    ``sex`` is the sex recorded for care; ``past_menopause`` and ``hysterectomy`` are yes, no or unknown;
    ``condition`` is one of the seven, or empty where it is not known.
    """

    birth_date: date
    sex: str = "unknown"
    past_menopause: str = "unknown"
    hysterectomy: str = "unknown"
    deceased: bool = False
    condition: str = ""

    def age_on(self, day: date) -> int:
        """Completed years on a day."""
        before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before


@dataclass(frozen=True, slots=True)
class Threshold:
    """One setting: its value with unit, where it comes from and whether that was verified."""

    code: str
    label: str
    value: Decimal
    unit: str
    source: str
    status: str

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Every number the verdict uses. Ages in years, waits in days, counts and levels in the canonical unit."""

    minimum_age_years: Threshold
    course_block_days: Threshold
    neutrophils_hold: Threshold
    igg_hold: Threshold
    igg_warn: Threshold
    live_vaccine_days: Threshold
    override_days: Threshold
    nonlive_vaccine_days: Threshold
    influenza_vaccine_days: Threshold
    igg_mild: Threshold

    @classmethod
    def parse(cls, rows: Iterable[Mapping[str, Any]]) -> Thresholds:
        """Read the rows; a missing, unknown, negative or unreadable one raises ValueError."""
        found = {}
        for row in rows:
            value = Decimal(str(row["value"]))
            if not value.is_finite() or value < 0:
                raise ValueError(f"{row['code']} must be a number of zero or more")
            found[row["code"]] = Threshold(
                row["code"], row["label"], value, row["unit"], row["source"], row["status"]
            )
        expected = {each.name for each in fields(cls)}
        if set(found) != expected:
            raise ValueError(f"thresholds differ: {sorted(set(found) ^ expected)}")
        return cls(**found)

    @property
    def every(self) -> tuple[Threshold, ...]:
        return tuple(getattr(self, each.name) for each in fields(self))

    def named(self, code: str) -> Decimal:
        """One number by its code."""
        value: Decimal = getattr(self, code).value
        return value

    def days(self, code: str) -> int:
        return int(self.named(code))

    def changed(self, values: Mapping[str, Decimal]) -> Thresholds:
        """The same thresholds with some values replaced, as a clinic's own settings would."""
        return replace(
            self, **{code: replace(getattr(self, code), value=value) for code, value in values.items()}
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """What one answer means: for choices in ``when``, numbers below a threshold, or a day within a wait.

    ``conditions`` narrows a rule to those diseases; where the disease is not known the rule holds. A
    ``lasting`` answer goes on counting after a newer one says otherwise, until it is corrected with a reason.

    ``opens`` names the requirements that the answer raises. Where ``then`` is given, the effect falls to it, with
    ``then_words``, as soon as none of them stands in the way; ``new_signature`` also asks at the gate for a clearance
    signed after the answer. ``final`` (None means as its requirement) is what no override opens.
    """

    kind: str
    effect: Effect
    words: str
    patient: str
    source: str
    status: str
    when: frozenset[str] = frozenset()
    below: str = ""
    within_days: str = ""
    conditions: frozenset[str] = frozenset()
    lasting: bool = False
    opens: tuple[str, ...] = ()
    then: Effect | None = None
    then_words: str = ""
    new_signature: bool = False
    final: bool | None = None

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whom a requirement concerns: sexes, ages in completed years inclusive, and what ends it."""

    sexes: frozenset[str] = frozenset()
    from_age: int | None = None
    to_age: int | None = None
    ends_with_menopause: bool = False
    ends_with_hysterectomy: bool = False

    def concerns(self, subject: Subject, on: date) -> bool | None:
        """True, False, or None where what is recorded does not tell."""
        age = subject.age_on(on)
        if self.from_age is not None and age < self.from_age:
            return False
        if self.to_age is not None and age > self.to_age:
            return False
        if self.sexes and subject.sex in ("female", "male") and subject.sex not in self.sexes:
            return False
        ends = []
        if self.ends_with_menopause:
            ends.append(subject.past_menopause)
        if self.ends_with_hysterectomy:
            ends.append(subject.hysterectomy)
        if "yes" in ends:
            return False
        if self.sexes and subject.sex not in ("female", "male"):
            return None
        return None if any(answer != "no" for answer in ends) else True

    def unanswered(self, subject: Subject) -> tuple[str, ...]:
        """What must be recorded before it can be told whom this concerns, in words."""
        asked = []
        if self.sexes and subject.sex not in ("female", "male"):
            asked.append("the sex recorded for care")
        if self.ends_with_menopause and subject.past_menopause == "unknown":
            asked.append("menopause")
        if self.ends_with_hysterectomy and subject.hysterectomy == "unknown":
            asked.append("hysterectomy")
        return tuple(asked)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing that must be known. ``needs`` lists groups: one kind out of each group must be on record.

    ``maximum_age_days`` counts from the day observed to the scope's day, inclusive; None means it holds until
    a ``valid_until`` of its own, or for good. ``role`` says who may satisfy it, ``acts`` who must. What is asked
    only once another finding opened it and ``follows`` that finding counts only where it was given after it. What is
    ``final`` is opened by no override: it needs a newly signed evaluation. ``lacking`` is what its absence does.
    """

    code: str
    label: str
    section: str
    scope: Scope
    maximum_age_days: int | None
    purposes: frozenset[Purpose]
    role: str
    acts: str
    dated: str
    why: str
    source: str
    status: str
    age_source: str
    age_status: str
    patient_missing: str
    patient_lapsed: str
    needs: tuple[tuple[str, ...], ...] = ()
    needs_by_condition: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = ()
    rules: tuple[Rule, ...] = ()
    applies: Applicability = Applicability()
    asked: Asked = Asked.ALWAYS
    follows: bool = False
    final: bool = False
    lacking: Effect = Effect.ASK

    @property
    def verified(self) -> bool:
        return self.status in VERIFIED

    def needs_for(self, condition: str) -> tuple[tuple[str, ...], ...]:
        """The groups for one disease; empty where a disease is needed to tell and is not known."""
        return dict(self.needs_by_condition).get(condition, self.needs)

    def kinds_for(self, condition: str) -> tuple[str, ...]:
        return tuple(kind for group in self.needs_for(condition) for kind in group)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The requirements of a clinic with the thresholds they are judged by."""

    requirements: tuple[Requirement, ...]
    thresholds: Thresholds

    def serving(self, purpose: Purpose) -> tuple[Requirement, ...]:
        return tuple(each for each in self.requirements if purpose in each.purposes)

    def __getitem__(self, code: str) -> Requirement:
        return next(each for each in self.requirements if each.code == code)


def _groups(rows: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group) for group in rows)


def _rule(row: Mapping[str, Any]) -> Rule:
    tests = ("when" in row) + ("below" in row) + ("within_days" in row)
    if tests != 1 or row["kind"] not in KINDS:
        raise ValueError(f"a rule needs a known kind and exactly one test: {row}")
    return Rule(
        kind=row["kind"],
        effect=Effect(row["effect"]),
        words=row["words"],
        patient=row["patient"],
        source=row["source"],
        status=row["status"],
        when=frozenset(row.get("when", ())),
        below=row.get("below", ""),
        within_days=row.get("within_days", ""),
        conditions=frozenset(row.get("conditions", ())),
        lasting=row.get("lasting", False),
        opens=tuple(row.get("opens", ())),
        then=Effect(row["then"]) if "then" in row else None,
        then_words=row.get("then_words", ""),
        new_signature=row.get("new_signature", False),
        final=row.get("final"),
    )


def _requirement(row: Mapping[str, Any]) -> Requirement:
    applies = row.get("applies", {})
    by_condition = tuple((key, _groups(groups)) for key, groups in row.get("needs_by_condition", {}).items())
    read = Requirement(
        **{
            name: row[name]
            for name in (
                "code",
                "label",
                "section",
                "maximum_age_days",
                "role",
                "acts",
                "dated",
                "why",
                "source",
                "status",
                "age_source",
                "age_status",
                "patient_missing",
                "patient_lapsed",
            )
        },
        scope=Scope(row["scope"]),
        purposes=frozenset(Purpose(each) for each in row["purposes"]),
        needs=_groups(row["needs"]),
        needs_by_condition=by_condition,
        rules=tuple(_rule(each) for each in row["rules"]),
        applies=Applicability(
            sexes=frozenset(applies.get("sexes", ())),
            from_age=applies.get("from_age"),
            to_age=applies.get("to_age"),
            ends_with_menopause=applies.get("ends_with_menopause", False),
            ends_with_hysterectomy=applies.get("ends_with_hysterectomy", False),
        ),
        asked=Asked(row.get("asked", Asked.ALWAYS)),
        follows=row.get("follows", False),
        final=row.get("final", False),
        lacking=Effect(row.get("lacking", Effect.ASK)),
    )
    every = {kind for _, groups in (("", read.needs), *by_condition) for group in groups for kind in group}
    if unknown := every - set(KINDS):
        raise ValueError(f"{read.code} needs kinds nobody knows: {sorted(unknown)}")
    return read


def parse_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """Read requirements and thresholds; a malformed row raises KeyError or ValueError."""
    requirements = tuple(_requirement(row) for row in document["requirements"])
    _in_order(requirements)
    return Catalogue(requirements, Thresholds.parse(document["thresholds"]))


def _in_order(requirements: tuple[Requirement, ...]) -> None:
    """What a rule opens stands below it, so that one pass from the top knows everything that was opened."""
    raised: set[str] = set()
    for each in reversed(requirements):
        for code in (code for rule in each.rules for code in rule.opens):
            if code not in raised:
                raise ValueError(f"{each.code} opens {code}, which is not a requirement opened below it")
        if each.asked == Asked.WHEN_OPENED:
            raised.add(each.code)


DEFAULTS = parse_catalogue(json.loads((DATA / "requirements.json").read_text(encoding="utf-8")))
