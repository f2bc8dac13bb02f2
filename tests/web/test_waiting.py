"""The waiting list on staff's screens and on the patient's own pages."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import PortalAccess, Wishes
from scheduling.actions import cancel_visit, waiting
from scheduling.forms import freed_text
from scheduling.models import ChairHold, ScheduleChange, WaitlistEntry, WaitlistOffer
from tests import factory
from tests.database.waiting.arranged import NOW, a_freed_time, a_patient, at, offered, third, visit_of, waits

pytestmark = pytest.mark.django_db
LIST = "/schedule/waiting/"


@pytest.fixture(autouse=True)
def on_that_monday() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=2, nurses=3)


@pytest.fixture
def desk(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, Role.RECEPTIONIST, name="Dana Desk"))


def enter(patient):
    user = factory.make_user(door="portal", email=patient.email)
    PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, invited_at=NOW, confirmed_at=NOW
    )
    return factory.sign_in(Client(), user)


def words(page):
    """A page as it is read: no tags, single blanks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def said(page):
    return [str(each) for each in page.context["messages"]]


# --- staff -----------------------------------------------------------------------------------------------------------
def test_empty_list_says_what_would_stand_there(desk):
    page = words(desk.get(LIST))
    assert ("No freed time is left" in page, "Nobody waits" in page, "On offer now" in page) == (
        True,
        True,
        False,
    )


def test_list_shows_who_waits_since_when_for_what_and_what_they_ask(desk, clinic):
    patient = a_patient(clinic, 20, given_name="Ada", family_name="Byron", record_number="DM-7")
    Wishes.objects.create(clinic=clinic, patient=patient, weekdays=[1, 3], place="bed", notice_hours=48)
    waits(patient, note="phone first")
    row = re.search(r"<tbody>(.*)</tbody>", desk.get(LIST).content.decode(), re.S)[1]
    assert " ".join(re.sub(r"<[^>]+>", " ", row).split()) == (
        "Ada Byron DM-7 3 Mar 2031 the system Infusion 3 1 Mar to 20 Apr 2031 Thu 20 Mar 2031, 09:00 "
        "Tue, Thu; a bed; 48 h of notice phone first Change what Ada Byron asks Take off Ada Byron"
    )


def test_freed_time_is_offered_to_the_first_three_in_the_stated_order(desk, clinic):
    freed = a_freed_time(clinic)
    for day, chair in ((20, 0), (20, 1), (21, 0), (21, 1)):
        waits(a_patient(clinic, day, chair=chair, nurse=chair))
    page = desk.get(f"{LIST}time/?time={freed_text(freed.starts, freed.chair)}")
    order = [answer.waiting.entry.pk for answer, _ in page.context["fits"]]
    assert (page.status_code, order) == (200, list(WaitlistEntry.objects.values_list("pk", flat=True)))
    assert re.findall(r'name="first" value="(\d+)"', page.content.decode()) == [str(key) for key in order[:3]]
    fields = {"time": page.context["time"], "first": order[:3], "entry": order[3:], "to_first": "1"}
    done = desk.post(f"{LIST}time/", fields, follow=True)
    assert said(done) == ["Offered to 3 patients. The chair is kept for them until 09:00."]
    assert list(WaitlistOffer.objects.order_by("rank").values_list("entry_id", flat=True)) == order[:3]
    assert "Kept until 09:00" in words(done)


def test_freed_time_is_offered_to_those_ticked(desk, clinic):
    freed = a_freed_time(clinic)
    first, second = waits(a_patient(clinic, 20)), waits(a_patient(clinic, 21))
    fields = {"time": freed_text(freed.starts, freed.chair), "first": [first.pk], "entry": [second.pk]}
    desk.post(f"{LIST}time/", fields)
    assert [offer.entry for offer in WaitlistOffer.objects.all()] == [second]


def test_reasons_stand_beside_those_for_whom_it_does_not_fit(desk, clinic):
    freed = a_freed_time(clinic)
    waits(a_patient(clinic, 10, given_name="Ada", family_name="Byron", chair=1, nurse=1))
    page = words(desk.get(f"{LIST}time/?time={freed_text(freed.starts, freed.chair)}"))
    assert "It fits nobody who waits" in page
    assert "Ada Byron , infusion 3 The visit booked now is not later than this time." in page


