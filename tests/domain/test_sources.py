"""docs/clinical.md names every source the rules cite and every requirement they make."""

from __future__ import annotations

import json
import re
from pathlib import Path

from monitoring.domain.follow_up import FOLLOW_UP_RULES

ROOT = Path(__file__).resolve().parents[2]
DOC = (ROOT / "docs" / "clinical.md").read_text(encoding="utf-8")
RULES = DOC.partition("## Sources")[0]
LISTED = re.findall(r"^(S\d+) \| \S", DOC.partition("## Sources")[2], flags=re.M)


def cited_in(text):
    return set(re.findall(r"\bS\d{1,2}\b", text))


def test_every_source_the_data_cite_is_listed():
    cited = {code for rule in FOLLOW_UP_RULES for code in cited_in(rule.source)}
    for room in ("regimens", "evaluation", "monitoring"):
        for path in (ROOT / room / "data").glob("*.json"):
            cited |= cited_in(path.read_text(encoding="utf-8"))
    assert cited - set(LISTED) == set()


def test_every_source_the_document_cites_is_listed_once():
    assert cited_in(RULES) - set(LISTED) == set()
    assert sorted(set(LISTED)) == sorted(LISTED)


def test_every_requirement_stands_in_the_document():
    requirements = json.loads(
        (ROOT / "evaluation" / "data" / "requirements.json").read_text(encoding="utf-8")
    )
    rows = {line.partition(" | ")[0] for line in RULES.splitlines()}
    assert {one["label"] for one in requirements["requirements"]} - rows == set()


def test_every_follow_up_week_stands_in_the_document():
    assert [len(re.findall(rf"\| week {rule.weeks}\b", RULES)) for rule in FOLLOW_UP_RULES] == [1, 1, 1]
