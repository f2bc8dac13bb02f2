"""Pages show the clinic's own time of day, whatever the server's: in summer, and on the other side of the world."""

from datetime import UTC, datetime, time

import pytest
import time_machine
from django.urls import reverse

from clinics.models import Shift
from evaluation.models import Evaluation
from tests import factory
from tests.web.booking.arranged import text_of

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 7, 1, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_the_day():
    with time_machine.travel(NOW):
        yield


def test_a_change_of_nurse_is_told_in_summer_time(client):
    clinic = factory.make_clinic(nurses=2)
    one, other = clinic.memberships.filter(role="nurse").order_by("pk")
    Shift.objects.of(clinic).filter(member=one).update(ends=time(12, 30))
    at = datetime(2031, 7, 1, 12, 30, tzinfo=clinic.zone)
    visit = factory.make_visit(
        factory.make_patient(clinic), starts_at=at.replace(hour=9), handovers=[[at.isoformat(), other.pk]]
    )
    desk = factory.sign_in(client, factory.make_member(clinic))
    pages = ["/?day=2031-07-01", "/?day=2031-07-01&view=list", "/day-sheet/?day=2031-07-01"]
    for address in (*pages, reverse("scheduling:visit", args=[visit.pk])):
        assert f"from 12:30 {other.user}" in text_of(desk.get(address)), address


def test_staff_read_when_something_was_done_in_their_own_time(client):
    clinic = factory.make_clinic(time_zone="Asia/Singapore")
    factory.make_clearance(factory.make_patient(clinic))
    desk = factory.sign_in(client, factory.make_member(clinic, "nurse"))
    page = desk.get(reverse("evaluation:detail", args=[Evaluation.objects.get().pk]))
    assert "Opened 1 Jul 2031, 08:30" in text_of(page)
