"""The evaluation's screens: checklist, live verdict, signing, results; rights; bad input that does no harm."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation import actions, queries
from evaluation.models import Clearance, Evaluation, Result
from tests.database.test_evaluation import fill
from tests.factory import make_clinic, make_diagnosis, make_member, make_patient, make_regimen, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic():
    return make_clinic(chairs=1, nurses=0, time_zone="UTC")


@pytest.fixture
def patient(clinic):
    return make_patient(clinic, sex="male")


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE)


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER)


@pytest.fixture
def evaluation(clinic, patient, nurse):
    return actions.open_evaluation(
        clinic=clinic, patient=patient, diagnosis=make_diagnosis(patient), by=nurse.user, now=timezone.now()
    )


def client_of(member) -> Client:
    return sign_in(Client(), member)


def today() -> date:
    return timezone.now().date()


def kept(patient) -> list[tuple[str, str]]:
    return [(row.kind, row.value) for row in queries.standing_results(patient).order_by("kind")]


# Opening


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


# The checklist


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


# The live verdict


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


def test_the_live_verdict_is_only_asked_by_post(evaluation, nurse):
    assert client_of(nurse).get(reverse("evaluation:verdict", args=[evaluation.pk])).status_code == 405


# Rights


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
        by=prescriber.user, now=timezone.now(),
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


# Signing


def signing(evaluation, **changes):
    version = make_regimen(evaluation.clinic)
    return {"regimen_version": str(version.pk), "valid_until": str(today() + timedelta(days=90))} | changes


def test_a_prescriber_signs_and_the_label_status_is_shown(evaluation, nurse, prescriber):
    fill(evaluation, nurse.user, igg="4.1")
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


# Results


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


# The panel and the check before an infusion


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
