"""What staff read of a patient's answers about a visit: all of them, also what a later one replaced."""

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from monitoring.actions import answer_health_check
from scheduling.actions.answers import answer_visit
from scheduling.actions.visits import cancel_visit
from scheduling.models import VisitVersion
from tests import factory
from tests.web.test_portal import in_days

pytestmark = pytest.mark.django_db
ASKED = ("fever", "infection", "antibiotics", "vaccine")


@pytest.fixture
def visit():
    clinic = factory.make_clinic(portal_moves="ask")
    return factory.make_visit(factory.make_patient(clinic), starts_at=in_days(clinic, 10))


@pytest.fixture
def desk(client, visit):
    return factory.sign_in(client, factory.make_member(visit.clinic, Role.RECEPTIONIST))


def say(visit, answer, **more):
    told = {
        "version": visit.version,
        "key": uuid4(),
        "by": factory.make_user("portal"),
        "now": timezone.now(),
    }
    return answer_visit(visit=visit, answer=answer, **told, **more)


def test_reason_given_first_is_read_on_the_request_the_visit_and_the_worklist(desk, visit):
    say(visit, "cannot_come", reason="ill", words="Fever since Sunday")
    later = say(visit, "other_time", words="Next week")
    pages = (
        reverse("scheduling:request", args=[later.pk]),
        reverse("scheduling:visit", args=[visit.pk]),
        f"{reverse('desk:worklist')}#requests",
    )
    shown = [desk.get(page).content.decode() for page in pages]
    assert ["Fever since Sunday" in page and "ill" in page for page in shown] == [True] * 3
    (row,) = next(each for each in desk.get(pages[2]).context["sections"] if each.code == "requests").rows
    assert (
        row.note
        == "Asks for another time; “Next week”; before that: Cannot come; is ill; “Fever since Sunday”"
    )


def test_request_taken_back_is_not_carried_out_and_staff_are_told_so(desk, visit):
    asked = say(visit, "cannot_come", reason="travel")
    say(visit, "confirmed")
    page = desk.post(reverse("scheduling:request", args=[asked.pk]), {"accept": "1"})
    visit.refresh_from_db()
    told = page.content.decode()
    assert (page.status_code, visit.status, [each.code for each in page.context["refusals"]]) == (
        409,
        "booked",
        ["withdrawn"],
    )
    assert ("The patient took this back on" in told, "and said instead: comes" in told) == (True, True)
    assert "The visit has changed since" not in told


def test_older_page_of_all_no_does_not_hide_a_fever_from_the_nurse(client, visit):
    nurse = factory.sign_in(client, factory.make_member(visit.clinic, Role.NURSE))
    visit = factory.make_visit(factory.make_patient(visit.clinic), starts_at=in_days(visit.clinic, 2))
    by, now, no = factory.make_user("portal"), timezone.now(), dict.fromkeys(ASKED, "no")
    for answers in (no | {"fever": "yes"}, no):
        answer_health_check(visit=visit, answers=answers, words="", key=uuid4(), by=by, now=now)
    page = nurse.get(reverse("monitoring:health_check", args=[visit.pk]))
    assert (page.context["lead"].check.answers["fever"], len(page.context["others"])) == ("yes", 1)
    assert page.content.decode().count("On hold until a nurse has called") == 1


def test_staff_who_cancel_what_the_patient_cancelled_are_told_who_was_quicker(desk, visit):
    cancel = reverse("scheduling:cancel", args=[visit.pk])
    sent = {"reason": "She called", "version": visit.version}
    patient = factory.make_user("portal")
    cancel_visit(visit=visit, reason="The patient cannot come", by=patient, now=timezone.now())
    page = desk.post(cancel, sent, follow=True)
    (told,) = [str(message) for message in page.context["messages"]]
    assert (told.startswith("The patient cancelled this visit before, on "), "is free" in told) == (
        True,
        False,
    )
    assert VisitVersion.objects.of(visit.clinic).filter(visit=visit, change="cancelled").count() == 1
