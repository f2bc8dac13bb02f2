"""Which of the seven conditions a recorded diagnosis names: by code, by name, or near enough to ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.domain.conditions import (
    NAMES,
    SNOMED,
    Comorbidity,
    Condition,
    Match,
    coding_system,
    match_diagnosis,
)

SCT = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RA, SLE, MS, AIHA, GPA, MPA, PV = Condition


def match(*, system: str = "", code: str = "", text: str = "") -> Match | Comorbidity | None:
    return match_diagnosis(system=system, code=code, text=text)


def test_there_are_seven_conditions_each_with_a_name_and_a_snomed_code():
    assert list(NAMES) == list(Condition)
    assert list(SNOMED.values()) == list(Condition)


@pytest.mark.parametrize(("code", "condition"), SNOMED.items())
def test_a_snomed_code_is_certain(code, condition):
    assert match(system=SCT, code=code) == Match(condition, True)


@pytest.mark.parametrize(
    ("code", "condition"),
    [
        ("M05", RA),
        ("M05.9", RA),
        ("M05.79", RA),
        ("M06.0", RA),
        ("M06.00", RA),
        ("M06.8", RA),
        ("M06.9", RA),
        ("M069", RA),
        ("m06.9", RA),
        ("M32.1", SLE),
        ("M32.14", SLE),
        ("M32.8", SLE),
        ("M32.9", SLE),
        ("G35", MS),
        ("G35.A", MS),
        ("G35.D", MS),
        ("D59.1", AIHA),
        ("D59.11", AIHA),
        ("D59.19", AIHA),
        ("M31.3", GPA),
        ("M31.30", GPA),
        ("M31.31", GPA),
        ("M31.7", MPA),
        ("L10.0", PV),
    ],
)
def test_an_icd_10_code_is_certain_by_its_beginning(code, condition):
    assert match(system=ICD, code=code) == Match(condition, True)
    assert match(text=code) == Match(condition, True)


@pytest.mark.parametrize(
    "code",
    ["M06.1", "M06.4", "M32.0", "L10.1", "L10.2", "D59.0", "D59.4", "M31.1", "M30.1", "L93.0", "G36", "J45"],
)
def test_a_neighbouring_icd_10_code_is_another_disease(code):
    assert match(system=ICD, code=code, text="as coded") == Comorbidity("icd10", code, "as coded")


@pytest.mark.parametrize(
    ("code", "condition", "others"),
    [("M06", RA, ()), ("M32", SLE, ()), ("L10", PV, ()), ("L10.9", PV, ()), ("I77.6", GPA, (MPA,))],
)
def test_an_icd_10_code_that_is_too_wide_waits_for_a_person(code, condition, others):
    assert match(system=ICD, code=code) == Match(condition, False, others)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("RA", RA),
        ("Rheumatoid arthritis", RA),
        ("Rheumatoid arthritis (disorder)", RA),
        ("artritis reumatoide", RA),
        ("SLE", SLE),
        ("Systemic lupus erythematosus", SLE),
        ("Lupus eritematoso sistémico", SLE),
        ("MS", MS),
        ("multiple sclerosis", MS),
        ("Esclerosis múltiple", MS),
        ("AIHA", AIHA),
        ("Autoimmune hemolytic anemia", AIHA),
        ("Autoimmune haemolytic anaemia", AIHA),
        ("auto-immune haemolytic anaemia", AIHA),
        ("Anemia hemolítica autoinmune", AIHA),
        ("GPA", GPA),
        ("Granulomatosis with polyangiitis", GPA),
        ("Wegener's granulomatosis", GPA),
        ("Wegener’s granulomatosis", GPA),
        ("MPA", MPA),
        ("Microscopic polyangiitis", MPA),
        ("PV", PV),
        ("Pemphigus vulgaris", PV),
        ("Pénfigo vulgar", PV),
        ("  pemphigus   VULGARIS ", PV),
        ("L10.0 Pemphigus vulgaris", PV),
        ("69896004", RA),
    ],
)
def test_the_usual_names_are_certain(text, condition):
    assert match(text=text) == Match(condition, True)


@pytest.mark.parametrize(
    ("text", "condition", "others"),
    [
        ("lupus", SLE, ()),
        ("Lupus erythematosus", SLE, ()),
        ("Lupus nephritis", SLE, ()),
        ("suspected rheumatoid arthritis", RA, ()),
        ("MS?", MS, ()),
        ("vasculitis", GPA, (MPA,)),
        ("ANCA-associated vasculitis", GPA, (MPA,)),
        ("pemphigus", PV, ()),
        ("haemolytic anaemia", AIHA, ()),
    ],
)
def test_what_is_near_waits_for_a_person(text, condition, others):
    assert match(text=text) == Match(condition, False, others)


@pytest.mark.parametrize("code", ["200936003", "68815009"])
def test_lupus_without_systemic_and_lupus_nephritis_are_near(code):
    assert match(system=SCT, code=code, text="Lupus (disorder)") == Match(SLE, False)


@pytest.mark.parametrize(
    "text",
    [
        "Migraine",
        "systemic sclerosis",
        "Drug-induced lupus",
        "Discoid lupus erythematosus",
        "Eosinophilic granulomatosis with polyangiitis",
        "Pemphigus foliaceus",
        "IgA vasculitis",
        "Family history of multiple sclerosis",
        "B12 deficiency",
        "osteoarthritis",
    ],
)
def test_other_diseases_with_like_names_are_none_of_the_seven(text):
    assert match(text=text) == Comorbidity("", "", text)


def test_words_that_contradict_the_code_leave_it_to_a_person():
    assert match(system=SCT, code="69896004", text="Multiple sclerosis") == Match(RA, False, (MS,))


def test_a_name_beside_a_code_of_another_meaning_leaves_it_to_a_person():
    assert match(system=SCT, code="426373005", text="Relapsing remitting multiple sclerosis") == Match(
        MS, False
    )
    assert match(system=ICD, code="J45", text="Rheumatoid arthritis") == Match(RA, False)


def test_a_code_of_an_unknown_system_counts_by_its_words():
    assert match(system="urn:local", code="M06.9", text="Rheumatoid arthritis") == Match(RA, True)
    assert match(system="urn:local", code="M06.9", text="something") == Comorbidity("", "M06.9", "something")


def test_nothing_stated_is_nothing():
    assert match(text="  ") is None


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        (SCT, "snomed"),
        ("urn:oid:2.16.840.1.113883.6.96", "snomed"),
        (ICD, "icd10"),
        ("ICD-10-CM", "icd10"),
        ("http://loinc.org", ""),
        ("", ""),
    ],
)
def test_coding_systems_are_known_by_their_names(system, kind):
    assert coding_system(system) == kind


@given(system=st.text(max_size=20), code=st.text(max_size=20), text=st.text(max_size=80))
def test_any_text_is_matched_or_kept_without_raising(system, code, text):
    assert isinstance(match_diagnosis(system=system, code=code, text=text), (Match, Comorbidity, type(None)))
