"""What a judgement says: evidence, a finding for each requirement, and the verdict over them all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from .requirements import Effect, Purpose, Requirement, Rule
from .values import describe, long_day


class State(StrEnum):
    """What the verdict is, from worst to best."""

    REFUSED = "refused"
    HOLD = "hold"
    INCOMPLETE = "incomplete"
    CLEARED_WITH_WARNINGS = "cleared_with_warnings"
    CLEARED = "cleared"


class Standing(StrEnum):
    """How one requirement stands. ``will_lapse``: good today, no longer on the day judged."""

    MET = "met"
    MISSING = "missing"
    LAPSED = "lapsed"
    WILL_LAPSE = "will_lapse"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One standing record: ``value`` is its canonical text, in the kind's canonical unit. ``ref`` names the
    row, ``recorded_at`` says since when it is known here, ``said`` what the patient's own record says.
    """

    kind: str
    value: str
    observed_on: date
    valid_until: date | None = None
    ref: int | None = None
    recorded_at: datetime | None = None
    said: str = ""

    def follows(self, other: Evidence) -> bool:
        """True where this was given after the other was known: on no earlier day, and recorded later."""
        if self.recorded_at is None or other.recorded_at is None:
            return self.observed_on >= other.observed_on
        return self.observed_on >= other.observed_on and self.recorded_at > other.recorded_at


@dataclass(frozen=True, slots=True)
class Override:
    """A prescriber opened the gate of one visit: for the findings as they stood then, through a last day, with a
    reason.
    """

    tokens: frozenset[str]
    by: str
    reason: str
    until: date

    def opens(self, finding: Finding, last: date) -> bool:
        """Whether it opens this finding on a day: never one that is final, nor one that has changed since."""
        return finding.blocks and not finding.final and last <= self.until and finding.token in self.tokens


@dataclass(frozen=True, slots=True)
class Finding:
    """How one requirement stands and what that does. ``words`` are for staff, ``patient`` for the patient:
    a sentence to translate, in which ``{until}`` stands for ``hold_until``.

    ``lacks`` names the kinds to record anew. ``good_until`` is the last day the evidence holds;
    ``hold_until`` the first day on which a hold ends (None where it has no date); ``due_from`` the first day
    on which new evidence would count for the day judged. ``raised`` pairs each rule that opens others or may
    fall with the evidence that met it. ``final`` is what no override opens; ``opened_by`` the override that did.
    """

    requirement: Requirement
    standing: Standing
    effect: Effect
    words: str
    patient: str = ""
    evidence: tuple[Evidence, ...] = ()
    lacks: tuple[str, ...] = ()
    good_until: date | None = None
    hold_until: date | None = None
    due_from: date | None = None
    source: str = ""
    verified: bool = True
    raised: tuple[tuple[Rule, Evidence], ...] = ()
    final: bool = False
    opened_by: Override | None = None

    @property
    def plain(self) -> str:
        """What the patient reads, in English."""
        return self.patient.format(until=long_day(self.hold_until) if self.hold_until else "")

    @property
    def code(self) -> str:
        return self.requirement.code

    @property
    def label(self) -> str:
        return self.requirement.label

    @property
    def token(self) -> str:
        """What tells this finding from any other that the requirement may have later: its effect and its evidence."""
        pieces = sorted(f"{each.kind}={each.value}@{each.observed_on}" for each in self.evidence)
        told = "|".join([self.code, self.effect.value, *pieces])
        return f"{self.code}-{sha256(told.encode()).hexdigest()[:16]}"

    @property
    def acts(self) -> str:
        """Who must act where something is left to do; empty where nothing is. A clinical no goes to the prescriber."""
        if self.effect in (Effect.HOLD, Effect.REFUSE) and self.requirement.role != "administrative":
            return "prescriber"
        return self.requirement.acts if self.blocks else ""

    @property
    def word(self) -> str:
        """How it stands in one word, as the status chips of a screen know it."""
        if self.effect in (Effect.HOLD, Effect.REFUSE):
            return "hold" if self.effect == Effect.HOLD else "refused"
        if self.opened_by is not None:
            return "opened"
        if self.standing == Standing.MET and self.effect == Effect.WARN:
            return "warning"
        words = {Standing.LAPSED: "expired", Standing.WILL_LAPSE: "lapses", Standing.ASK: "unknown"}
        return words.get(self.standing, self.standing.value)

    @property
    def blocks(self) -> bool:
        return self.effect.rank >= Effect.ASK.rank


