"""The checklist and its live verdict: who may fill in what, and bad input that does no harm."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from evaluation import actions, queries
from evaluation.models import Evaluation, Result
from tests.evaluating import client_of, fill, kept, today
from tests.factory import make_clinic, make_diagnosis, make_member, make_regimen

pytestmark = pytest.mark.django_db


def test_a_nurse_opens_an_evaluation_once_and_comes_back_to_it(clinic, patient, nurse):
    where = reverse("evaluation:open", args=[make_diagnosis(patient).pk])
    client = client_of(nurse)
    first, again = client.post(where), client.post(where)
    found = Evaluation.objects.of(clinic).get()
    assert first.url == again.url == reverse("evaluation:detail", args=[found.pk])
    assert client.get(where).status_code == 405


def test_an_unconfirmed_diagnosis_sends_back_to_the_patient(patient, nurse):
    diagnosis = make_diagnosis(patient, state="to_confirm")
    answer = client_of(nurse).post(reverse("evaluation:open", args=[diagnosis.pk]), follow=True)
    assert answer.redirect_chain == [(reverse("patients:detail", args=[patient.pk]), 302)]
    assert [str(each) for each in answer.context["messages"]] == [
        "The diagnosis must be confirmed before it is evaluated."
    ]


def test_the_checklist_has_its_sections_in_order(evaluation, nurse):
    page = client_of(nurse).get(reverse("evaluation:detail", args=[evaluation.pk]))
    assert (page.status_code, page.context["verdict"].state) == (200, "incomplete")
    assert [section.label for section in page.context["sections"]] == [
        "Disease severity",
        "Overall health",
        "Screening results",
        "Contraindications",
        "Vaccination",
        "Co-medication",
        "Consent and the talk",
        "Administrative",
    ]


def test_partial_answers_are_saved_and_shown_with_who_and_when(evaluation, patient, nurse):
    client, where = client_of(nurse), reverse("evaluation:detail", args=[evaluation.pk])
    typed = {
        "blood_count-neutrophils": "4200",
        "blood_count-neutrophils-unit": "/uL",
        "blood_count-on": str(today()),
        "infection-infection": "resolved",
        "infection-infection-day": str(today() - timedelta(days=9)),
        "infection-on": str(today()),
        "hypersensitivity-hypersensitivity": "no",
        "hypersensitivity-on": str(today()),
        "payer_authorisation-payer_authorisation": "granted",
        "payer_authorisation-on": str(today()),
        "payer_authorisation-until": str(today() + timedelta(days=99)),
        "payer_authorisation-note": "reference 4711",
    }
    answer = client.post(where, typed, follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["4 answers saved."]
    assert kept(patient) == [
        ("hypersensitivity", "no"),
        ("infection", f"resolved {today() - timedelta(days=9)}"),
        ("neutrophils", "4.2"),
        ("payer_authorisation", "granted"),
    ]
    payer = queries.standing_results(patient).get(kind="payer_authorisation")
    assert (payer.valid_until, payer.note, payer.evaluation) == (
        today() + timedelta(days=99),
        "reference 4711",
        evaluation,
    )
    rows = {row.requirement.code: row for section in answer.context["sections"] for row in section.rows}
    assert [(r.words, r.entered, r.result.recorded_by) for r in rows["blood_count"].records] == [
        ("4.2 ×10⁹/L", "4200 cells/µL", nurse.user)
    ]
    assert rows["blood_count"].finding.words == "Not on record: White cells, Haemoglobin, Platelets."


BAD = [
    ("igg-igg", "NaN", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "-4", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "7000", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "1,72", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "8\x00", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "8", {"igg-on": ""}, "igg-on"),
    ("igg-igg", "8", {"igg-on": "2026-02-31"}, "igg-on"),
    ("igg-igg", "8", {"igg-on": "31/02/1980"}, "igg-on"),
    ("igg-igg", "8", {"igg-on": "2999-01-01"}, "igg-on"),
    ("igg-igg", "8", {"igg-on": "1900-01-01"}, "igg-on"),
    ("igg-igg", "8", {"igg-on": "today", "igg-igg-unit": "stone"}, "igg-igg-unit"),
    ("igg-igg", "", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "=cmd()", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "<script>alert(1)</script>", {"igg-on": "today"}, "igg-igg"),
    ("igg-igg", "9" * 5000, {"igg-on": "today"}, "igg-igg"),
    ("infection-infection", "maybe", {"infection-on": "today"}, "infection-infection"),
    ("infection-infection", "resolved", {"infection-on": "today"}, "infection-infection-day"),
    (
        "infection-infection",
        "resolved",
        {"infection-on": "today", "infection-infection-day": "2026-02-31"},
        "infection-infection-day",
    ),
    (
        "infection-infection",
        "resolved",
        {"infection-on": "today", "infection-infection-day": "2999-01-01"},
        "infection-infection-day",
    ),
    (
        "infection-infection",
        "none",
        {"infection-on": "today", "infection-infection-day": "2026-01-01"},
        "infection-infection-day",
    ),
    ("infection-infection", "", {"infection-note": "has a cold"}, "infection-infection"),
    ("infection-infection", "none", {"infection-on": "today", "infection-note": "x" * 501}, "infection-note"),
    ("infection-infection", "none", {"infection-on": "today", "infection-note": "a\x00b"}, "infection-note"),
    (
        "payer_authorisation-payer_authorisation",
        "granted",
        {"payer_authorisation-on": "today", "payer_authorisation-until": "2020-01-01"},
        "payer_authorisation-until",
    ),
]


@pytest.mark.parametrize(("name", "text", "more", "field"), BAD)
def test_bad_input_is_reported_beside_its_field_and_nothing_is_lost(
    evaluation, nurse, name, text, more, field
):
    more = {key: str(today()) if value == "today" else value for key, value in more.items()}
    typed = {
        name: text,
        "hypersensitivity-hypersensitivity": "no",
        "hypersensitivity-on": str(today()),
    } | more
    client = client_of(nurse)
    page = client.post(reverse("evaluation:detail", args=[evaluation.pk]), typed)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert page.context["form"]["hypersensitivity-hypersensitivity"].value() == "no"
    assert page.context["form"][name].value() == text
    assert Result.objects.of(evaluation.clinic).count() == 0
    live = client.post(reverse("evaluation:verdict", args=[evaluation.pk]), typed)
    assert (live.status_code, live.context["unreadable"], live.context["unsaved"]) == (200, 1, 1)


def test_a_lone_surrogate_in_a_form_does_no_harm(evaluation, nurse):
    body = "igg-igg=%ED%A0%80&igg-on=%ED%A0%80&infection-infection=none&infection-note=%ED%A0%80"
    form = "application/x-www-form-urlencoded"
    for name in ("detail", "verdict"):
        page = client_of(nurse).post(
            reverse(f"evaluation:{name}", args=[evaluation.pk]), body, content_type=form
        )
        assert page.status_code == {"detail": 422, "verdict": 200}[name]
    assert Result.objects.of(evaluation.clinic).count() == 0


def test_an_empty_save_says_so_and_writes_nothing(evaluation, nurse):
    where = reverse("evaluation:detail", args=[evaluation.pk])
    answer = client_of(nurse).post(where, {"hypersensitivity-on": str(today())}, follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["Nothing new was filled in."]


def test_the_live_verdict_counts_what_is_not_saved_and_writes_nothing(evaluation, nurse):
    fill(evaluation, nurse.user, consent=None)
    where = reverse("evaluation:verdict", args=[evaluation.pk])
    before = client_of(nurse).post(where, {})
    after = client_of(nurse).post(where, {"consent-consent": "signed", "consent-on": str(today())})
    bad = client_of(nurse).post(where, {"igg-igg": "2", "igg-on": str(today())})
    assert [each.context["verdict"].state for each in (before, after, bad)] == [
        "incomplete",
        "cleared",
        "hold",
    ]
    assert (after.context["unsaved"], after.context["unreadable"]) == (1, 0)
    assert [row.kind for row in queries.standing_results(evaluation.patient) if row.kind == "consent"] == []


def test_what_was_typed_on_a_page_that_went_stale_is_kept_and_the_reason_said(evaluation, nurse):
    client, where = client_of(nurse), reverse("evaluation:detail", args=[evaluation.pk])
    actions.close_evaluation(evaluation=evaluation, reason="moved away", by=nurse.user, now=timezone.now())
    page = client.post(where, {"consent-consent": "signed", "consent-on": str(today())})
    assert (page.status_code, page.context["form"].non_field_errors()) == (
        422,
        ["This evaluation has been closed meanwhile. Open a new one."],
    )
    assert page.context["form"]["consent-consent"].value() == "signed"
    assert client.get(where).context["form"].writable == []
    assert Result.objects.of(evaluation.clinic).count() == 0


def test_the_live_verdict_is_only_asked_by_post(evaluation, nurse):
    assert client_of(nurse).get(reverse("evaluation:verdict", args=[evaluation.pk])).status_code == 405


def test_the_front_desk_fills_in_only_what_is_administrative(evaluation, patient, clinic):
    client = client_of(make_member(clinic, Role.RECEPTIONIST))
    where = reverse("evaluation:detail", args=[evaluation.pk])
    page = client.get(where)
    assert [each.code for each in page.context["form"].writable] == ["payer_authorisation"]
    typed = {
        "payer_authorisation-payer_authorisation": "pending",
        "payer_authorisation-on": str(today()),
        "hbsag-hbsag": "negative",
        "hbsag-on": str(today()),
    }
    client.post(where, typed)
    assert kept(patient) == [("payer_authorisation", "pending")]


@pytest.mark.parametrize(
    ("role", "opens", "saves", "closes", "signs", "records", "administrates"),
    [
        (Role.RECEPTIONIST, 403, 302, 403, 403, 403, 200),
        (Role.NURSE, 302, 302, 200, 403, 200, 200),
        (Role.PRESCRIBER, 302, 302, 200, 200, 200, 403),
        (Role.PHARMACIST, 403, 302, 403, 403, 403, 200),
        (Role.MANAGER, 403, 403, 403, 403, 403, 403),
    ],
)
def test_each_role_does_its_own_work_and_no_more(
    evaluation, patient, clinic, role, opens, saves, closes, signs, records, administrates
):
    client = client_of(make_member(clinic, role))
    result = actions.record_result(
        clinic=clinic, patient=patient, kind="igg", value="9", unit="g/L", observed_on=today(), by=None,
        now=timezone.now(),
    )  # fmt: skip
    add = reverse("evaluation:record", args=[patient.pk])
    seen = [
        client.post(reverse("evaluation:open", args=[evaluation.diagnosis_id])).status_code,
        client.post(reverse("evaluation:detail", args=[evaluation.pk]), {}).status_code,
        client.get(reverse("evaluation:close", args=[evaluation.pk])).status_code,
        client.get(reverse("evaluation:sign", args=[evaluation.pk])).status_code,
        client.get(add, {"kind": "igg"}).status_code,
        client.get(add, {"kind": "drug_received"}).status_code,
        client.get(reverse("evaluation:correct", args=[result.pk])).status_code,
    ]
    assert seen == [opens, saves, closes, signs, records, administrates, records]
    for name in ("panel", "results", "check"):
        assert client.get(reverse(f"evaluation:{name}", args=[patient.pk])).status_code == 200


def test_another_clinics_objects_are_not_found(evaluation, patient, nurse, prescriber):
    fill(evaluation, nurse.user)
    clearance = actions.sign(
        evaluation=evaluation, regimen_version=make_regimen(evaluation.clinic), valid_until=today(),
        by=prescriber.user, now=timezone.now(), off_label_reason="agreed",
    )  # fmt: skip
    result = queries.standing_results(patient)[0]
    client = client_of(make_member(make_clinic(chairs=0, nurses=0), Role.PRESCRIBER))
    addresses = [
        reverse("evaluation:open", args=[evaluation.diagnosis_id]),
        *(
            reverse(f"evaluation:{name}", args=[evaluation.pk])
            for name in ("detail", "verdict", "sign", "close")
        ),
        reverse("evaluation:withdraw", args=[clearance.pk]),
        reverse("evaluation:correct", args=[result.pk]),
        *(
            reverse(f"evaluation:{name}", args=[patient.pk])
            for name in ("panel", "results", "record", "check", "check_verdict")
        ),
    ]
    assert [client.post(where).status_code for where in addresses if "panel" not in where] == [404] * 11
    assert client.get(addresses[7]).status_code == 404


def test_a_stranger_is_sent_to_the_door(evaluation):
    answer = Client().get(reverse("evaluation:detail", args=[evaluation.pk]))
    assert (answer.status_code, answer.url.split("?")[0]) == (302, reverse("account_login"))
