"""May we treat? A pure judgement from the patient, the evidence, the requirements and a day, with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from .findings import Evidence, Finding, Override, Standing, State, Verdict
from .kinds import KINDS
from .overrides import opened
from .reflexes import Known, answered, not_asked, opened_by, that_follows
from .requirements import (
    DEFAULTS,
    Asked,
    Catalogue,
    Effect,
    Purpose,
    Requirement,
    Rule,
    Scope,
    Subject,
    Thresholds,
)
from .values import Value, describe, long_day, plain, read_stored


@dataclass(frozen=True, slots=True)
class _Day:
    """The day judged, and the day each scope measures age at."""

    on: date
    today: date
    course_start: date | None
    thresholds: Thresholds

    def measured_at(self, scope: Scope) -> date:
        if self.course_start is None or scope == Scope.INFUSION:
            return self.on
        if scope == Scope.ONCE:
            return self.course_start
        block = timedelta(days=self.thresholds.days("course_block_days"))
        return self.course_start if self.on <= self.course_start + block else self.on


def _built_in(code: str, label: str, source: str) -> Requirement:
    return Requirement(
        code=code,
        label=label,
        section="patient",
        scope=Scope.INFUSION,
        maximum_age_days=None,
        purposes=frozenset(Purpose),
        role="derived",
        acts="prescriber",
        final=True,
        dated="",
        why=source,
        source=source,
        status="product_default",
        age_source="",
        age_status="",
        patient_missing="",
        patient_lapsed="",
    )


ALIVE = _built_in("alive", "Alive", "The dead are not scheduled")
ADULT = _built_in("adult", "Adult", "Adults only: this product's scope")


def judge(
    subject: Subject,
    evidence: Iterable[Evidence],
    *,
    on: date,
    purpose: Purpose,
    catalogue: Catalogue = DEFAULTS,
    course_start: date | None = None,
    today: date | None = None,
    overrides: Sequence[Override] = (),
) -> Verdict:
    """Judge a day. The order of the evidence does not matter; what was observed after the day is left out.

    The newest result of a kind counts; of two on one day, the worse. ``course_start`` is the course's first
    infusion (planned, then as given), None while there is no course. ``today`` tells what lapses before a day
    still to come from what has lapsed already; without it the day judged is today. ``overrides`` are those that
    stand for the visit judged.
    """
    day = _Day(on, today or on, course_start, catalogue.thresholds)
    known: dict[str, list[tuple[Evidence, Value]]] = {}
    for each in evidence:
        value = read_stored(each.kind, each.value) if each.observed_on <= on else None
        if value is not None:
            known.setdefault(each.kind, []).append((each, value))
    findings = [*_about_the_patient(subject, day)]
    for requirement in catalogue.serving(purpose):
        findings.append(_find(requirement, subject, known, day, opened_by(findings, requirement.code)))
    findings = opened(answered(findings, known, purpose), overrides, max(on, day.today))
    worst = max((finding.effect for finding in findings), key=lambda effect: effect.rank)
    holds = [finding.hold_until for finding in findings if finding.effect == Effect.HOLD]
    until = max(holds) if worst == Effect.HOLD and all(holds) else None  # type: ignore[type-var]
    return Verdict(_STATES[worst], on, purpose, tuple(findings), until)


_STATES = {
    Effect.REFUSE: State.REFUSED,
    Effect.HOLD: State.HOLD,
    Effect.ASK: State.INCOMPLETE,
    Effect.WARN: State.CLEARED_WITH_WARNINGS,
    Effect.NONE: State.CLEARED,
}


def _about_the_patient(subject: Subject, day: _Day) -> Iterable[Finding]:
    if subject.deceased:
        yield Finding(ALIVE, Standing.FAILED, Effect.REFUSE, "The patient has died.", final=True)
    youngest = day.thresholds.minimum_age_years
    years = subject.age_on(day.on)
    if years < youngest.value:
        least = plain(youngest.value)
        words = f"The patient is {max(years, 0)} on {long_day(day.on)}. Nobody under {least} is treated here."
        patient = f"This treatment is for people of {least} and older."
        yield Finding(
            ADULT,
            Standing.FAILED,
            Effect.REFUSE,
            words,
            patient,
            source=youngest.source,
            verified=youngest.verified,
            final=True,
        )
    else:
        yield Finding(ADULT, Standing.MET, Effect.NONE, f"{years} years old.")


def _find(
    requirement: Requirement, subject: Subject, known: Known, day: _Day, openers: tuple[Evidence, ...]
) -> Finding:
    if requirement.asked == Asked.WHEN_OPENED:
        if not openers:
            return not_asked(requirement)
        known = that_follows(known, requirement, openers)
    if requirement.asked == Asked.WHEN_REPORTED and not any(
        known.get(kind) for kind in requirement.kinds_for(subject.condition)
    ):
        return not_asked(requirement)
    concerns = requirement.applies.concerns(subject, day.on)
    if concerns is False:
        return Finding(requirement, Standing.NOT_APPLICABLE, Effect.NONE, "Does not apply to this patient.")
    groups = requirement.needs_for(subject.condition)
    if not groups:
        words = "The disease must be known to tell which score is needed."
        return Finding(requirement, Standing.ASK, Effect.ASK, words, requirement.patient_missing)
    found = [_of_group(requirement, group, subject, known, day) for group in groups]
    worst = max(found, key=_badness)
    merged = replace(
        worst,
        words=_words_of(found, worst),
        lacks=tuple(kind for finding in found for kind in finding.lacks),
        evidence=tuple(each for finding in found for each in finding.evidence),
        good_until=min((f.good_until for f in found if f.good_until), default=None),
        raised=tuple(dict.fromkeys(pair for finding in found for pair in finding.raised)),
    )
    if concerns is None and merged.standing in (Standing.MISSING, Standing.LAPSED, Standing.WILL_LAPSE):
        asked = " and ".join(requirement.applies.unanswered(subject))
        words = f"{merged.words} Whether it is needed is not known: record {asked} on the patient's page."
        return replace(merged, standing=Standing.ASK, words=words)
    return merged


_ORDER = [Standing.MET, Standing.WILL_LAPSE, Standing.LAPSED, Standing.ASK, Standing.MISSING, Standing.FAILED]


def _badness(finding: Finding) -> tuple[int, int]:
    return finding.effect.rank, _ORDER.index(finding.standing)


def _words_of(found: list[Finding], worst: Finding) -> str:
    """The worst finding's words; where several kinds stand equally badly, all of theirs, each by its name."""
    alike = [f for f in found if f.effect == worst.effect]
    gone = [
        " or ".join(KINDS[kind].label for kind in f.lacks) for f in alike if f.standing == Standing.MISSING
    ]
    others = [f.words for f in alike if f.standing != Standing.MISSING]
    if len(found) > 1 and worst.effect == Effect.NONE:
        others = [_series(alike)]
    if not gone:
        return " ".join(dict.fromkeys(others))
    named = len(found) > 1 or " or " in gone[0]
    missing = f"Not on record: {', '.join(gone)}." if named else "Not on record yet."
    return " ".join([missing, *dict.fromkeys(others)])


