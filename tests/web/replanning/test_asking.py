"""What has happened is told, whom it touches is listed, and a plan is asked for."""

import pytest
from django.urls import reverse

from clinics.models import Absence, AuditEntry, StaffTask
from patients.forms import NOT_A_DAY
from scheduling.models import Replan
from tests import factory
from tests.disrupted import DAY, at, booked, due
from tests.web.booking.arranged import text_of

pytestmark = pytest.mark.django_db(transaction=True)
START = reverse("replans:start")


def nurse(clinic, place=0):
    return clinic.memberships.filter(role="nurse").order_by("pk")[place]


def query(clinic, **fields):
    given = {
        "cause": "nurse",
        "nurse": nurse(clinic).pk,
        "first_day": DAY.isoformat(),
        "last_day": DAY.isoformat(),
    }
    return "&".join(f"{name}={value}" for name, value in (given | fields).items())


def propose(**fields):
    return {"reason": "Unwell", "days": "7", "minutes": "30"} | fields


def test_today_leads_there(desk):
    assert f'href="{START}?day=2031-03-10"' in desk.get("/").content.decode()


def test_form_begins_with_the_day_one_came_from(desk):
    page = desk.get(START, {"day": "2031-03-12"})
    assert page.context["form"].initial["first_day"].isoformat() == "2031-03-12"
    assert "Nobody has asked for a plan yet." in text_of(page)


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"nurse": ""}, "nurse", "Say which nurse."),
        ({"nurse": "4711"}, "nurse", "Select a valid choice. 4711 is not one of the available choices."),
        ({"cause": "chair"}, "chair", "Say which chair."),
        ({"first_day": "2031-03-09"}, "first_day", "This day is over. Choose today or a later day."),
        ({"first_day": "2099-01-01"}, "first_day", "This day is more than five years away. Check the year."),
        ({"first_day": "tomorrow"}, "first_day", NOT_A_DAY),
        ({"last_day": "2031-03-09"}, "last_day", "The last day lies before the first."),
        ({"last_day": "2031-03-24"}, "last_day", "At most 14 days at once; enter longer ones in the settings."),
        ({"cause": "closed", "since": "13:00", "last_day": "2031-03-11"}, "since",
         "A time of day goes with one day only."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(desk, clinic, wrong, field, words):
    page = desk.get(f"{START}?{query(clinic, **wrong)}")
    assert (page.status_code, page.context["form"].errors) == (422, {field: [words]})


def test_another_clinics_nurse_is_no_choice(desk, clinic):
    other = nurse(factory.make_clinic())
    page = desk.get(f"{START}?{query(clinic, nurse=other.pk)}")
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["nurse"])


def test_touched_visits_are_listed_by_harm_with_a_telephone_number(desk, clinic):
    booked(due(clinic, 3, left=20, mg=500), 3, at(8))
    second = booked(due(clinic, 2, left=1), 2, at(12), chair=1)
    booked(due(clinic, 3, mg=500), 3, at(8), chair=2, nurse=1)
    page = desk.get(f"{START}?{query(clinic)}")
    rows = page.context["rows"]
    assert [row.harm.words for row in rows] == [
        "Second induction infusion, its window ends 1 day later",
        "Maintenance infusion, its window ends 20 days later",
    ]
    assert rows[0].visit == second
    assert (rows[0].telling.by, rows[1].telling.late) == (at(10), True)
    assert text_of(page).count("+44 20 7946 0123") == 2


def test_nobody_touched_is_said(desk, clinic):
    page = text_of(desk.get(f"{START}?{query(clinic)}"))
    assert "No visit is touched" in page
    assert "Enter it" in page


def test_list_costs_the_same_however_many_are_touched(desk, clinic, django_assert_max_num_queries):
    seen = []
    for place in range(3):
        booked(due(clinic, 3, mg=500), 3, at(8), chair=place, nurse=place)
        with django_assert_max_num_queries(40) as asked:
            page = desk.get(f"{START}?{query(clinic, cause='closed')}")
        assert len(page.context["rows"]) == place + 1
        seen.append(len(asked))
    assert seen[1] == seen[2]


