"""Every page and mail a patient gets: wholly in one language, easy to read, and light enough for a slow phone.

``make reading`` prints the figures of each.
"""

import gzip
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from clinics.actions import approve_education
from clinics.domain.rights import Role
from infusion.portal.access import CHOSEN
from infusion.portal.domain.education import PAGES, VERSION
from patients.models import Patient, PortalAccess
from scripts import words
from tests import factory
from tests.belongings import objects_of
from tests.reading import lines_of, points_of_ease, school_years, sentences_of
from tests.web.test_rights import PATIENT

pytestmark = pytest.mark.django_db
HIGHEST_GRADE, LOWEST_EASE = 7.0, 70.0
FEWEST_WORDS = 40
"""Below so many words a scale says nothing."""
HEAVIEST = 150_000
ENGLISH = re.compile(
    r"\b(the|your|you|and|with|when|this|that|from|our|have|please|what|will|are)\b", re.IGNORECASE
)
TYPED = re.compile("Leave it out that morning.")
"""What people have typed, which nobody translates."""
DOOR = ("account_request_login_code", "account_confirm_login_code")
MAILS = sorted(
    path.stem for path in (words.ROOT / "templates/reminders").glob("[!_]*.txt") if path.stem != "digest"
)


@pytest.fixture
def door(client) -> dict[str, object]:
    """Someone signed in as a patient who has one of everything; what the addresses of the portal need."""
    clinic = factory.make_clinic(name="Centro", address="Calle 1", directions="", emergency_phone="911")
    own = objects_of(clinic)
    now = timezone.now()
    approve_education(
        clinic=clinic,
        version=VERSION,
        by=factory.make_member(clinic, Role.PRESCRIBER).user,
        today=now.date(),
    )
    patient = Patient.objects.of(clinic).get(pk=own["patient"])
    user = factory.make_user(door="portal", email=patient.email)
    PortalAccess.objects.create(clinic=clinic, patient=patient, user=user, invited_at=now, confirmed_at=now)
    asks = factory.make_patient(clinic, given_name="Zoe")
    PortalAccess.objects.create(clinic=clinic, patient=asks, user=user, invited_at=now, is_carer=True)
    factory.make_visit(patient, starts_at=now.replace(second=0, microsecond=0) + timedelta(days=2))
    factory.sign_in(client, user)
    return own


def pages(client, own, language: str) -> Iterator[tuple[str, str]]:
    """Every page of the portal, in a language."""
    client.cookies["language"] = language
    for name, objects in PATIENT.items():
        for slug in [page.slug for page in PAGES] if objects == ("slug",) else [""]:
            answer = client.get(reverse(name, args=[slug or own[each] for each in objects]))
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                yield f"{name} {slug}".strip(), answer.content.decode()
    chosen = PortalAccess.across_clinics.filter(pk=client.session[CHOSEN])
    chosen.update(is_carer=True, accepted_at=timezone.now())
    yield "portal:leave", client.get(reverse("portal:leave")).content.decode()
    chosen.update(is_carer=False, accepted_at=None)


def mails(language: str) -> Iterator[tuple[str, str]]:
    """Every mail, in a language, with blanks filled in that say nothing in any."""
    line = {"date": "—", "time": "9:00", "until": "13:00", "length": "4 h", "zone": "X", "was": "—"}
    now = timezone.now()
    follow_up = SimpleNamespace(due_on=now.date(), earliest_on=now.date(), latest_on=now.date())
    for kind in MAILS:
        for verb in ("booked", "moved", "cancelled"):
            context = {
                "clinic": SimpleNamespace(phone="+1 305 555 0100", address="Calle 1", directions=""),
                "clinic_name": "Centro",
                "name": "Ana",
                "language": language,
                "lines": [line | {"verb": verb}],
                "earlier": line | {"open_until": "—"},
                "follow_up": follow_up,
                "portal": "https://x/",
                "asker": "Ana",
                "answer_here": "https://x/",
                "carer": verb != "booked",
                "colleague": verb == "cancelled",
            }
            with translation.override(language):
                yield f"{kind} ({verb})", render_to_string(f"reminders/{kind}.txt", context)


def left_in_english(text: str, known: list[re.Pattern[str]]) -> list[str]:
    text = TYPED.sub("", text)
    return [pattern.pattern for pattern in known if pattern.search(text)] + ENGLISH.findall(text)


@pytest.fixture(scope="module")
def english() -> list[re.Pattern[str]]:
    """The English of everything that is translated and longer than two words."""
    said = []
    for message in words.translation():
        for text in message.id if isinstance(message.id, tuple | list) else (message.id,):
            parts = re.split(r"%\(\w+\)[sd]|%[sd]|\{\w+\}", text)
            if message.string != text and any(len(part.split()) > 2 for part in parts):
                said.append(re.compile(".{0,40}".join(re.escape(part) for part in parts)))
    return said


def test_no_page_of_the_portal_is_left_in_english(client, door, english):
    found = {}
    for name, html in pages(client, door, "es"):
        text = "\n".join(lines_of(html, "html"))
        found[name] = (re.findall(r'<html lang="(\w+)"', html), left_in_english(text, english))
    assert len(found) >= 20
    assert {name: said for name, said in found.items() if said != (["es"], [])} == {}


def test_door_is_not_left_in_english(client, english):
    client.cookies["language"] = "es"
    client.post(reverse(DOOR[0]), {"email": "somebody@example.org"})
    found = {}
    for name in DOOR:
        for answer in (client.get(reverse(name)), client.post(reverse(name), {})):
            found[name, answer.status_code] = left_in_english(
                "\n".join(lines_of(answer.content.decode(), "html")), english
            )
    assert {name: said for name, said in found.items() if said} == {}


def test_no_mail_is_left_in_english(english):
    found = {name: left_in_english(text, english) for name, text in mails("es")}
    assert {name: said for name, said in found.items() if said} == {}


@pytest.mark.parametrize(("language", "scale"), [("en", school_years), ("es", points_of_ease)])
def test_pages_and_mails_are_read_at_the_age_of_twelve(client, door, language, scale):
    texts = {name: sentences_of(lines_of(html)) for name, html in pages(client, door, language)}
    texts |= {name: sentences_of(text.splitlines()) for name, text in mails(language)}
    found = {name: scale(text) for name, text in texts.items() if len(text.split()) >= FEWEST_WORDS}
    for name, figure in found.items():
        print(f"{language}  {figure:6.1f}  {name}")
    hard = {
        name: figure
        for name, figure in found.items()
        if (figure > HIGHEST_GRADE if language == "en" else figure < LOWEST_EASE)
    }
    assert hard == {}


def test_no_page_of_the_portal_is_heavy(client, door):
    """As sent: files packed by gzip, as production does, the page itself as it is; unpacked beside it."""
    sent, unpacked = {}, {}
    for name, html in pages(client, door, "es"):
        named = set(re.findall(r'(?:href|src)="/static/([^"#]+)', html))
        files = [Path(finders.find(address)).read_bytes() for address in sorted(named)]
        sent[name] = len(html.encode()) + sum(len(gzip.compress(file)) for file in files)
        unpacked[name] = len(html.encode()) + sum(len(file) for file in files)
        print(f"{sent[name]:8,}  {unpacked[name]:8,}  {name}")
    assert {name: size for name, size in sent.items() if size > HEAVIEST} == {}