def _series(found: list[Finding]) -> str:
    """Several good values in one sentence for each day on which they were taken."""
    days: dict[date, list[str]] = {}
    for each in (piece for finding in found for piece in finding.evidence):
        named = f"{KINDS[each.kind].label} {describe(each.kind, each.value)}"
        days.setdefault(each.observed_on, []).append(named)
    dated = found[0].requirement.dated
    return " ".join(f"{', '.join(values)}. {dated} {long_day(day)}." for day, values in days.items())


def _of_group(
    requirement: Requirement,
    group: tuple[str, ...],
    subject: Subject,
    known: Known,
    day: _Day,
) -> Finding:
    """The best of the kinds that serve equally; where none is on record, all of them are named."""
    judged = [_of_kind(requirement, kind, subject, known.get(kind, []), day) for kind in group]
    best = min(judged, key=_badness)
    return replace(best, lacks=group) if best.standing == Standing.MISSING else best


def _of_kind(
    requirement: Requirement, kind: str, subject: Subject, known: Sequence[tuple[Evidence, Value]], day: _Day
) -> Finding:
    if not known:
        age, measured = requirement.maximum_age_days, day.measured_at(requirement.scope)
        return Finding(
            requirement,
            Standing.MISSING,
            requirement.lacking,
            "Not on record yet.",
            requirement.patient_missing,
            lacks=(kind,),
            due_from=measured - timedelta(days=age) if age is not None else None,
            final=requirement.final,
        )
    ruled = [
        (e, v, _matching(requirement, kind, v, subject, day)) for e, v in sorted(known, key=_newest_first)
    ]
    newest = max(each.observed_on for each, _ in known)
    lasting = [each for each in ruled if each[2] and each[2].lasting]
    counted = lasting or [(e, v, rule) for e, v, rule in ruled if e.observed_on == newest]
    judged = [_judged(requirement, e, v, rule, day) for e, v, rule in counted]
    worst = max(judged, key=lambda each: (*_badness(each), each.hold_until or date.min))
    raised = tuple(dict.fromkeys((rule, e) for e, _, rule in counted if rule and (rule.opens or rule.then)))
    return replace(worst, raised=raised)


