"""The bedside's rules are data: each with a source, each marked where none was read, and as the facts have them."""

import json

import pytest

from treatment.domain.rules import DATA, RULES, parse_rules

FILES = {
    name: json.loads((DATA / name).read_text(encoding="utf-8")) for name in ("bedside.json", "reactions.json")
}
STATUSES = {"verified", "computed", "secondary", "knowledge", "product_default"}


def rows(found):
    """Every row of a file that states a status, with its source."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name == "status" or name.endswith("_status"):
                yield value, found.get(name.replace("status", "source"), "")
            yield from rows(value)
    elif isinstance(found, list):
        for each in found:
            yield from rows(each)


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_rule_names_a_source_and_a_known_status(name):
    found = list(rows(FILES[name]))
    assert {status for status, _ in found} <= STATUSES
    assert [source for _, source in found if not source] == []


def test_rules_are_as_the_facts_have_them():
    assert {code: (int(each.value), each.verified) for code, each in RULES.times.items()} == {
        "vitals_hour_one": (15, True),
        "vitals_hour_one_until": (60, True),
        "vitals_later": (30, False),
        "vitals_before_change": (10, False),
        "late_after": (2, False),
        "clock_grace": (2, False),
    }
    dilution = [RULES.limits[code] for code in ("dilution_least", "dilution_most")]
    assert [(int(each.value), each.unit, each.verified) for each in dilution] == [
        (1, "mg/mL", True),
        (4, "mg/mL", True),
    ]


def test_reactions_propose_what_the_facts_say():
    assert {
        grade: (each.proposal, str(each.resume), each.again, each.verified)
        for grade, each in RULES.grades.items()
    } == {
        1: ("slow", "1/2", "free", False),
        2: ("pause", "1/2", "free", True),
        3: ("stop", "1/2", "order", False),
        4: ("stop", "0", "never", True),
    }


def test_ranges_that_cross_are_refused():
    damaged = json.loads(json.dumps(FILES["bedside.json"]))
    damaged["signs"][0]["usual"] = ["38", "36"]
    with pytest.raises(ValueError, match="the ranges of temperature cross"):
        parse_rules(damaged, FILES["reactions.json"])