@pytest.mark.parametrize(
    "time", ["", "x", "2031-13-11T09:00Z/1", "2031-03-11T09:00Z/999999999999999999", "\x00"]
)
def test_address_that_names_no_time_of_this_clinic_is_not_found(desk, time):
    for answer in (desk.get(f"{LIST}time/", {"time": time}), desk.post(f"{LIST}time/", {"time": time})):
        assert answer.status_code in (404, 422)


def test_another_clinics_chair_is_not_found(desk, clinic):
    freed = a_freed_time(factory.make_clinic())
    assert desk.get(f"{LIST}time/?time={freed_text(freed.starts, freed.chair)}").status_code == 404


@pytest.mark.parametrize("entry", [[], ["x"], ["99999999999999999999"], ["-1"]])
def test_offering_to_nobody_keeps_the_page_and_says_so(desk, clinic, entry):
    freed = a_freed_time(clinic)
    waits(a_patient(clinic, 20))
    fields = {"time": freed_text(freed.starts, freed.chair), "entry": entry}
    page = desk.post(f"{LIST}time/", fields)
    assert (page.status_code, "Choose at least one patient" in words(page)) == (422, True)


def test_time_taken_meanwhile_is_told(desk, clinic):
    freed, entry = a_freed_time(clinic), waits(a_patient(clinic, 20))
    a_patient(clinic, 11)
    page = desk.post(f"{LIST}time/", {"time": freed_text(freed.starts, freed.chair), "entry": [entry.pk]})
    assert (page.status_code, "This time is not free any more" in words(page)) == (422, True)
    assert ChairHold.objects.count() == 0


def test_patient_is_put_on_the_list_from_the_visit_and_taken_off_again(desk, clinic):
    patient = a_patient(clinic, 20)
    where = f"/schedule/visits/{visit_of(patient).pk}/"
    assert "Put on the waiting list" in words(desk.get(where))
    form = desk.get(reverse("scheduling:wait", args=[third(patient).pk]))
    assert form.status_code == 200
    page = desk.post(
        reverse("scheduling:wait", args=[third(patient).pk]),
        {"from_on": "2031-03-10", "note": "mornings"},
        follow=True,
    )
    assert said(page) == [f"{patient} is on the waiting list for infusion 3."]
    assert "On the waiting list since 3 Mar 2031, for days from 10 Mar 2031 on. mornings" in words(
        desk.get(where)
    )
    entry = WaitlistEntry.objects.get()
    page = desk.post(reverse("scheduling:leave", args=[entry.pk]), follow=True)
    assert said(page) == [f"{patient} is no longer on the waiting list."]
    assert AuditEntry.objects.filter(verb="left waiting list", actor_name__startswith="person-").count() == 1


@pytest.mark.parametrize(("field", "typed"), [("from_on", "soon"), ("note", "a\x00b"), ("note", "x" * 251)])
def test_what_cannot_be_kept_is_refused_beside_its_field(desk, clinic, field, typed):
    page = desk.post(reverse("scheduling:wait", args=[third(a_patient(clinic, 20)).pk]), {field: typed})
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])


