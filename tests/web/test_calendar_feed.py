"""The calendar feed and the PDF: what they say, to whom, and what an address that is wrong gets."""

import io
import logging
import re
from datetime import UTC, datetime, timedelta

import pypdf
import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from icalendar import Calendar

from clinics.models import AuditEntry
from infusion.doors.masking import MaskedAddresses
from infusion.interop.calendar import uid_of
from infusion.interop.writers.appointments import Row, Section, Sheet, appointments_pdf
from infusion.portal import sheets, take_home
from patients import actions as patients
from patients.models import FeedToken, PortalAccess
from scheduling.models import VisitVersion
from tests import factory
from tests.web.test_portal import enter, in_days

pytestmark = pytest.mark.django_db
PRIVATE = re.compile(
    r"rituximab|infusion|rheumat|arthrit|lupus|sclerosis|Ana|Riverside Clinic", re.IGNORECASE
)


@pytest.fixture
def clinic():
    return factory.make_clinic(chairs=3)


@pytest.fixture
def ana(clinic):
    return factory.make_patient(clinic, given_name="Ana", email="ana@example.org")


@pytest.fixture
def access(client, ana):
    enter(client, ana)
    return PortalAccess.objects.of(ana.clinic).get(patient=ana)


def press(client, button, about=""):
    """Press a button of the page; what is shown then."""
    return client.post(reverse("portal:calendar"), {"feed": button, "about": about}, follow=True)


def standing(ana):
    return FeedToken.objects.of(ana.clinic).get(revoked_at=None)


def made(client) -> str:
    """The path of the feed that the page shows once."""
    page = press(client, "make")
    address = page.context["address"]
    assert page.content.decode().count(address) == 1
    return "/" + address.split("/", 3)[3]


def entries(answer):
    assert answer.status_code == 200
    return Calendar.from_ical(answer.content).walk("VEVENT")


def test_feed_holds_the_visits_under_the_names_the_mails_use(client, clinic, ana, access):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    (entry,) = entries(Client().get(made(client)))
    first = VisitVersion.objects.of(clinic).get(visit=visit, version=1)
    assert str(entry["uid"]) == uid_of(visit.pk, str(first.batch))
    assert (entry["dtstart"].dt, entry["dtend"].dt) == (visit.starts_at, visit.ends_at)
    assert (entry["sequence"], str(entry["status"]), str(entry["summary"])) == (1, "CONFIRMED", "Appointment")


def test_feed_says_nothing_of_what_a_visit_is_for(client, clinic, ana, access):
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    answer = Client().get(made(client))
    assert PRIVATE.findall(answer.content.decode()) == []
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")


def test_feed_follows_a_move_and_a_cancellation(client, clinic, ana, access):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    path = made(client)
    moved = in_days(clinic, 12)
    factory.change_visit(visit, "moved", starts_at=moved, ends_at=moved + timedelta(hours=4))
    (entry,) = entries(Client().get(path))
    assert (entry["sequence"], entry["dtstart"].dt) == (2, moved)
    factory.change_visit(visit, "cancelled")
    (entry,) = entries(Client().get(path))
    assert (entry["sequence"], str(entry["status"])) == (3, "CANCELLED")


def test_token_has_256_bits_and_only_its_hash_is_kept(client, ana, access):
    token = made(client).removeprefix("/feed/").removesuffix(".ics")
    row = FeedToken.objects.of(ana.clinic).get()
    assert (len(token), len(row.digest)) == (43, 64)
    assert token not in {str(value) for value in vars(row).values()}
    assert token not in client.get(reverse("portal:calendar")).content.decode()


@pytest.mark.parametrize(
    "ending", ["taken back", "made anew", "access closed", "died", "unconfirmed", "inactive"]
)
def test_feed_ends(client, ana, access, ending):
    path = made(client)
    if ending == "taken back":
        press(client, "end", standing(ana).pk)
    elif ending == "made anew":
        press(client, "make", standing(ana).pk)
    elif ending == "access closed":
        patients.revoke_access(access=access, by=access.user, now=timezone.now())
    elif ending == "died":
        type(ana).objects.of(ana.clinic).filter(pk=ana.pk).update(deceased=True)
    elif ending == "unconfirmed":
        PortalAccess.objects.of(ana.clinic).filter(pk=access.pk).update(confirmed_at=None)
    else:
        type(access.user).objects.filter(pk=access.user_id).update(is_active=False)
    assert Client().get(path).status_code == 404


