"""In which language a page speaks, and how a reader chooses."""

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import PortalAccess
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db
SPANISH = {"headers": {"accept-language": "es-MX,es;q=0.9,en;q=0.5"}}


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def ana(clinic):
    return factory.make_patient(clinic, given_name="Ana", email="ana@example.org", language="es")


def spoken(page):
    return page.headers["Content-Language"]


def test_sign_in_page_speaks_what_the_browser_asks_for(client):
    address = reverse("account_request_login_code")
    assert [spoken(client.get(address)), spoken(client.get(address, **SPANISH))] == ["en", "es"]
    assert '<html lang="es">' in client.get(address, **SPANISH).content.decode()


def test_portal_speaks_the_language_on_record_and_writes_dates_in_it(client, clinic, ana):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    page = enter(client, ana).get(reverse("portal:home"), headers={"accept-language": "en"})
    day = visit.starts_at.astimezone(clinic.zone)
    months = [
        *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
        *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
    ]
    days = ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"]
    written = f"{days[day.weekday()]} {day.day} de {months[day.month - 1]} de {day.year}"
    assert f'<p class="next-visit-day">{written}</p>' in page.content.decode()
    assert spoken(page) == "es"


def test_choice_is_kept_in_the_browser_on_the_record_and_in_the_audit_trail(client, clinic, ana):
    enter(client, ana)
    client.get(reverse("portal:home"))
    answer = client.post(reverse("portal:language"), {"language": "en", "next": "/portal/schedule/"})
    assert (answer.status_code, answer.url) == (302, "/portal/schedule/")
    assert (client.cookies["language"].value, client.cookies["language"]["httponly"]) == ("en", True)
    ana.refresh_from_db()
    assert ana.language == "en"
    assert AuditEntry.objects.filter(verb="chose a language").values_list("changes", flat=True)[0] == {
        "language": ["es", "en"]
    }
    assert spoken(client.get(reverse("portal:home"))) == "en"
    client.post(reverse("portal:language"), {"language": "en"})
    assert AuditEntry.objects.filter(verb="chose a language").count() == 1


def test_choice_before_sign_in_writes_no_record(client, ana):
    client.post(reverse("portal:language"), {"language": "es"})
    assert spoken(client.get(reverse("account_request_login_code"))) == "es"
    ana.refresh_from_db()
    assert (ana.language, AuditEntry.objects.filter(verb="chose a language").count()) == ("es", 0)


def test_choice_of_a_carer_leaves_the_record_alone(client, ana):
    enter(client, ana)
    PortalAccess.objects.filter(patient=ana).update(is_carer=True, accepted_at=timezone.now())
    client.get(reverse("portal:home"))
    client.post(reverse("portal:language"), {"language": "en"})
    ana.refresh_from_db()
    assert ana.language == "es"


def test_unknown_language_and_a_way_out_of_the_site_are_refused(client):
    address = reverse("portal:language")
    assert client.post(address, {"language": "tlh"}).status_code == 400
    assert client.get(address).status_code == 405
    answer = client.post(address, {"language": "es", "next": "https://elsewhere.example/"})
    assert answer.url == reverse("portal:home")


@pytest.mark.parametrize("name", ["desk:today", "patients:list", "ledger:list", "portal:review"])
def test_staff_page_stays_english_in_a_spanish_browser(client, clinic, name):
    member = factory.make_member(clinic, Role.PRESCRIBER)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    page = factory.sign_in(client, member).get(reverse(name), **SPANISH)
    assert spoken(page) == "en"
    assert '<html lang="en">' in page.content.decode()