def test_plan_is_asked_for_and_worked_out_here_without_a_broker(desk, clinic, settings):
    settings.BROKER_URL = ""
    visit = booked(due(clinic, 3, mg=500), 3, at(8))
    answer = desk.post(f"{START}?{query(clinic)}", propose())
    replan = Replan.objects.get()
    assert answer["Location"] == reverse("replans:plan", args=[replan.pk])
    assert (replan.state, replan.params["reason"], replan.params["others"]) == ("done", "Unwell", False)
    assert not Absence.objects.exists()
    page = text_of(desk.get(answer["Location"]))
    assert "No worker could be asked, so it was worked out here in a short time." in page
    assert str(visit.patient) in page


def test_absence_may_be_entered_at_once(desk, clinic, settings):
    settings.BROKER_URL = ""
    desk.post(f"{START}?{query(clinic)}", propose(note_now="on"))
    assert Absence.objects.get().member == nurse(clinic)


def test_closing_asks_for_a_reason(desk, clinic):
    page = desk.post(f"{START}?{query(clinic, cause='closed')}", propose(reason="  "))
    assert (page.status_code, page.context["form"].errors) == (422, {"reason": ["Say why in a few words."]})
    assert not Replan.objects.exists()


def test_text_no_database_can_keep_is_refused(desk, clinic):
    page = desk.post(f"{START}?{query(clinic)}", propose(reason="a\x00b"))
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["reason"])


def test_receptionist_has_visits_moved_and_a_manager_close(client, clinic, settings):
    settings.BROKER_URL = ""
    factory.sign_in(client, factory.make_member(clinic, "receptionist"))
    address = f"{START}?{query(clinic, cause='closed')}"
    assert "a task is opened" in text_of(client.get(address))
    client.post(address, propose(note_now="on", reason="Burst pipe"))
    assert StaffTask.objects.get(kind="enter_closure").role == "manager"


def test_day_is_asked_about(desk, clinic, settings):
    settings.BROKER_URL = ""
    booked(due(clinic, 3, mg=500), 3, at(10))
    desk.post(reverse("replans:day"), {"on": "2031-03-10", "goal": "early", "minutes": "60", "days": "0"})
    replan = Replan.objects.get()
    assert (replan.kind, replan.first_day, replan.params["early"]) == ("day", DAY, True)
    page = text_of(desk.get(reverse("replans:plan", args=[replan.pk])))
    assert "1 h earlier" in page


@pytest.mark.parametrize("on", ["2031-03-09", "", "2031-02-30"])
def test_day_that_cannot_be_asked_about_is_said_beside_its_field(desk, on):
    page = desk.post(reverse("replans:day"), {"on": on, "goal": "fit", "minutes": "60", "days": "0"})
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["on"])


def test_month_is_asked_about(desk, settings):
    settings.BROKER_URL = ""
    page = desk.get(reverse("replans:month"))
    assert page.context["form"].initial["month"] == "2031-05"
    desk.post(reverse("replans:month"), {"month": "2031-12"})
    replan = Replan.objects.get()
    assert (replan.kind, str(replan.first_day), str(replan.last_day)) == (
        "windows",
        "2031-12-01",
        "2031-12-31",
    )
    assert "There is nothing to move" in text_of(desk.get(reverse("replans:plan", args=[replan.pk])))


@pytest.mark.parametrize("month", ["2031-13", "", "2031", "2031-02"])
def test_month_that_cannot_be_asked_about_is_refused(desk, month):
    page = desk.post(reverse("replans:month"), {"month": month})
    assert page.status_code == 422
    assert page.context["form"].errors


def test_earlier_questions_are_listed_and_audited(desk, clinic, settings):
    settings.BROKER_URL = ""
    desk.post(f"{START}?{query(clinic)}", propose())
    assert "Priya Nair away, 10 Mar 2031" in text_of(desk.get(START))
    desk.get(reverse("replans:plan", args=[Replan.objects.get().pk]))
    assert AuditEntry.objects.filter(verb="viewed a plan").count() == 1
