"""What an override makes of a verdict's findings: what it opens is a warning that says who opened it and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from .findings import Finding, Override
from .requirements import Effect
from .values import long_day


def opened(findings: Iterable[Finding], overrides: Sequence[Override], last: date) -> list[Finding]:
    """The findings with those opened that an override names and that still stand as they stood then.

    ``last`` is the later of today and the day judged: past its last day an override opens nothing.
    """
    return [
        _opened(finding, next((each for each in overrides if each.opens(finding, last)), None))
        for finding in findings
    ]


def _opened(finding: Finding, override: Override | None) -> Finding:
    if override is None:
        return finding
    words = f"Opened by {override.by} until {long_day(override.until)} because: {override.reason}"
    words = f"{words}{'' if words.endswith('.') else '.'} What stood in the way: {finding.words}"
    return replace(finding, effect=Effect.WARN, words=words, patient="", opened_by=override)