@dataclass(frozen=True, slots=True)
class Tally:
    """How the requirements of a day stand, counted: met, will have lapsed by then, missing, and those that say no."""

    met: int
    lapses: int
    missing: int
    against: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one day and one purpose, with a finding for each requirement."""

    state: State
    on: date
    purpose: Purpose
    findings: tuple[Finding, ...]
    hold_until: date | None = None

    @property
    def permits(self) -> bool:
        """True where a clearance may be signed, or the gate stands open."""
        return self.state in (State.CLEARED, State.CLEARED_WITH_WARNINGS)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """What stands in the way, worst first."""
        return tuple(sorted((f for f in self.findings if f.blocks), key=lambda f: -f.effect.rank))

    def due_now(self, today: date) -> tuple[Finding, ...]:
        """What stands in the way and can be acted on already; the rest is only asked nearer to the day
        judged.
        """
        return tuple(f for f in self.blocking if f.due_from is None or f.due_from <= today)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.effect == Effect.WARN)

    @property
    def opened(self) -> tuple[Finding, ...]:
        """What would stand in the way and was opened by a prescriber for this visit."""
        return tuple(f for f in self.findings if f.opened_by is not None)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What must still be answered, recorded or repeated."""
        return tuple(f for f in self.findings if f.effect == Effect.ASK)

    @property
    def patient_words(self) -> tuple[str, ...]:
        """Plain sentences on what is holding the infusion; the patient reads these."""
        return tuple(dict.fromkeys(f.plain for f in self.blocking if f.patient))

    @property
    def tally(self) -> Tally:
        """Every requirement that concerns the patient, counted once; what was opened counts as met."""
        blocking = self.blocking
        against = sum(f.effect.rank >= Effect.HOLD.rank for f in blocking)
        lapses = sum(f.standing == Standing.WILL_LAPSE for f in blocking)
        concerned = sum(f.standing != Standing.NOT_APPLICABLE for f in self.findings)
        missing = len(blocking) - against - lapses
        return Tally(concerned - len(blocking), lapses, missing, against)

    @property
    def headline(self) -> str:
        """The verdict in a few words."""
        left = len(self.missing)
        more = f", and {_count(left, 'answer is', 'answers are')} missing" if left else ""
        if self.state == State.REFUSED:
            return "Refused"
        if self.state == State.HOLD:
            return (
                f"Hold until {long_day(self.hold_until)}{more}"
                if self.hold_until
                else f"Hold until resolved{more}"
            )
        if self.state == State.INCOMPLETE:
            return f"Incomplete: {_count(left, 'answer is', 'answers are')} missing"
        if self.state == State.CLEARED_WITH_WARNINGS:
            return f"Cleared with {_count(len(self.warnings), 'warning', 'warnings')}"
        return "Cleared"

    def finding(self, code: str) -> Finding | None:
        return next((f for f in self.findings if f.code == code), None)

    def as_json(self) -> dict[str, Any]:
        """The verdict as it is kept under a signature: plain JSON, readable without this program."""
        return {
            "state": self.state.value,
            "on": self.on.isoformat(),
            "purpose": self.purpose.value,
            "headline": self.headline,
            "hold_until": self.hold_until.isoformat() if self.hold_until else None,
            "findings": [_finding_json(finding) for finding in self.findings],
        }


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "label": finding.label,
        "standing": finding.standing.value,
        "effect": finding.effect.value,
        "words": finding.words,
        "source": finding.source or finding.requirement.source,
        "opened_by": finding.opened_by.by if finding.opened_by else "",
        "evidence": [
            {
                "kind": each.kind,
                "value": each.value,
                "words": describe(each.kind, each.value),
                "observed_on": each.observed_on.isoformat(),
                "result": each.ref,
            }
            for each in finding.evidence
        ],
    }
