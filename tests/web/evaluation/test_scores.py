"""The score forms: calculated while filling in, saved without JavaScript, corrected with a reason."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from clinics.domain.rights import Role
from evaluation.models import ScoreEntry
from tests.evaluating import client_of, kept, record, today
from tests.factory import make_diagnosis, make_member

pytestmark = pytest.mark.django_db

RA = {"tender": "10", "swollen": "8", "esr": "30", "general_health": "50"}


def typed(**changes):
    return RA | {"observed_on": today().isoformat(), "note": ""} | changes


@pytest.fixture
def desk(nurse):
    return client_of(nurse)


def address(patient, code="das28_esr", name="score"):
    return reverse(f"evaluation:{name}", args=[patient.pk, code])


def words(answer):
    return " ".join(answer.content.decode().split())


def test_the_patients_own_scores_come_first(desk, patient):
    make_diagnosis(patient, "SLE")
    page = words(desk.get(reverse("evaluation:scores", args=[patient.pk])))
    own, _, rest = page.partition("What else the course shows")
    assert "SLEDAI-2K" in own
    assert "DAS28-ESR" not in own
    assert "DAS28-ESR" in rest
    assert "Steroid dose" in rest


def test_a_score_is_saved_and_shown_with_what_it_was_calculated_from(desk, patient):
    answer = desk.post(address(patient), typed(), follow=True)
    assert "DAS28-ESR is on record: 5.64 points." in words(answer)
    assert "<li>Tender joints: 10 of 28</li>" in words(answer)
    assert kept(patient) == [("das28_esr", "5.64")]


def test_a_form_with_mistakes_comes_back_whole_with_each_beside_its_field(desk, patient):
    answer = desk.post(address(patient), typed(tender="29", esr="", observed_on="31/02/2026", note="kept"))
    assert answer.status_code == 422
    assert answer.context["form"].errors == {
        "tender": ["This lies between 0 and 28."],
        "esr": ["Give: ESR."],
        "observed_on": ["Write the date as year-month-day, for example 2026-03-31."],
    }
    assert 'value="29"' in words(answer)
    assert 'value="kept"' in words(answer)
    assert ScoreEntry.objects.count() == 0


@pytest.mark.parametrize("field", ["tender", "observed_on", "note"])
@pytest.mark.parametrize("text", ["\x00", "\ud800", "9" * 5000, "<script>"])
def test_no_text_whatever_is_a_fault(desk, patient, field, text):
    body = urlencode(typed(**{field: text}), errors="surrogatepass")
    for name in ("score", "score_live"):
        answer = desk.post(address(patient, name=name), body, "application/x-www-form-urlencoded")
        assert answer.status_code in (200, 302, 422)


def test_the_outcome_follows_the_entries_and_writes_nothing(desk, patient):
    live = address(patient, name="score_live")
    assert "Still open: Swollen joints, ESR" in words(desk.post(live, {"tender": "3"}))
    assert "ESR: This lies between 1 and 160." in words(desk.post(live, typed(esr="900")))
    page = words(desk.post(live, typed()))
    assert "<strong>5.64 points</strong>" in page
    assert "High activity" in page
    assert ScoreEntry.objects.count() == 0
    assert desk.get(live).status_code == 405


def test_a_flare_is_pointed_out_with_its_source(desk, patient, nurse):
    record(patient, nurse.user, "sledai_2k", "4", on=today() - timedelta(days=40))
    body = {"arthritis": "on", "rash": "on", "fever": "on", "observed_on": today().isoformat()}
    live = address(patient, "sledai_2k", "score_live")
    page = words(desk.post(live, body))
    assert "risen by 3." in page
    assert "A rise of more than 3" not in page
    page = words(desk.post(live, body | {"leukopenia": "on"}))
    assert "risen by 4." in page
    assert "A rise of more than 3 counts as a flare." in page
    assert "Source: S18." in page


def test_a_correction_begins_with_what_was_entered_and_asks_why(desk, patient):
    desk.post(address(patient), typed())
    old = ScoreEntry.objects.get()
    plain = reverse("evaluation:correct", args=[old.result_id])
    correcting = reverse("evaluation:correct_score", args=[old.result_id])
    assert desk.get(plain).url == correcting
    page = words(desk.get(correcting))
    assert 'name="tender" value="10"' in page
    assert "On record" in page
    answer = desk.post(correcting, typed(tender="1"))
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["correction_reason"])
    assert desk.post(correcting, typed(tender="1", correction_reason="wrong line")).status_code == 302
    assert [value for _, value in kept(patient)] == ["4.43"]


def test_a_correction_is_compared_with_what_came_before_its_own_day(desk, patient, nurse):
    record(patient, nurse.user, "das28_esr", "6.1", on=today() - timedelta(days=90))
    desk.post(address(patient), typed(observed_on=(today() - timedelta(days=30)).isoformat()))
    record(patient, nurse.user, "das28_esr", "3")
    page = words(desk.get(reverse("evaluation:correct_score", args=[ScoreEntry.objects.get().result_id])))
    assert "6.1 points on" in page
    assert "fallen by 0.46." in page


def test_a_typed_result_has_no_score_form(desk, patient, nurse):
    row = record(patient, nurse.user, "das28_esr", "4.2")
    assert desk.get(reverse("evaluation:correct_score", args=[row.pk])).status_code == 404
    assert desk.get(address(patient, "apgar")).status_code == 404


def test_unverified_rules_carry_the_mark(desk, patient):
    assert "Unverified" in words(desk.get(address(patient, "aiha_response")))
    assert "Source: Cut-offs (S18)." in words(desk.get(address(patient, "sledai_2k")))


def test_who_may_not_record_results_scores_nothing(clinic, patient):
    receptionist = client_of(make_member(clinic, Role.RECEPTIONIST))
    assert receptionist.post(address(patient), typed()).status_code == 403
    assert "Disease score" not in words(receptionist.get(reverse("evaluation:results", args=[patient.pk])))


def test_the_day_of_a_relapse_is_asked_for_and_never_proposed(desk, patient):
    address = reverse("evaluation:record", args=[patient.pk]) + "?kind=relapse"
    form = desk.get(address).context["form"]
    assert (form["observed_on"].label, form["observed_on"].value()) == ("The day it began", None)
    assert desk.post(address, {"value": "major"}).status_code == 422
    assert desk.post(address, {"value": "major", "observed_on": "2026-03-01"}).status_code == 302
    assert kept(patient) == [("relapse", "major")]