def test_address_is_shown_once_and_a_reload_or_another_language_ends_nothing(client, ana, access):
    path = made(client)
    token = path.removeprefix("/feed/").removesuffix(".ics")
    client.post(reverse("portal:language"), {"language": "es", "next": reverse("portal:calendar")})
    shown = [client.get(reverse("portal:calendar")) for _ in range(2)]
    assert [page.content.decode().count(token) for page in shown] == [0, 0]
    assert "Se la mostramos una vez" in shown[0].content.decode()
    assert [token in str(value) for value in client.session.values()] == [False] * len(client.session.keys())
    assert Client().get(path).status_code == 200


def test_address_waits_for_the_page_that_shows_it(client, ana, access):
    client.post(reverse("portal:calendar"), {"feed": "make"})
    client.head(reverse("portal:calendar"))
    page = client.get(reverse("portal:calendar"))
    assert page.content.decode().count(page.context["address"] or "nothing") == 1


@pytest.mark.parametrize("button", ["", "make", "end", "enD", "x\x00"])
@pytest.mark.parametrize("about", ["", "0", "x", "9" * 30])
def test_no_press_but_one_about_the_standing_address_ends_it(client, ana, access, button, about):
    path = made(client)
    assert press(client, button, about).status_code == 200
    assert Client().get(path).status_code == 200


def test_page_of_an_address_that_ended_does_not_end_the_next(client, ana, access):
    made(client)
    old = standing(ana).pk
    asked = client.get(reverse("portal:calendar") + "?new")
    assert (asked.context["feed"].pk, asked.context["address"]) == (old, "")
    press(client, "make", old)
    now = standing(ana).pk
    press(client, "end", old)
    press(client, "make", old)
    assert standing(ana).pk == now != old


def test_wrong_address_is_answered_like_no_page_at_all(client, ana, access):
    path = made(client)
    wrong = [path[:-6] + "AA.ics", "/feed/x.ics", "/feed/%00.ics", "/feed/" + "é" * 300 + ".ics"]

    def answered(address):
        answer = Client().get(address)
        return answer.status_code, re.sub(r'"X-CSRFToken": "\w+"|value="\w{64}"', "", answer.content.decode())

    assert {answered(each) for each in wrong} == {answered("/no-such-page")}


def test_guessing_is_throttled_and_whoever_has_the_right_address_does_not_wait_for_it(client, ana, access):
    path = made(client)
    guesser = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(20):
        assert guesser.get(f"/feed/guess{number}.ics").status_code == 404
    # 429 and not 404: a calendar that gets 404 may drop the feed for good.
    assert [guesser.get(each).status_code for each in (path, "/feed/guess.ics")] == [200, 429]
    assert Client(REMOTE_ADDR="203.0.113.10").get("/feed/guess.ics").status_code == 404


def test_calendar_that_asks_without_end_is_told_to_come_later_and_no_other(client, ana, access, monkeypatch):
    monkeypatch.setattr(take_home, "READS", 2)
    path, begun = made(client), datetime(2031, 3, 10, 9, 0, tzinfo=UTC)
    other = factory.make_patient(ana.clinic, email="bob@example.org")
    theirs = made(enter(Client(), other))
    with time_machine.travel(begun, tick=False) as clock:
        answers = [Client().get(path) for _ in range(3)]
        assert Client().get(theirs).status_code == 200
        clock.move_to(begun + timedelta(seconds=600))
        answers.append(Client().get(path))
    assert [each.status_code for each in answers] == [200, 200, 429, 200]
    assert answers[2]["Retry-After"] == "600"


def test_calendar_that_asks_while_it_must_wait_does_not_wait_the_longer(client):
    begun = timezone.now()
    shared = Client(REMOTE_ADDR="203.0.113.9")
    with time_machine.travel(begun, tick=False) as clock:
        for number in range(20):
            shared.get(f"/feed/guess{number}.ics")
        seen = []
        for seconds in (300, 599, 601):
            clock.move_to(begun + timedelta(seconds=seconds))
            seen.append(shared.get("/feed/guess.ics").status_code)
    assert seen == [429, 429, 404]


def test_feed_is_only_read(client, ana, access):
    path = made(client)
    assert Client(enforce_csrf_checks=True).post(path).status_code in (403, 405)
    assert Client().head(path).status_code == 200


def test_calendar_that_has_it_already_is_told_so(client, clinic, ana, access):
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    path = made(client)
    tag = Client().get(path)["ETag"]
    assert Client().get(path, headers={"if-none-match": tag}).status_code == 304