def test_answer_on_the_telephone_moves_the_visit(desk, clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    where = reverse("scheduling:answer", args=[offer.pk])
    page = words(desk.get(where))
    assert "On offer Tuesday 11 March 2031, 09:00 –13:45, Chair 1" in page
    assert "Booked now Thursday 20 March 2031, 09:00–13:45, Chair 1" in page
    done = desk.post(where, {"answer": "accept"}, follow=True)
    assert said(done) == [f"{patient} comes earlier. A mail tells them the new time."]
    assert visit_of(patient).starts_at == at(11)


def test_answer_that_comes_too_late_is_told_and_changes_nothing(desk, clinic):
    offer = offered(
        clinic, a_freed_time(clinic), [waits(a_patient(clinic, 20)), waits(a_patient(clinic, 21))]
    )
    waiting.accept(offer=offer[0], by=None, now=NOW)
    page = desk.post(reverse("scheduling:answer", args=[offer[1].pk]), {"answer": "accept"})
    assert page.status_code == 409
    assert "This time has gone: somebody else was quicker. Nothing has changed." in words(page)
    assert visit_of(offer[1].patient).version == 1
    assert "Taken by somebody else" in words(desk.get(LIST))


@pytest.mark.parametrize("answer", ["", "maybe"])
def test_no_answer_is_no_answer(desk, clinic, answer):
    offer = offered(clinic, a_freed_time(clinic), [waits(a_patient(clinic, 20))])[0]
    page = desk.post(reverse("scheduling:answer", args=[offer.pk]), {"answer": answer})
    assert (page.status_code, WaitlistOffer.objects.get().state) == (422, "open")


def test_no_on_the_telephone_keeps_the_patient_waiting(desk, clinic):
    offer = offered(clinic, a_freed_time(clinic), [waits(a_patient(clinic, 20))])[0]
    page = desk.post(reverse("scheduling:answer", args=[offer.pk]), {"answer": "decline"}, follow=True)
    assert said(page) == [f"Noted: {offer.patient} keeps the present time and goes on waiting."]
    assert "Declined" in words(page)


def test_patients_panel_says_that_they_wait(desk, clinic):
    entry = waits(a_patient(clinic, 20))
    page = words(desk.get(reverse("scheduling:panel", args=[entry.patient_id])))
    assert "Would come earlier for infusion 3 On the waiting list since 3 Mar 2031" in page


def test_worklist_leads_to_a_freed_time_that_somebody_could_have(desk, clinic):
    freed = a_freed_time(clinic)
    assert "No freed time waits to be offered." in words(desk.get("/worklist/"))
    waits(a_patient(clinic, 20))
    section = next(each for each in desk.get("/worklist/").context["sections"] if each.code == "freed")
    assert [(row.title, row.note, row.action) for row in section.rows] == [
        ("09:00 in Chair 1", "Fits 1 who waits for an earlier time", "Offer it")
    ]
    assert desk.get(section.rows[0].href).context["time"] == freed_text(freed.starts, freed.chair)


# --- the patient's own pages -----------------------------------------------------------------------------------------
def test_patient_joins_and_leaves_the_list(clinic):
    patient = a_patient(clinic, 20)
    ana = enter(patient)
    assert "I would come earlier if a time comes free" in words(ana.get("/portal/"))
    page = ana.post("/portal/earlier/", {"wish": "join"}, follow=True)
    assert said(page) == ["You are on the list. We tell you when an earlier time comes free."]
    assert WaitlistEntry.objects.get().by.email == patient.email
    ana.post("/portal/earlier/", {"wish": "join"})
    assert WaitlistEntry.objects.count() == 1
    page = ana.post("/portal/earlier/", {"wish": "leave"}, follow=True)
    assert said(page) == ["You are no longer on the list. Your visit stays as it is."]
    assert WaitlistEntry.objects.get().state == "withdrawn"
    assert said(ana.post("/portal/earlier/", {"wish": "leave"}, follow=True)) == []


def test_patient_leaves_the_list_though_the_visit_was_cancelled_since_the_page_was_shown(clinic):
    patient = a_patient(clinic, 20)
    waits(patient)
    ana = enter(patient)
    cancel_visit(visit=visit_of(patient), reason="ill", by=None, now=NOW)
    page = ana.post("/portal/earlier/", {"wish": "leave"}, follow=True)
    assert said(page) == ["You are no longer on the list. Your visit stays as it is."]
    assert WaitlistEntry.objects.get().state == "withdrawn"


def test_offer_of_a_visit_that_was_cancelled_meanwhile_is_not_said_to_be_moved(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    cancel_visit(visit=visit_of(patient), reason="ill", by=None, now=NOW)
    page = enter(patient).post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"}, follow=True)
    assert said(page) == ["Done: this time is yours."]


def test_what_a_patient_accepted_is_not_undone_behind_their_back(desk, clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    enter(patient).post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"})
    change = ScheduleChange.objects.get(patient=patient)
    page = desk.post(reverse("series:undo", args=[change.pk]), follow=True)
    assert said(page) == ["The patient took this time themselves and has seen it; move it again instead."]
    assert visit_of(patient).starts_at == at(11)
    assert desk.get(reverse("scheduling:visit", args=[visit_of(patient).pk])).context["undoable"] is None


def test_second_phone_is_not_told_of_a_time_that_was_changed_again(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    ana = enter(patient)
    ana.post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"})
    factory.change_visit(visit_of(patient), "moved", starts_at=at(18))
    page = ana.post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"})
    assert (page.status_code, "This was answered before" in words(page)) == (409, True)
    page = words(ana.get(f"/portal/earlier/{offer.pk}/"))
    assert "You said yes to this time. Your visit was changed after that." in page


def test_patient_without_an_infusion_ahead_is_not_asked(clinic):
    patient = factory.make_patient(clinic)
    ana = enter(patient)
    assert "Would you come earlier?" not in words(ana.get("/portal/"))
    assert said(ana.post("/portal/earlier/", {"wish": "join"}, follow=True)) == []


def test_offer_stands_first_on_the_home_page_and_no_look_accepts_it(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    ana = enter(patient)
    home = words(ana.get("/portal/"))
    assert home.index("An earlier time has come free") < home.index("Your next visit: infusion")
    assert (
        "Tuesday, 11 March 2031 09:00 to about 13:45 Instead of your visit on Thursday, 20 March 2031" in home
    )
    assert "On offer until 09:00 Others may be asked" in home
    page = words(ana.get(f"/portal/earlier/{offer.pk}/"))
    assert "Your time now Thursday, 20 March 2031 , 09:00 to about 13:45" in page
    assert WaitlistOffer.objects.get().state == "open"


def test_patient_accepts_and_has_the_new_time(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    ana = enter(patient)
    for _ in range(2):
        page = ana.post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"}, follow=True)
        assert said(page) == ["Done: your visit has moved to the earlier time."]
    assert (page.context["visit"].starts_at, page.context["visit"].version) == (at(11), 2)
    assert AuditEntry.objects.get(verb="moved visit").actor_name == patient.email


def test_patient_who_comes_second_is_told_kindly_and_keeps_the_visit(clinic):
    patient = a_patient(clinic, 20)
    mine, other = offered(clinic, a_freed_time(clinic), [waits(patient), waits(a_patient(clinic, 21))])
    waiting.accept(offer=other, by=None, now=NOW)
    page = enter(patient).post(f"/portal/earlier/{mine.pk}/", {"answer": "accept"})
    assert page.status_code == 409
    assert (
        "Somebody else was quicker This time has gone. Your visit stays as it is, and you stay on the list."
        in words(page)
    )
    assert visit_of(patient).version == 1


def test_patient_says_no_from_the_home_page(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    ana = enter(patient)
    page = ana.post(f"/portal/earlier/{offer.pk}/", {"answer": "decline"}, follow=True)
    assert said(page) == ["You keep your time. You stay on the list for another one."]
    assert "An earlier time has come free" not in words(page)
    assert "You said no to this time." in words(ana.get(f"/portal/earlier/{offer.pk}/"))


def test_offer_that_ran_out_is_gone_from_the_home_page_and_closed(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    ana = enter(patient)
    WaitlistOffer.objects.update(expires_at=NOW - timedelta(seconds=1))
    assert "An earlier time has come free" not in words(ana.get("/portal/"))
    page = ana.post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"})
    assert (page.status_code, "This offer has ended" in words(page)) == (409, True)


def test_what_booking_refuses_is_not_explained_in_staffs_words(clinic):
    patient = a_patient(clinic, 20)
    offer = offered(clinic, a_freed_time(clinic), [waits(patient)])[0]
    clearance = third(patient).course.clearance
    clearance.withdrawn_at = NOW
    clearance.save()
    page = enter(patient).post(f"/portal/earlier/{offer.pk}/", {"answer": "accept"})
    assert page.status_code == 409
    assert "We could not move your visit Your visit stays as it is. Please call us" in words(page)
    assert "clearance" not in words(page).lower()
