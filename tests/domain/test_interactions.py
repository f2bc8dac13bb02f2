"""What the medication list and the vaccinations tell the verdict, by words that are data."""

from dataclasses import replace
from datetime import timedelta

import pytest

from evaluation.domain.kinds import KINDS
from evaluation.domain.requirements import Purpose
from evaluation.domain.verdict import Evidence, State, judge
from tests.evidence import DAY, MAN, clearance, evidence

LISTS = ("other_dmard", "other_immunosuppressant", "cisplatin", "antihypertensive")


def named_in(text):
    return [kind for kind in LISTS if KINDS[kind].on_record.is_named_in(text)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Leflunomide 20 mg daily", ["other_dmard", "other_immunosuppressant"]),
        ("Adalimumab 40 mg every 2 weeks", ["other_dmard", "other_immunosuppressant"]),
        ("Hydroxychloroquine 200 mg", ["other_dmard"]),
        ("Mycophenolate mofetil 1 g", ["other_immunosuppressant"]),
        ("Methotrexate 15 mg weekly", ["other_immunosuppressant"]),
        ("Prednisolone 5 mg", []),
        ("CISPLATIN infusion", ["cisplatin"]),
        ("Ramipril 5 mg", ["antihypertensive"]),
        ("Losartan Potassium 50 MG Oral Tablet", ["antihypertensive"]),
        ("Bisoprolol", ["antihypertensive"]),
        ("Amlodipine/valsartan", ["antihypertensive"]),
        ("April fools remedy", []),
        ("", []),
    ],
)
def test_a_medicine_is_known_by_a_word_or_an_ending(text, kinds):
    assert named_in(text) == kinds


def test_a_medicine_is_named_in_the_warning_and_the_patient_is_told_nothing():
    taken = Evidence("antihypertensive", "taken", DAY, said="Ramipril 5 mg")
    verdict = judge(MAN, [*evidence(), taken], on=DAY, purpose=Purpose.GATE)
    finding = verdict.finding("interaction_antihypertensive")
    assert (verdict.state, finding.patient, verdict.patient_words) == (State.CLEARED_WITH_WARNINGS, "", ())
    assert finding.words == (
        "Ramipril 5 mg: blood pressure can fall during the infusion. Consider leaving it out in the 12 hours "
        "before; tell the patient only what the prescriber decides. On the medication list since 22 November 2026."
    )


@pytest.mark.parametrize(
    ("kind", "warned"),
    [
        ("other_dmard", {"RA"}),
        ("other_immunosuppressant", {"GPA", "MPA", "PV"}),
        ("cisplatin", {"RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV"}),
    ],
)
def test_an_interaction_warns_in_the_diseases_it_is_known_for(kind, warned):
    found = {
        condition
        for condition in ("RA", "SLE", "MS", "AIHA", "GPA", "MPA", "PV")
        if clearance(replace(MAN, condition=condition), {kind: "taken"}).warnings
    }
    assert found == warned


@pytest.mark.parametrize(
    ("kind", "days", "warns"),
    [
        ("nonlive_vaccine", 27, True),
        ("nonlive_vaccine", 28, False),
        ("influenza_vaccine", 13, True),
        ("influenza_vaccine", 14, False),
    ],
)
def test_a_vaccine_given_shortly_before_warns(kind, days, warns):
    given = f"given {DAY - timedelta(days=days)}"
    assert bool(clearance(changes={kind: given}).warnings) == warns


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Influenza, seasonal, injectable", ["influenza_vaccine"]),
        ("Fluenz Tetra, live nasal influenza vaccine", ["live_vaccine"]),
        ("Pneumococcal conjugate PCV 13", ["nonlive_vaccine"]),
        ("Td (adult) preservative free", ["nonlive_vaccine"]),
        ("MMR", ["live_vaccine"]),
        ("COVID-19, mRNA", ["nonlive_vaccine"]),
    ],
)
def test_a_vaccination_on_record_is_of_one_kind(text, kinds):
    vaccines = ("live_vaccine", "influenza_vaccine", "nonlive_vaccine")
    assert [kind for kind in vaccines if KINDS[kind].on_record.is_named_in(text)] == kinds


@pytest.mark.parametrize(
    ("changes", "code", "word"),
    [
        ({"hcv": "positive"}, "hcv_hiv", "warning"),
        ({"hiv": None}, "hcv_hiv", "missing"),
        ({"igra": None, "tst": "negative"}, "tuberculosis", "met"),
        ({"igra": "positive"}, "tuberculosis", "warning"),
        ({"tb_history": "untreated"}, "tuberculosis", "warning"),
        ({"vzv_igg": "negative"}, "vzv", "warning"),
        ({"alt": None, "ast": "22"}, "liver_kidney", "met"),
        ({"creatinine": None}, "liver_kidney", "missing"),
        ({"igm": None}, "iga_igm", "missing"),
        ({"igg": "6.9"}, "igg", "met"),
    ],
)
def test_the_baseline_tests_are_asked_and_weighed(changes, code, word):
    assert clearance(changes=changes).finding(code).word == word


def test_information_that_is_missing_on_the_day_reminds_and_does_not_block():
    less = [each for each in evidence() if each.kind != "information"]
    verdict = judge(MAN, less, on=DAY, purpose=Purpose.GATE)
    assert (verdict.state, [each.code for each in verdict.warnings]) == (
        State.CLEARED_WITH_WARNINGS,
        ["information"],
    )
