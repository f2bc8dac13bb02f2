"""What one finding asks of another: requirements that an answer opens, and what becomes of it once they are met."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .findings import Evidence, Finding, Standing
from .requirements import Effect, Purpose, Requirement, Rule
from .values import Value, long_day

Known = Mapping[str, Sequence[tuple[Evidence, Value]]]


def opened_by(findings: Iterable[Finding], code: str) -> tuple[Evidence, ...]:
    """The evidence that opens a requirement, from the findings above it."""
    return tuple(
        dict.fromkeys(each for finding in findings for rule, each in finding.raised if code in rule.opens)
    )


def that_follows(known: Known, requirement: Requirement, openers: Sequence[Evidence]) -> Known:
    """The evidence that counts for an opened requirement: all of it, or only what was given after what opened it."""
    if not requirement.follows:
        return known
    kinds = {kind for group in requirement.needs for kind in group}
    return {
        kind: [pair for pair in known.get(kind, ()) if all(pair[0].follows(each) for each in openers)]
        for kind in kinds
    }


def not_asked(requirement: Requirement) -> Finding:
    """How a requirement stands that nothing has opened, or of which nothing was reported."""
    return Finding(requirement, Standing.NOT_APPLICABLE, Effect.NONE, "Nothing on record asks for this.")


def answered(findings: Sequence[Finding], known: Known, purpose: Purpose) -> list[Finding]:
    """The findings with each effect fallen to what it is once nothing that it opened stands in the way.

    Read from the bottom, because what is opened may open something itself.
    """
    by_code = {finding.code: finding for finding in findings}
    signatures = [each for each, value in known.get("clearance", ()) if value.choice == "signed"]
    for finding in reversed(findings):
        rule = _in_force(finding)
        if rule is None or rule.then is None:
            continue
        if any(by_code[code].blocks for each, _ in finding.raised for code in each.opens if code in by_code):
            continue
        unsigned = rule.new_signature and not _signed_after(finding, signatures)
        if not (unsigned and purpose == Purpose.GATE):
            by_code[finding.code] = _fallen(finding, rule, rule.then)
    return [by_code[finding.code] for finding in findings]


def _in_force(finding: Finding) -> Rule | None:
    """The rule that made the finding's effect, where it is one that may fall."""
    return next((rule for rule, _ in finding.raised if rule.effect == finding.effect), None)


def _signed_after(finding: Finding, signatures: Sequence[Evidence]) -> bool:
    """Whether a standing clearance was signed after everything that asks for a new signature."""
    asking = [each for rule, each in finding.raised if rule.new_signature]
    return any(all(signature.follows(each) for each in asking) for signature in signatures)


def _fallen(finding: Finding, rule: Rule, effect: Effect) -> Finding:
    day = finding.evidence[0].observed_on if finding.evidence else None
    words = f"{rule.then_words} {finding.requirement.dated} {long_day(day)}." if day else rule.then_words
    return replace(
        finding,
        standing=Standing.MET,
        effect=effect,
        words=words,
        patient="",
        lacks=(),
        good_until=None,
        hold_until=None,
        due_from=None,
    )
