"""What a regimen's definition must say, and how its faults are told."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest

from regimens.defaults import default_definition, default_regimens, library
from regimens.domain.definition import (
    IntervalUnit,
    Label,
    MaintenanceAnchor,
    Regimen,
    Windows,
)
from regimens.domain.parsing import parse_regimen, standalone
from regimens.domain.reading import Problem


def changed(place, value):
    """The STANDARD definition with one value replaced (removed where the value is ``...``)."""
    raw = deepcopy(default_definition("STANDARD"))
    *path, last = place.split("/")[1:]
    at = raw
    for step in path:
        at = at[int(step) if isinstance(at, list) else step]
    last = int(last) if isinstance(at, list) else last
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return raw


def test_standard_reads_as_the_founding_schedule():
    regimen = default_regimens()["STANDARD"]
    assert [(one.day_offset, one.dose.amount, one.dose.unit.value) for one in regimen.induction] == [
        (0, Decimal(1000), "mg"),
        (14, Decimal(1000), "mg"),
    ]
    assert regimen.maintenance is not None
    assert (regimen.maintenance.interval_value, regimen.maintenance.interval_unit) == (6, IntervalUnit.MONTHS)
    assert regimen.maintenance.anchor is MaintenanceAnchor.FIRST_INFUSION_AS_GIVEN
    assert regimen.maintenance.dose.amount == Decimal(1000)
    assert regimen.min_interval_days == 112
    assert regimen.restart_after_days == 52 * 7
    assert regimen.windows == Windows(1, 3, 0, 28)
    assert (regimen.first_profile.code, regimen.subsequent_profile.code) == (
        "first_standard",
        "subsequent_standard",
    )


def test_standard_is_for_all_seven_conditions_and_says_its_schedule_is_off_label():
    regimen = default_regimens()["STANDARD"]
    assert regimen.condition_codes == ("RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV")
    assert (regimen.label_status.us, regimen.label_status.eu) == (Label.OFF_LABEL_SCHEDULE,) * 2
    assert regimen.label_status.us.words == "off-label schedule"
    assert {one.code: (one.use.us.value, one.use.eu.value) for one in regimen.conditions} == {
        "RA": ("approved", "approved"),
        "SLE": ("off_label", "off_label"),
        "MS": ("off_label", "not_approved"),
        "AIHA": ("off_label", "off_label"),
        "GPA": ("approved", "approved"),
        "MPA": ("approved", "approved"),
        "PV": ("approved", "approved"),
    }


def test_standard_keeps_its_unverified_marks_and_the_text_of_every_source_it_cites():
    regimen = default_regimens()["STANDARD"]
    for mark in ("/induction/doses/0/dose", "/maintenance/doses/0/dose", "/min_interval_days", "/window"):
        assert regimen.unverified.count(mark) == 1
    texts = {source.code: source.text for source in regimen.sources if source.code}
    cited = {code for one in regimen.conditions for code in one.sources}
    cited |= {code for one in regimen.premedication for code in one.sources}
    cited |= {*regimen.first_profile.sources, *regimen.subsequent_profile.sources}
    assert cited - set(texts) == set()
    assert all(texts.values())


def test_standard_premedicates_with_three_medicines():
    regimen = default_regimens()["STANDARD"]
    assert [
        (one.drug, str(one.dose) if one.dose else "", one.minutes_before) for one in regimen.premedication
    ] == [
        ("methylprednisolone (or equivalent)", "100 mg", (30,)),
        ("paracetamol/acetaminophen", "1000 mg", (30, 60)),
        ("antihistamine", "", (30, 60)),
    ]


def test_delivered_file_has_no_unknown_source():
    delivered = library()
    cited = {
        code
        for one in (*delivered["conditions"], *delivered["regimens"])
        for code in one["sources"]
        if code.startswith("S")
    }
    assert cited - set(delivered["sources"]) == set()


def test_standalone_knows_no_other_code():
    assert standalone(library(), "NOPE") is None
    assert default_definition("NOPE") is None


def test_definition_without_maintenance_is_read():
    regimen = parse_regimen(changed("/maintenance", {"type": "none"}))
    assert isinstance(regimen, Regimen)
    assert regimen.maintenance is None


def test_definition_in_weeks_keeps_its_unit():
    raw = changed("/maintenance/interval_unit", "weeks")
    raw["maintenance"]["interval_value"] = 24
    regimen = parse_regimen(raw)
    assert isinstance(regimen, Regimen)
    assert regimen.maintenance is not None
    assert (regimen.maintenance.interval_value, regimen.maintenance.interval_unit) == (24, IntervalUnit.WEEKS)


@pytest.mark.parametrize(
    ("place", "value", "problem_at"),
    [
        ("/id", "", "/id"),
        ("/name", "a\x00b", "/name"),
        ("/name", 5, "/name"),
        ("/name", "x" * 501, "/name"),
        ("/induction/doses", [], "/induction/doses"),
        ("/induction/doses/0/day_offset", 1, "/induction/doses/0/day_offset"),
        ("/induction/doses/1/day_offset", 0, "/induction/doses"),
        ("/induction/doses/1/day_offset", 3, "/window"),
        ("/induction/doses/0/dose", 0, "/induction/doses/0/dose"),
        ("/induction/doses/0/dose", -1000, "/induction/doses/0/dose"),
        ("/induction/doses/0/dose", "1e3", "/induction/doses/0/dose"),
        ("/induction/doses/0/dose", float("nan"), "/induction/doses/0/dose"),
        ("/induction/doses/0/dose", True, "/induction/doses/0/dose"),
        ("/induction/doses/0/dose", 5001, "/induction/doses/0/dose"),
        ("/induction/doses/0/unit", "mg/m2", "/dosing"),
        ("/induction/doses/0/unit", "IU", "/induction/doses/0/unit"),
        ("/maintenance", ..., "/maintenance"),
        ("/maintenance/type", "now_and_then", "/maintenance/type"),
        ("/maintenance/type", "repeat_course", "/maintenance/anchor"),
        ("/maintenance/type", "scheduled_months_then_interval", "/maintenance/at_months"),
        ("/maintenance/interval_value", 0, "/maintenance/interval_value"),
        ("/maintenance/interval_unit", "years", "/maintenance/interval_unit"),
        ("/maintenance/interval_value", 3, "/maintenance/interval_value"),
        ("/maintenance/anchor", "first_maintenance_infusion", "/maintenance/anchor"),
        ("/maintenance/max_duration_months", 0, "/maintenance/max_duration_months"),
        ("/maintenance/doses", [], "/maintenance/doses"),
        ("/min_interval_days", -1, "/min_interval_days"),
        ("/min_interval_days", "112", "/min_interval_days"),
        ("/window/induction_plus_days", ..., "/window/induction_plus_days"),
        ("/label_status/us", "yes", "/label_status/us"),
        ("/conditions", [], "/conditions"),
        ("/conditions/1/code", "RA", "/conditions"),
        ("/rate_profile/first_infusion", "us_nhl_90", "/rate_profile/first_infusion"),
        ("/rate_profile/optional", ["eu_ra_120"], "/rate_profile/optional"),
        ("/rate_profiles/first_standard/max_mg_h", 10, "/rate_profiles/first_standard/max_mg_h"),
        ("/rate_profiles/first_standard/step_mg_h", 0, "/rate_profiles/first_standard/step_mg_h"),
        ("/premedication", "none_known", "/premedication_sets/none_known"),
        ("/sources", "S1", "/sources"),
    ],
)
def test_definition_with_a_fault_names_its_place(place, value, problem_at):
    problems = parse_regimen(changed(place, value))
    assert isinstance(problems, tuple)
    assert [problem.place for problem in problems] == [problem_at]


def test_definition_with_two_faults_tells_both():
    raw = changed("/min_interval_days", -1)
    raw["maintenance"]["interval_unit"] = "years"
    problems = parse_regimen(raw)
    assert problems == (
        Problem("/maintenance/interval_unit", "Must be one of: days, weeks, months."),
        Problem("/min_interval_days", "Must be a whole number from 0 to 3660."),
    )


def test_definition_that_is_no_object_is_refused():
    problems = parse_regimen([])
    assert isinstance(problems, tuple)
    assert problems[0] == Problem("", "Must be an object.")
