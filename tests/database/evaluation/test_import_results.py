"""Results from other systems come in once, are amended by their source, and never undo a person's correction."""

from dataclasses import replace

import pytest

from clinics.models import AuditEntry
from evaluation import actions, queries
from evaluation.domain.answers import Incoming
from tests.evaluating import NOW, record

pytestmark = pytest.mark.django_db


COUNT = Incoming(value="4.1", unit="10*3/uL", observed_on="2026-03-01", loinc="751-8", source_id="obs-1")


def take_in(patient, *rows):
    outcome = actions.import_results(clinic=patient.clinic, patient=patient, rows=rows, by=None, now=NOW)
    fates = (outcome.added, outcome.unchanged, outcome.amended, outcome.ignored)
    return fates, [(place, refusal.code) for place, refusal in outcome.refused]


def test_an_import_comes_in_once_however_often_it_is_sent(patient):
    rows = [
        COUNT,
        Incoming(value="13.1", unit="g/dL", observed_on="2026-03-01", loinc="718-7"),
        Incoming(value="Negative", unit="", observed_on="2026-03-01", kind="hbsag"),
        Incoming(value="170", unit="cm", observed_on="2026-03-01", loinc="8302-2"),
        Incoming(value="60", unit="%", observed_on="2026-03-01", kind="neutrophils"),
        Incoming(value="9", unit="g/L", observed_on="2026-02-31", kind="igg"),
        Incoming(value="9", unit="g/L", observed_on="2999-01-01", kind="igg"),
        Incoming(value="9", unit="g/L", observed_on="2026-03-01", kind="igg", source_id="a\x00"),
    ]
    bad = [(4, "unit_unknown"), (5, "date_impossible"), (6, "date_in_future"), (7, "text_unreadable")]
    assert take_in(patient, *rows) == ((3, 0, 0, 1), bad)
    assert take_in(patient, *rows) == ((0, 3, 0, 1), bad)
    assert AuditEntry.objects.of(patient.clinic).filter(verb="imported results").count() == 1


def test_a_row_repeated_within_one_import_comes_in_once(patient):
    assert take_in(patient, COUNT, COUNT) == ((1, 1, 0, 0), [])


def test_a_new_value_from_a_known_source_amends_and_keeps_the_old(patient):
    take_in(patient, COUNT)
    assert take_in(patient, replace(COUNT, value="1.1")) == ((0, 0, 1, 0), [])
    assert [row.value for row in queries.standing_results(patient)] == ["1.1"]
    assert [row.value for row in queries.results_of(patient)] == ["1.1", "4.1"]
    assert take_in(patient, COUNT) == ((0, 1, 0, 0), [])


def test_a_persons_correction_stands_against_the_source_it_corrects(patient, nurse):
    take_in(patient, COUNT)
    old = queries.standing_results(patient)[0]
    record(
        patient, nurse, "neutrophils", "1.4", "10*9/L", on=old.observed_on, supersedes=old,
        correction_reason="read off the paper report",
    )  # fmt: skip
    assert take_in(patient, COUNT) == ((0, 1, 0, 0), [])
    assert take_in(patient, replace(COUNT, value="4.2")) == ((0, 1, 0, 0), [])
    assert [row.value for row in queries.standing_results(patient)] == ["1.4"]


def test_both_usual_units_come_in_as_one_and_the_same_value(patient):
    first = Incoming(value="85", unit="umol/L", observed_on="2026-03-01", kind="creatinine")
    same = Incoming(value="0.96154", unit="mg/dL", observed_on="2026-03-02", kind="creatinine")
    take_in(patient, first, same)
    assert [(row.value, row.unit) for row in queries.results_of(patient)] == [
        ("85.000136", "umol/L"),
        ("85", "umol/L"),
    ]
