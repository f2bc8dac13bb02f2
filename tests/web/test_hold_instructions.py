"""What a patient holds, on the course page and in the portal; how long an infusion takes and why."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine
from django.urls import reverse

from clinics.domain.rights import Role
from scheduling.models import HoldInstruction
from tests import factory
from tests.web.test_portal import enter

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def on_that_monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def visit():
    ana = factory.make_patient(factory.make_clinic(), email="ana@example.org")
    return factory.make_visit(ana, starts_at=datetime(2027, 3, 8, 9, tzinfo=UTC))


@pytest.fixture
def prescriber(client, visit):
    factory.sign_in(client, factory.make_member(visit.clinic, Role.PRESCRIBER))
    return client


def typed(**changes):
    given = {
        "key": str(uuid4()),
        "medicine": "Enalapril",
        "words": "Leave it out that morning.",
        "days_before": "1",
        "days_after": "",
    }
    return given | changes


def test_a_prescriber_enters_it_and_the_patient_reads_it(prescriber, client, visit):
    course = visit.planned_infusion.course
    where = reverse("scheduling:enter_instruction", args=[course.pk])
    refused = prescriber.post(where, typed(medicine="", words="Leave it out."))
    assert (refused.status_code, refused.context["form"]["words"].value()) == (422, "Leave it out.")
    assert prescriber.post(where, typed()).url == reverse("scheduling:course", args=[course.pk])
    assert "Enalapril" in prescriber.get(reverse("scheduling:course", args=[course.pk])).content.decode()
    patient = enter(client, visit.patient)
    for name in ("portal:home", "portal:prepare"):
        (row,) = patient.get(reverse(name)).context["instructions"]
        assert (row.medicine, row.from_on.isoformat(), row.until_on) == ("Enalapril", "2027-03-07", None)


def test_it_is_changed_once_and_ended_once(prescriber, visit):
    course = visit.planned_infusion.course
    prescriber.post(reverse("scheduling:enter_instruction", args=[course.pk]), typed())
    row = HoldInstruction.objects.of(visit.clinic).get()
    where = reverse("scheduling:change_instruction", args=[row.pk])
    assert prescriber.post(where, typed(words="Halve it.")).status_code == 302
    stale = prescriber.post(where, typed(words="Double it."))
    assert (stale.status_code, "meanwhile" in stale.content.decode()) == (422, True)
    newest = HoldInstruction.objects.of(visit.clinic).get(ended_at=None)
    assert (newest.words, newest.replaces) == ("Halve it.", row)
    prescriber.post(reverse("scheduling:end_instruction", args=[newest.pk]))
    assert not HoldInstruction.objects.of(visit.clinic).filter(ended_at=None).exists()


@pytest.mark.parametrize("acuity", [[], ["usual"]], ids=["bare", "with its acuity"])
def test_the_parts_of_a_visit_add_up_to_its_length(client, visit, acuity):
    phases = [[name, minutes, *acuity] for name, minutes, *_ in visit.phases]
    type(visit).objects.of(visit.clinic).filter(pk=visit.pk).update(phases=phases)
    page = enter(client, visit.patient).get(reverse("portal:home"))
    lengths = [length for _, length in page.context["parts"]]
    assert lengths == ["30 minutes", "30 minutes", "4 hours 15 minutes", "1 hour"]
