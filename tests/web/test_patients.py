"""The patients' screens: what a receptionist types, what is refused, and what is kept."""

from datetime import date
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from clinics.models import AuditEntry
from patients.models import Diagnosis, EarlierInfusion, Measurement, Patient, PortalAccess
from tests import factory

pytestmark = pytest.mark.django_db
GOOD = {
    "given_name": "Ada",
    "family_name": "O'Neil",
    "birth_date": "1975-12-10",
    "record_number": "DM-1",
    "sex": "female",
    "email": "ada@example.org",
    "phone": "+1 555 730 9376",
    "language": "en",
    "weight_kg": "72.5",
    "height_cm": "",
    "condition": "RA",
    "address": "",
    "past_menopause": "",
    "hysterectomy": "",
}


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def desk(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "receptionist"))


@pytest.fixture
def prescriber(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "prescriber"))


def test_patient_added_by_form_is_on_record(desk):
    response = desk.post(reverse("patients:add"), GOOD)
    patient = Patient.objects.get()
    assert response["Location"] == reverse("patients:detail", args=[patient.pk])
    assert (str(patient), patient.record_number, patient.birth_date) == (
        "Ada O'Neil",
        "DM-1",
        date(1975, 12, 10),
    )
    assert (Measurement.objects.get().kind, str(Measurement.objects.get().value)) == ("weight", "72.50")


def test_diagnosis_typed_at_the_desk_waits_for_a_prescriber(desk):
    desk.post(reverse("patients:add"), GOOD)
    assert (Diagnosis.objects.get().condition, Diagnosis.objects.get().state) == ("RA", "to_confirm")


def test_diagnosis_typed_by_a_prescriber_stands(prescriber):
    prescriber.post(reverse("patients:add"), GOOD)
    assert Diagnosis.objects.get().state == "confirmed"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("birth_date", "1980-02-31"),
        ("birth_date", "2087-01-01"),
        ("birth_date", "1850-01-01"),
        ("birth_date", ""),
        ("weight_kg", "-4"),
        ("weight_kg", "7000"),
        ("weight_kg", "NaN"),
        ("weight_kg", "1,72"),
        ("weight_kg", "inf"),
        ("given_name", "x" * 5000),
        ("given_name", "Ann\x00a"),
        ("given_name", "\ufffd"),
        ("given_name", ""),
        ("family_name", "=HYPERLINK(1)"),
        ("family_name", "<script>alert(1)</script>"),
        ("email", "not-an-email"),
        ("phone", "call me"),
        ("record_number", ""),
        ("sex", "x"),
        ("language", "xx"),
        ("address", "a\x00b"),
        ("condition", "Migraine"),
    ],
)
def test_bad_field_is_refused_beside_it_and_nothing_is_lost(desk, field, value):
    response = desk.post(reverse("patients:add"), GOOD | {field: value})
    form = response.context["form"]
    assert (response.status_code, list(form.errors), Patient.objects.count()) == (422, [field], 0)
    assert form["record_number"].value() == (value if field == "record_number" else "DM-1")


def test_record_number_taken_is_refused(desk, clinic):
    factory.make_patient(clinic, record_number="DM-1")
    response = desk.post(reverse("patients:add"), GOOD)
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["record_number"])


def test_same_record_number_in_another_clinic_is_fine(desk):
    factory.make_patient(factory.make_clinic(slug="other"), record_number="DM-1")
    assert desk.post(reverse("patients:add"), GOOD).status_code == 302


def test_edit_on_a_stale_page_is_refused_and_keeps_what_was_typed(desk, clinic):
    patient = factory.make_patient(clinic)
    form = GOOD | {"record_number": patient.record_number, "given_name": "First"}
    desk.post(reverse("patients:edit", args=[patient.pk]), form | {"version": "1"})
    response = desk.post(
        reverse("patients:edit", args=[patient.pk]), form | {"version": "1", "given_name": "Second"}
    )
    patient.refresh_from_db()
    assert (response.status_code, patient.given_name) == (422, "First")
    assert response.context["form"]["given_name"].value() == "Second"


@pytest.mark.parametrize("version", ["", "abc", "-1", "99999999999999999999", "²"])
def test_edit_with_an_odd_version_is_refused(desk, clinic, version):
    patient = factory.make_patient(clinic)
    response = desk.post(reverse("patients:edit", args=[patient.pk]), GOOD | {"version": version})
    assert response.status_code == 422


def test_view_of_a_record_is_in_the_audit_trail(desk, clinic):
    patient = factory.make_patient(clinic)
    desk.get(reverse("patients:detail", args=[patient.pk]))
    entry = AuditEntry.objects.order_by("-id").first()
    assert (entry.verb, entry.record_number) == ("viewed patient", patient.record_number)


