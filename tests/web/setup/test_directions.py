"""The way to the clinic is kept in both languages, and each reader finds it in their own."""

import pytest
from django.urls import reverse
from django.utils import translation

from clinics.models import AuditEntry
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db
TYPED = {
    "moves": "ask",
    "notice_hours": 24,
    "directions": "Take the lift.",
    "directions_es": "Tome el ascensor.",
}


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def manager(client, clinic):
    return factory.sign_in(client, factory.make_member(clinic, "manager"))


def test_directions_are_saved_in_both_languages_and_a_stale_page_is_told_so(manager, clinic):
    page = reverse("setup:portal")
    typed = {**TYPED, "seen": manager.get(page).context["form"]["seen"].value()}
    assert manager.post(page, typed).status_code == 302
    assert manager.post(page, {**typed, "directions": "Use the stairs."}).status_code == 422
    clinic.refresh_from_db()
    assert (clinic.directions, clinic.directions_es) == ("Take the lift.", "Tome el ascensor.")
    assert AuditEntry.objects.of(clinic).filter(verb="changed portal settings").count() == 1


@pytest.mark.parametrize(
    ("spanish", "read"), [("Tome el ascensor.", "Tome el ascensor."), ("", "Take the lift.")]
)
def test_whoever_reads_spanish_finds_the_way_in_spanish_where_it_was_written(client, spanish, read):
    clinic = factory.make_clinic(directions="Take the lift.", directions_es=spanish)
    ana = factory.make_patient(clinic, language="es")
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    browser = enter(client, ana)
    browser.cookies["django_language"] = "es"
    assert read in browser.get("/portal/").content.decode()
    with translation.override("es"):
        assert clinic.spoken_directions == read
    assert clinic.spoken_directions == "Take the lift."
