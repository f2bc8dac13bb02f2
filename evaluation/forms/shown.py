"""The requirements in force in words, for the page that lists them."""

from __future__ import annotations

from dataclasses import dataclass

from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import Asked, Catalogue, Purpose, Requirement, Rule, Scope, Threshold
from evaluation.domain.values import plain

RECORDERS = {
    "clinical": "Nurse or prescriber",
    "prescriber": "Prescriber",
    "administrative": "Front desk, nurse or pharmacist",
    "derived": "Follows from another record",
}
COUNTED = {
    Scope.ONCE: "to the start of the course",
    Scope.COURSE: "to the start of the course, or a later infusion's own day",
    Scope.INFUSION: "to the day of the infusion",
}
UNITS = {unit.code: unit.label for kind in KINDS.values() for unit in kind.units}


def unit_words(code: str) -> str:
    """A unit as people write it."""
    return UNITS.get(code, code)


@dataclass(frozen=True, slots=True)
class InForce:
    """One requirement in words."""

    requirement: Requirement
    evidence: tuple[str, ...]
    holds: str
    recorded_by: str
    blocks: str
    asked: str
    rules: tuple[tuple[str, Rule], ...]
    final: str


def in_force(catalogue: Catalogue) -> list[tuple[str, list[InForce]]]:
    """Every requirement of a catalogue by its section, in the registry's order."""
    return [
        (label, rows)
        for code, label in KINDS.sections
        if (rows := [_shown(each, catalogue) for each in catalogue.requirements if each.section == code])
    ]


def thresholds(catalogue: Catalogue) -> list[tuple[Threshold, str]]:
    """Every number the rules use, with its unit as people write it."""
    return [(each, f"{plain(each.value)} {unit_words(each.unit)}") for each in catalogue.thresholds.every]


def _shown(requirement: Requirement, catalogue: Catalogue) -> InForce:
    groups = [*requirement.needs]
    evidence = [" or ".join(KINDS[kind].label for kind in group) for group in groups]
    for condition, needs in requirement.needs_by_condition:
        named = " and ".join(" or ".join(KINDS[kind].label for kind in group) for group in needs)
        evidence.append(f"{condition}: {named}")
    return InForce(
        requirement,
        tuple(evidence),
        _holds(requirement),
        RECORDERS[requirement.role],
        _blocks(requirement),
        _asked(requirement, catalogue),
        tuple((_test_of(rule, catalogue), rule) for rule in requirement.rules),
        _final(requirement, catalogue),
    )


def _final(requirement: Requirement, catalogue: Catalogue) -> str:
    """What of a requirement no override opens, in words; empty where all of it may be opened."""
    apart = [
        _test_of(rule, catalogue).lower()
        for rule in requirement.rules
        if rule.final is not requirement.final and rule.final is not None
    ]
    if requirement.final:
        return f"No override opens it{', except where it is ' + ' or '.join(apart) if apart else ''}"
    return f"No override opens it where it is {' or '.join(apart)}" if apart else ""


def _test_of(rule: Rule, catalogue: Catalogue) -> str:
    """What a rule looks for, in words."""
    kind = KINDS[rule.kind]
    if rule.when:
        named = (choice.label.replace(" …", "") for choice in kind.choices if choice.code in rule.when)
        words = " or ".join(named)
    else:
        threshold = getattr(catalogue.thresholds, rule.below or rule.within_days)
        value = f"{plain(threshold.value)} {unit_words(threshold.unit)}"
        words = f"Below {value}" if rule.below else f"Within {value}"
    return f"{words}, in {', '.join(sorted(rule.conditions))}" if rule.conditions else words


def _holds(requirement: Requirement) -> str:
    days = requirement.maximum_age_days
    if requirement.follows:
        return "For what it answers; the next one asks anew"
    if days is None:
        return "Until the day it names, or until it is answered anew"
    counted = COUNTED[requirement.scope]
    return f"{days} {'day' if days == 1 else 'days'}, counted {counted}" if days else "On the same day only"


def _blocks(requirement: Requirement) -> str:
    words = {Purpose.CLEARANCE: "Signing, and so booking", Purpose.GATE: "Starting premedication"}
    return "; ".join(words[each] for each in Purpose if each in requirement.purposes)


def _asked(requirement: Requirement, catalogue: Catalogue) -> str:
    if requirement.asked == Asked.WHEN_REPORTED:
        return "When it is reported"
    if requirement.asked == Asked.WHEN_OPENED:
        by = [
            each.label
            for each in catalogue.requirements
            if any(requirement.code in rule.opens for rule in each.rules)
        ]
        return f"Opened by: {', '.join(by)}"
    applies = requirement.applies
    if not applies.sexes:
        return ""
    return f"Asked of {' and '.join(sorted(applies.sexes))} patients from {applies.from_age} to {applies.to_age} years"
