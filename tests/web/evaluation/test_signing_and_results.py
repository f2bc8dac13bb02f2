"""Signing and withdrawing, single results and corrections, the panel, and the check before an infusion."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from evaluation import actions
from evaluation.models import Clearance, Result
from tests.evaluating import client_of, fill, kept, record, today
from tests.factory import make_regimen

pytestmark = pytest.mark.django_db


def signing(evaluation, **changes):
    version = make_regimen(evaluation.clinic)
    usual = {"off_label_reason": "agreed", "valid_until": str(today() + timedelta(days=90))}
    return {"regimen_version": str(version.pk)} | usual | changes


def test_a_prescriber_signs_and_the_label_status_is_shown(evaluation, nurse, prescriber):
    fill(evaluation, nurse.user, igg="4.1")
    record(evaluation.patient, prescriber.user, "igg_decision", "watch")
    client, where = client_of(prescriber), reverse("evaluation:sign", args=[evaluation.pk])
    make_regimen(evaluation.clinic)
    page = client.get(where)
    assert [(offer.use, offer.schedule) for offer in page.context["form"].offers] == [
        ("US: approved use; EU: approved use", "US: off-label schedule; EU: off-label schedule")
    ]
    unweighed = client.post(where, signing(evaluation))
    assert (unweighed.status_code, list(unweighed.context["form"].errors)) == (422, ["igg"])
    done = client.post(where, signing(evaluation, igg="on", off_label_reason="six-monthly suits her"))
    assert (done.status_code, done.url) == (302, reverse("patients:detail", args=[evaluation.patient_id]))
    clearance = Clearance.objects.of(evaluation.clinic).get()
    assert (clearance.signed_by, clearance.off_label_reason, clearance.verdict["acknowledged"]) == (
        prescriber.user,
        "six-monthly suits her",
        ["igg"],
    )
    assert client.get(where).status_code == 302


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"valid_until": "2026-02-31"}, "valid_until"),
        ({"valid_until": "2999-01-01"}, "valid_until"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": "\x00"}, "valid_until"),
        ({"regimen_version": "999999"}, "regimen_version"),
        ({"regimen_version": "x"}, "regimen_version"),
        ({"off_label_reason": ""}, "off_label_reason"),
        ({"off_label_reason": "  "}, "off_label_reason"),
        ({"off_label_reason": "a\x01b"}, "off_label_reason"),
        ({"off_label_reason": "x" * 251}, "off_label_reason"),
    ],
)
def test_a_bad_signature_form_is_reported_beside_its_field(evaluation, nurse, prescriber, changes, field):
    fill(evaluation, nurse.user)
    page = client_of(prescriber).post(
        reverse("evaluation:sign", args=[evaluation.pk]), signing(evaluation, **changes)
    )
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert Clearance.objects.of(evaluation.clinic).count() == 0


def test_what_changed_since_the_page_was_drawn_is_judged_again(evaluation, patient, nurse, prescriber):
    fill(evaluation, nurse.user)
    client, where = client_of(prescriber), reverse("evaluation:sign", args=[evaluation.pk])
    typed = signing(evaluation)
    assert client.get(where).context["verdict"].permits
    actions.record_result(
        clinic=patient.clinic, patient=patient, kind="infection", value="present", observed_on=today(),
        by=nurse.user, now=timezone.now(),
    )  # fmt: skip
    page = client.post(where, typed)
    assert (page.status_code, page.context["form"].non_field_errors()) == (
        422,
        ["Hold until resolved. It cannot be signed yet."],
    )
    assert Clearance.objects.of(evaluation.clinic).count() == 0


def test_withdrawing_and_closing_ask_for_a_reason(evaluation, patient, nurse, prescriber):
    client = client_of(prescriber)
    fill(evaluation, nurse.user)
    client.post(reverse("evaluation:sign", args=[evaluation.pk]), signing(evaluation))
    clearance = Clearance.objects.of(evaluation.clinic).get()
    where = reverse("evaluation:withdraw", args=[clearance.pk])
    for reason in ("", "  ", "a\x00b", "x" * 251):
        assert client.post(where, {"reason": reason}).status_code == 422
    assert client.post(where, {"reason": "new symptoms"}).status_code == 302
    clearance.refresh_from_db()
    assert (clearance.withdrawn_reason, clearance.withdrawn_by) == ("new symptoms", prescriber.user)
    again = actions.open_evaluation(
        clinic=patient.clinic, patient=patient, diagnosis=evaluation.diagnosis, by=None, now=timezone.now()
    )
    assert client.post(reverse("evaluation:close", args=[again.pk]), {"reason": "moved"}).status_code == 302
    again.refresh_from_db()
    assert (again.state, again.closed_reason) == ("closed", "moved")


def test_a_result_is_recorded_and_corrected_with_a_reason(patient, nurse):
    client = client_of(nurse)
    add = reverse("evaluation:record", args=[patient.pk])
    assert client.get(add).status_code == 200
    typed = {"value": "0.9", "value-unit": "g/L", "observed_on": str(today())}
    assert client.post(f"{add}?kind=igg", typed).url == reverse("evaluation:results", args=[patient.pk])
    old = Result.objects.of(patient.clinic).get()
    correct = reverse("evaluation:correct", args=[old.pk])
    assert list(client.post(correct, typed).context["form"].errors) == ["correction_reason"]
    client.post(correct, typed | {"value": "9", "correction_reason": "point slipped"})
    assert kept(patient) == [("igg", "9")]
    rows = client.get(reverse("evaluation:results", args=[patient.pk])).context["rows"]
    assert [(row.words, bool(row.result.correction_reason)) for row in rows] == [
        ("9 g/L", True),
        ("0.9 g/L", False),
    ]
    late = client.post(correct, typed | {"correction_reason": "again"})
    assert late.context["form"].non_field_errors() == [
        "A colleague has corrected this result meanwhile. Look again."
    ]


@pytest.mark.parametrize("value", ["", "NaN", "-4", "7000", "1,72", "8\x00", "<b>", "9" * 5000])
def test_a_bad_result_is_refused_beside_its_field(patient, nurse, value):
    where = reverse("evaluation:record", args=[patient.pk]) + "?kind=igg"
    page = client_of(nurse).post(where, {"value": value, "value-unit": "g/L", "observed_on": str(today())})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["value"])


@pytest.mark.parametrize("day", ["", "2026-02-31", "31/02/1980", "2999-01-01", "1900-01-01", "\x00"])
def test_a_bad_day_is_refused_beside_its_field(patient, nurse, day):
    where = reverse("evaluation:record", args=[patient.pk]) + "?kind=igg"
    page = client_of(nurse).post(where, {"value": "8", "value-unit": "g/L", "observed_on": day})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["observed_on"])


def test_a_dated_answer_is_recorded_with_its_day(patient, nurse):
    where = reverse("evaluation:record", args=[patient.pk]) + "?kind=live_vaccine"
    typed = {"value": "given", "value-day": "2026-02-03", "observed_on": str(today()), "note": "MMR, second"}
    assert client_of(nurse).post(where, typed).status_code == 302
    assert kept(patient) == [("live_vaccine", "given 2026-02-03")]


def test_after_saving_one_goes_back_only_to_this_site(patient, nurse):
    where = reverse("evaluation:record", args=[patient.pk])
    typed = {"value": "no", "observed_on": str(today())}
    home = client_of(nurse).post(f"{where}?kind=pml_history&next=/patients/", typed)
    away = client_of(nurse).post(
        f"{where}?kind=pml_history&next=https://elsewhere.example/", typed | {"note": "x"}
    )
    assert (home.url, away.url) == ("/patients/", reverse("evaluation:results", args=[patient.pk]))


def test_an_unknown_kind_offers_the_choice_and_a_derived_one_is_refused(patient, nurse):
    client, where = client_of(nurse), reverse("evaluation:record", args=[patient.pk])
    assert [
        client.get(where, {"kind": kind}).status_code for kind in ("blood_type", "\x00", "clearance")
    ] == [
        200,
        200,
        403,
    ]


def test_the_panel_is_a_fragment_for_htmx_and_a_page_without_it(evaluation, patient, nurse):
    fill(evaluation, nurse.user)
    where = reverse("evaluation:panel", args=[patient.pk])
    part = client_of(nurse).get(where, headers={"HX-Request": "true"})
    whole = client_of(nurse).get(where)
    assert ["base.html" in [t.name for t in page.templates] for page in (part, whole)] == [False, True]
    assert [(found, verdict.state) for found, verdict in part.context["open_evaluations"]] == [
        (evaluation, "cleared")
    ]


def test_the_panel_shows_how_clearances_stand(evaluation, patient, nurse, prescriber):
    fill(evaluation, nurse.user)
    client_of(prescriber).post(reverse("evaluation:sign", args=[evaluation.pk]), signing(evaluation))
    page = client_of(nurse).get(reverse("evaluation:panel", args=[patient.pk]))
    assert [state for _, state in page.context["clearances"]] == ["cleared"]


def test_the_check_before_an_infusion_fills_the_gate(evaluation, patient, nurse, prescriber):
    fill(evaluation, nurse.user)
    client_of(prescriber).post(reverse("evaluation:sign", args=[evaluation.pk]), signing(evaluation))
    client = client_of(nurse)
    where = f"{reverse('evaluation:check', args=[patient.pk])}?on={today()}&start={today()}&condition=RA"
    assert client.get(where).context["verdict"].state == "incomplete"
    typed = {"drug_received-drug_received": "received", "drug_received-on": str(today())}
    typed |= {"information-information": "both", "information-on": str(today())}
    live = client.post(where.replace("/check/", "/check/verdict/"), typed)
    assert live.context["verdict"].state == "cleared"
    assert client.get(where).context["verdict"].state == "incomplete"
    done = client.post(where, typed)
    assert (done.status_code, done.url) == (302, where)
    assert client.get(where).context["verdict"].state == "cleared"


@pytest.mark.parametrize(
    "asked", ["on=2026-02-31", "on=%00", "start=x&condition=ZZ", "on=%ED%A0%80", "on=0001-01-01"]
)
def test_a_check_for_a_day_that_cannot_be_is_a_check_for_today(patient, nurse, asked):
    page = client_of(nurse).get(f"{reverse('evaluation:check', args=[patient.pk])}?{asked}")
    assert (page.status_code, page.context["asked"]) == (
        200,
        {"on": today(), "course_start": None, "condition": ""},
    )


def test_every_page_of_a_patient_that_was_seen_is_in_the_audit_trail(evaluation, patient, nurse):
    client = client_of(nurse)
    client.get(reverse("evaluation:detail", args=[evaluation.pk]))
    for name in ("panel", "results", "check"):
        client.get(reverse(f"evaluation:{name}", args=[patient.pk]))
    seen = AuditEntry.objects.of(patient.clinic).filter(verb="viewed patient").order_by("id")
    assert [entry.changes["page"] for entry in seen] == [
        "evaluation",
        "evaluations and results",
        "results",
        "check for an infusion",
    ]