def test_near_diagnosis_is_decided_by_a_prescriber(prescriber, clinic):
    diagnosis = factory.make_diagnosis(
        factory.make_patient(clinic), "SLE", state="to_confirm", text="Lupus erythematosus"
    )
    prescriber.post(reverse("patients:decide_diagnosis", args=[diagnosis.pk]), {"condition": "SLE"})
    diagnosis.refresh_from_db()
    assert (diagnosis.state, diagnosis.condition) == ("confirmed", "SLE")


def test_near_diagnosis_may_be_none_of_them(prescriber, clinic):
    diagnosis = factory.make_diagnosis(factory.make_patient(clinic), "SLE", state="to_confirm")
    prescriber.post(reverse("patients:decide_diagnosis", args=[diagnosis.pk]), {"condition": "none"})
    diagnosis.refresh_from_db()
    assert (diagnosis.state, diagnosis.condition) == ("rejected", "")


EARLIER = {
    "given_on": "2026-01-10",
    "where": "elsewhere",
    "product": "Truxima",
    "dose_mg": "1000",
    "reaction_grade": "2",
    "reaction_text": "itch",
}


def test_earlier_infusion_is_recorded_with_its_reaction(prescriber, clinic):
    patient = factory.make_patient(clinic)
    prescriber.post(reverse("patients:add_earlier_infusion", args=[patient.pk]), EARLIER)
    row = EarlierInfusion.objects.get()
    assert (row.given_on, row.product, int(row.dose_mg), row.reaction_grade) == (
        date(2026, 1, 10),
        "Truxima",
        1000,
        2,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("given_on", "2999-01-01"),
        ("given_on", "2026-02-31"),
        ("given_on", "1800-01-01"),
        ("dose_mg", "-1"),
        ("dose_mg", "NaN"),
        ("reaction_grade", "9"),
        ("product", "a\x00"),
    ],
)
def test_impossible_earlier_infusion_is_refused(prescriber, clinic, field, value):
    patient = factory.make_patient(clinic)
    response = prescriber.post(
        reverse("patients:add_earlier_infusion", args=[patient.pk]), EARLIER | {field: value}
    )
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_patient_list_asks_a_constant_number_of_questions(desk, clinic, django_assert_num_queries):
    for number in range(12):
        factory.make_diagnosis(factory.make_patient(clinic, record_number=f"Q-{number}"))
    with django_assert_num_queries(9):
        desk.get(reverse("patients:list"))


def test_half_a_character_in_a_name_is_refused(desk):
    body = urlencode(GOOD | {"given_name": "XX"}).replace("XX", "%ED%A0%80")
    response = desk.post(reverse("patients:add"), body, content_type="application/x-www-form-urlencoded")
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["given_name"])


def test_half_a_character_in_a_search_is_answered(desk):
    assert desk.get(reverse("patients:list") + "?q=%ED%A0%80").status_code == 200


@pytest.mark.parametrize("words", ["\x00", "'; DROP TABLE", "%", "x" * 5000, "1975-12-10", "2026-02-31"])
def test_any_search_is_answered(desk, words):
    assert desk.get(reverse("patients:list"), {"q": words}).status_code == 200


def test_invitation_needs_an_address(desk, clinic):
    patient = factory.make_patient(clinic, email="")
    response = desk.post(reverse("patients:invite", args=[patient.pk]), follow=True)
    assert [str(message) for message in response.context["messages"]] == [
        "This patient has no e-mail address. Add one first."
    ]


def test_dead_patient_is_marked_and_cannot_be_invited(desk, clinic):
    patient = factory.make_patient(clinic)
    desk.post(reverse("patients:deceased", args=[patient.pk]), {"deceased_on": "2026-03-01"}, follow=True)
    response = desk.post(reverse("patients:invite", args=[patient.pk]), follow=True)
    assert [str(message) for message in response.context["messages"]] == ["This patient has died."]


def test_sex_nobody_chose_is_not_recorded(desk):
    assert desk.get(reverse("patients:add")).context["form"]["sex"].value() == "unknown"


@pytest.mark.parametrize("typed", ["O'Neil", "O’Neil"])
def test_either_apostrophe_finds_the_patient(desk, typed):
    desk.post(reverse("patients:add"), GOOD)
    shown = desk.get(reverse("desk:search"), {"q": typed}).content.decode()
    assert shown.count("DM-1") == 1


def test_changed_address_closes_the_portal_for_the_old_one(desk, clinic):
    patient = factory.make_patient(clinic, email="old@example.org")
    desk.post(reverse("patients:invite", args=[patient.pk]))
    form = GOOD | {"record_number": patient.record_number, "email": "new@example.org", "version": "1"}
    desk.post(reverse("patients:edit", args=[patient.pk]), form)
    assert PortalAccess.objects.get().revoked_at is not None