def test_reading_is_audited_once_a_day(client, ana, access):
    path = made(client)
    for _ in range(3):
        Client().get(path)
    verbs = list(
        AuditEntry.objects.of(ana.clinic)
        .filter(verb__endswith="calendar feed")
        .values_list("verb", flat=True)
    )
    assert sorted(verbs) == ["made a calendar feed", "read the calendar feed"]


def test_feed_asks_as_often_for_many_visits_as_for_one(
    client, clinic, ana, access, django_assert_num_queries
):
    path = made(client)
    factory.make_visit(ana, starts_at=in_days(clinic, 10))
    Client().get(path)
    for days in range(11, 40, 4):
        factory.make_visit(ana, kind="follow_up", starts_at=in_days(clinic, days))
    with django_assert_num_queries(12):
        assert len(entries(Client().get(path))) == 9


def test_token_never_stands_in_a_log():
    record = logging.LogRecord(
        "x", logging.WARNING, "", 0, "Not Found: %s", ("/feed/secret-token.ics",), None
    )
    MaskedAddresses().filter(record)
    assert record.getMessage() == "Not Found: /feed/…"


# --- on paper --------------------------------------------------------------------------------------------------------
def words_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_pdf_says_when_and_where_and_nothing_of_what_for(client, clinic, ana, access):
    visit = factory.make_visit(ana, starts_at=in_days(clinic, 10))
    answer = client.get(reverse("portal:schedule_pdf"))
    said = words_of(answer.content)
    day = visit.starts_at.astimezone(clinic.zone)
    assert [line for line in said.splitlines() if line == f"{day:%A}, {day.day} {day:%B %Y}, 09:00"] != []
    assert PRIVATE.sub("", said.replace("Ana", "").replace(clinic.name, "")) == said.replace(
        "Ana", ""
    ).replace(clinic.name, "")
    assert answer["Content-Disposition"] == 'attachment; filename="my-appointments.pdf"'
    assert answer["Cache-Control"] == "no-store"
    reader = pypdf.PdfReader(io.BytesIO(answer.content))
    assert (reader.trailer["/Root"]["/MarkInfo"]["/Marked"], reader.trailer["/Root"]["/Lang"]) == (True, "en")


def test_pdf_claims_nothing_of_a_visit_that_nobody_charted(clinic, ana):
    for days, stands in ((-4, "fulfilled"), (-3, "noshow"), (-2, "booked")):
        factory.make_visit(ana, starts_at=in_days(clinic, days), status=stands)
    past = sheets.sheet_of(ana, now=timezone.now()).sections[-1]
    assert [row.state for row in past.rows] == ["Was booked", "Missed", "Done"]


def test_pdf_is_not_made_without_end_and_the_page_says_when_it_is_made_again(
    client, ana, access, monkeypatch
):
    monkeypatch.setattr(take_home, "PRINTED", 2)
    answers = [client.get(reverse("portal:schedule_pdf")) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert (answers[2]["Retry-After"], answers[2].context["wait"]) == ("600", "10 minutes")
    other = factory.make_patient(ana.clinic, email="bob@example.org")
    assert enter(Client(), other).get(reverse("portal:schedule_pdf")).status_code == 200


def sheet(**more) -> Sheet:
    rows = tuple(Row(f"Day {number}", "*not* #markup", "Booked") for number in range(60))
    told = {
        "language": "es", "title": "Mis citas", "name": "Ana", "clinic": "Riverside", "address": (), "phone": "1",
        "zone": "", "printed": "", "change": "", "sections": [Section("Booked", ("a", "b"), "", rows)],
    }  # fmt: skip
    return Sheet(**{**told, **more})


def test_pdf_runs_over_pages_and_reads_nothing_as_markup():
    made = appointments_pdf(sheet())
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) == 4
    assert words_of(made).count("*not* #markup") == 60


@pytest.mark.parametrize(("more", "gone"), [({"name": "李小龙"}, "李小龙"), ({"name": "Ñandú Žižek"}, "")])
def test_name_in_letters_the_typeface_lacks_is_left_out(more, gone):
    said = words_of(appointments_pdf(sheet(**more)))
    assert (gone in said if gone else more["name"] in said) is not bool(gone)


def test_pdf_is_made_whatever_letters_the_clinic_uses():
    assert appointments_pdf(sheet(clinic="诊所")).startswith(b"%PDF")


def test_sheet_is_in_the_language_in_force(clinic, ana):
    from infusion.portal.sheets import sheet_of

    with translation.override("en"):
        made = sheet_of(ana, now=datetime(2031, 3, 10, 9, 5, tzinfo=UTC))
    assert (made.language, made.title, made.printed) == (
        "en",
        "My appointments",
        "As it stood on Monday, 10 March 2031 at 09:05",
    )
