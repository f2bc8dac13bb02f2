"""What a patient asks of their times: the form, the panel, and what the search makes of it."""

from datetime import time

import pytest
from django.urls import reverse

from clinics.models import AuditEntry
from patients import actions
from patients.domain.wishes import in_words
from patients.models import Wishes
from scheduling import queries
from tests import factory
from tests.web.booking.arranged import single_url, text_of

pytestmark = pytest.mark.django_db
TYPED = {
    "weekdays": ["1", "3"],
    "not_before": "09:00",
    "not_after": "15:30",
    "place": "bed",
    "notice_hours": "48",
    "note": "Comes by taxi",
}


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=2, nurses=2)


@pytest.fixture
def patient(clinic):
    return factory.make_patient(clinic)


@pytest.fixture
def desk(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "receptionist"))


def url(patient):
    return reverse("patients:wishes", args=[patient.pk])


def detail(client, patient):
    return text_of(client.get(reverse("patients:detail", args=[patient.pk])))


def test_without_wishes_the_page_says_that_anything_goes(desk, patient):
    assert "None: any weekday, any time, any chair." in detail(desk, patient)


def test_wishes_are_kept_shown_and_audited(desk, clinic, patient):
    shown = desk.get(url(patient)).context["form"]["shown"].value()
    assert desk.post(url(patient), {**TYPED, "shown": shown}).status_code == 302
    row = Wishes.objects.get(patient=patient)
    assert (row.weekdays, row.not_before, row.not_after, row.place, row.notice_hours, row.note) == (
        [1, 3],
        time(9),
        time(15, 30),
        "bed",
        48,
        "Comes by taxi",
    )
    words = detail(desk, patient)
    for wish in (
        "Needs a bed",
        "On Tuesdays or Thursdays",
        "Not before 09:00",
        "Home by 15:30",
        "Must know 2 days beforehand",
        "Comes by taxi",
    ):
        assert wish in words
    entry = AuditEntry.objects.of(clinic).get(verb="changed wishes")
    assert entry.changes["weekdays"] == [[], [1, 3]]
    assert entry.changes["not_before"] == [None, "09:00"]


def test_saving_the_same_again_changes_nothing(desk, clinic, patient):
    for _ in range(2):
        desk.post(url(patient), {**TYPED, "shown": desk.get(url(patient)).context["form"]["shown"].value()})
    assert AuditEntry.objects.of(clinic).filter(verb="changed wishes").count() == 1
    assert Wishes.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"not_before": "25:00"}, "not_before", "This time cannot be read."),
        ({"not_after": "08:00"}, "not_after", "This lies before the earliest time."),
        ({"weekdays": ["7"]}, "weekdays", "Select a valid choice."),
        ({"weekdays": ["x"]}, "weekdays", "Select a valid choice."),
        ({"place": "sofa"}, "place", "Select a valid choice."),
        ({"notice_hours": "-1"}, "notice_hours", "greater than or equal to 0"),
        ({"notice_hours": "400"}, "notice_hours", "less than or equal to 336"),
        ({"note": "\x00"}, "note", ""),
        ({"note": "x" * 251}, "note", "at most 250 characters"),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(desk, patient, typed, field, words):
    page = desk.post(url(patient), {**TYPED, **typed})
    found = page.context["form"].errors
    assert (page.status_code, list(found), words in found[field][0]) == (422, [field], True)
    assert Wishes.objects.count() == 0


def test_a_stale_page_is_told_what_stands_now(desk, clinic, patient):
    shown = desk.get(url(patient)).context["form"]["shown"].value()
    actions.set_wishes(patient=patient, by=None, weekdays=[0])
    page = desk.post(url(patient), {**TYPED, "shown": shown})
    assert page.status_code == 422
    assert "A colleague has changed the wishes meanwhile. They are now: On Mondays." in text_of(page)
    form = page.context["form"]
    assert form["weekdays"].value() == [1, 3]
    assert desk.post(url(patient), {**TYPED, "shown": form["shown"].value()}).status_code == 302
    assert Wishes.objects.get().weekdays == [1, 3]


def test_wishes_may_be_taken_back(desk, patient):
    actions.set_wishes(patient=patient, by=None, place="bed")
    shown = desk.get(url(patient)).context["form"]["shown"].value()
    empty = {"notice_hours": "24", "place": "", "not_before": "", "not_after": "", "note": "", "shown": shown}
    assert desk.post(url(patient), empty).status_code == 302
    assert "None: any weekday, any time, any chair." in detail(desk, patient)


def test_times_on_offer_go_by_the_wishes(desk, clinic, patient):
    course = factory.make_course(patient)
    bed = clinic.chairs.order_by("pk")[1]
    bed.kind = "bed"
    bed.save()
    actions.set_wishes(patient=patient, by=None, weekdays=[2], not_before=time(10), place="bed")
    page = desk.get(single_url(course, 3))
    card, _ = page.context["cards"][0]
    local = card.places[0].starts.astimezone(clinic.zone)
    assert (local.weekday(), local.time() >= time(10), card.places[0].chair) == (2, True, bed.pk)
    assert {"Wednesday, as wished", "Inside the wished hours", "A bed, as needed"} <= {*card.reasons}
    assert queries.Asked().handover is False


def test_wishes_in_plain_words():
    assert in_words([], None, None, "", 24) == ()
    assert in_words([4, 0, 2], time(9, 30), None, "isolation", 1, "Deaf in one ear") == (
        "Needs an isolation room",
        "On Mondays, Wednesdays or Fridays",
        "Not before 09:30",
        "Must know 1 hour beforehand",
        "Deaf in one ear",
    )