def _newest_first(pair: tuple[Evidence, Value]) -> tuple[int, str, date, int]:
    each = pair[0]
    return -each.observed_on.toordinal(), each.value, each.valid_until or date.max, each.ref or 0


def _matching(requirement: Requirement, kind: str, value: Value, subject: Subject, day: _Day) -> Rule | None:
    for rule in requirement.rules:
        if rule.kind != kind or (
            rule.conditions and subject.condition and subject.condition not in rule.conditions
        ):
            continue
        if rule.when and value.choice in rule.when:
            return rule
        if (
            rule.below
            and value.number is not None
            and value.number < getattr(day.thresholds, rule.below).value
        ):
            return rule
        if (
            rule.within_days
            and value.day
            and day.on < value.day + timedelta(days=day.thresholds.days(rule.within_days))
        ):
            return rule
    return None


def _judged(requirement: Requirement, each: Evidence, value: Value, rule: Rule | None, day: _Day) -> Finding:
    label, shown = KINDS[each.kind].label, describe(each.kind, each.value)
    limits = [each.valid_until] if each.valid_until else []
    measured, age = day.measured_at(requirement.scope), requirement.maximum_age_days
    if age is not None:
        limits.append(each.observed_on + timedelta(days=age))
    good_until = min(limits, default=None)
    base = Finding(
        requirement,
        Standing.MET,
        Effect.NONE,
        f"{shown}. {requirement.dated} {long_day(each.observed_on)}.",
        evidence=(each,),
        good_until=good_until,
        final=requirement.final,
    )
    if rule and rule.effect in (Effect.HOLD, Effect.REFUSE):
        return _ruled(replace(base, standing=Standing.FAILED), rule, value, day)
    if good_until is not None and good_until < measured:
        soon = day.today < day.on and good_until >= day.today
        words = f"{label} of {long_day(each.observed_on)} "
        words += f"holds until {long_day(good_until)} only." if soon else f"lapsed on {long_day(good_until)}."
        return replace(
            base,
            standing=Standing.WILL_LAPSE if soon else Standing.LAPSED,
            effect=requirement.lacking,
            words=words,
            patient=requirement.patient_lapsed,
            lacks=(each.kind,),
            due_from=measured - timedelta(days=age) if age is not None else None,
        )
    if rule:
        return _ruled(
            replace(base, standing=Standing.ASK if rule.effect == Effect.ASK else Standing.MET),
            rule,
            value,
            day,
        )
    return base


def _ruled(base: Finding, rule: Rule, value: Value, day: _Day) -> Finding:
    until = (
        value.day + timedelta(days=day.thresholds.days(rule.within_days))
        if rule.within_days and value.day
        else None
    )
    threshold = getattr(day.thresholds, rule.below) if rule.below else None
    unit = KINDS[rule.kind].unit
    names = {
        "value": describe(rule.kind, value.text),
        "limit": f"{plain(threshold.value)} {unit.label}" if threshold and unit else "",
        "day": long_day(value.day) if value.day else "",
        "until": long_day(until) if until else "",
        "said": base.evidence[0].said or describe(rule.kind, value.text),
    }
    recorded = f" {base.requirement.dated} {long_day(base.evidence[0].observed_on)}."
    return replace(
        base,
        effect=rule.effect,
        words=rule.words.format(**names) + recorded,
        patient=rule.patient,
        hold_until=until,
        source=rule.source,
        verified=rule.verified,
        final=base.final if rule.final is None else rule.final,
    )


def sample_spans(
    subject: Subject, *, on: date, course_start: date | None, catalogue: Catalogue = DEFAULTS
) -> tuple[tuple[Requirement, date, date], ...]:
    """For each laboratory test the gate asks for on a day: the first day on which a sample would count and the last,
    the day its age is measured at. Tests that do not concern the patient are left out.
    """
    day = _Day(on, on, course_start, catalogue.thresholds)
    found = []
    for requirement in catalogue.serving(Purpose.GATE):
        age = requirement.maximum_age_days
        if requirement.section != "screening" or requirement.asked != Asked.ALWAYS or age is None:
            continue
        if requirement.applies.concerns(subject, on) is not False:
            measured = day.measured_at(requirement.scope)
            found.append((requirement, measured - timedelta(days=age), measured))
    return tuple(found)
