"""The patients' door attacked: scanners that follow links, guesses in turn and all at once, codes old, used and
carried elsewhere, and questions that ask who is a patient.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.account.signals import login_code_rejected
from django.core.cache import cache
from django.db import connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from infusion.doors.sessions import code_in
from infusion.reminders import actions as reminders
from infusion.reminders import tasks
from patients import actions
from patients.models import Patient, PortalAccess
from tests import factory
from tests.ledger import book
from tests.letters import outbox
from tests.web.test_doors import ask_code, give_code, mailed_code

pytestmark = pytest.mark.django_db
CODE = reverse("account_confirm_login_code")
TOKEN = re.compile(rb"[A-Za-z0-9]{64}")


def invite(**fields: Any) -> Patient:
    clinic = factory.make_clinic()
    patient = factory.make_patient(clinic, **fields)
    by = factory.make_member(clinic, "receptionist").user
    actions.invite(patient=patient, by=by, now=timezone.now())
    return patient


@pytest.fixture
def invited() -> Patient:
    return invite(email="ana@example.org")


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def links(text: str) -> list[str]:
    """Where the links of a mail lead on this site."""
    return re.findall(r"https?://[^/\s]+(/[^\s<>\"]*)", text)


def test_scanner_that_follows_every_link_of_every_mail_consumes_nothing(
    client: Client, invited: Patient
) -> None:
    book(invited)
    reminders.derive(now=timezone.now())
    tasks.send_due()
    ask_code(client, invited.email)
    found = {link for each in outbox() for link in links(str(each.body))}
    assert found
    before = list(PortalAccess.objects.values())
    for link in [*found, CODE]:
        scanner = Client()
        for _ in range(5):
            scanner.get(link, follow=True)
        scanner.head(link)
        assert not is_in(scanner)
    assert list(PortalAccess.objects.values()) == before
    give_code(client, mailed_code())
    assert is_in(client)


@pytest.mark.parametrize("fault", ["gone", "hung"])
def test_sixth_wrong_code_is_blocked_without_a_broker(
    invited: Patient, settings: Any, hung_broker: str, fault: str
) -> None:
    settings.BROKER_URL = hung_broker if fault == "hung" else "redis+socket:///nowhere/broker.sock"
    first, second = Client(), Client()
    ask_code(first, invited.email)
    for _ in range(3):
        give_code(first, "WRONG1")
    ask_code(second, invited.email)
    statuses = [give_code(second, code).status_code for code in ("WRONG1", "WRONG1", mailed_code())]
    assert statuses == [200, 429, 429]
    assert not is_in(second)


def test_third_wrong_code_makes_the_code_worthless(client: Client, invited: Patient) -> None:
    ask_code(client, invited.email)
    for _ in range(3):
        last = give_code(client, "WRONG1")
    assert last["Location"] == reverse("account_request_login_code") + "?tries=over"
    assert "That was the wrong code too many times." in client.get(last["Location"]).content.decode()
    give_code(client, mailed_code())
    assert not is_in(client)


@pytest.mark.parametrize(("seconds", "let_in"), [(590, True), (601, False)])
def test_code_is_good_for_ten_minutes(client: Client, invited: Patient, seconds: int, let_in: bool) -> None:
    ask_code(client, invited.email)
    session = client.session
    session["account_login"]["state"]["stages"]["login_by_code"]["data"]["at"] -= seconds
    session.save()
    give_code(client, mailed_code())
    assert is_in(client) is let_in


def test_code_can_be_sent_again_twice_and_only_the_newest_is_good(client: Client, invited: Patient) -> None:
    ask_code(client, invited.email)
    codes = [mailed_code()]
    for _ in range(3):
        client.post(CODE, {"action": "resend"})
        codes.append(mailed_code())
    assert len(outbox()) == 3
    give_code(client, codes[0])
    assert not is_in(client)
    give_code(client, codes[2])
    assert is_in(client)


def test_session_gets_another_key_at_sign_in(client: Client, invited: Patient) -> None:
    ask_code(client, invited.email)
    before = client.session.session_key
    give_code(client, mailed_code())
    assert is_in(client)
    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert not is_in(stolen)


def test_unknown_address_gets_the_same_answers_byte_by_byte(invited: Patient) -> None:
    """Asking, looking, guessing wrongly to the end, and asking for another code: all but the tokens is the same."""

    def answers(address: str) -> list[tuple[int, str, bytes]]:
        browser = Client()
        found = [
            ask_code(browser, address),
            browser.get(CODE),
            browser.post(CODE, {"action": "resend"}),
            browser.get(CODE),
            *[give_code(browser, "WRONG1") for _ in range(3)],
            browser.get(CODE),
        ]
        return [
            (
                each.status_code,
                each.headers.get("Location", ""),
                TOKEN.sub(b"", each.content).replace(address.encode(), b"somebody"),
            )
            for each in found
        ]

    assert answers(invited.email) == answers("bob@example.org")


def test_unknown_address_costs_about_as_much_work(invited: Patient) -> None:
    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as counted:
            ask_code(Client(), address)
        return len(counted)

    assert abs(asked(invited.email) - asked("bob@example.org")) <= 3


def watching(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Stands right around the page: what it notes is in the database before anything else is done with the answer."""

    def watched(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        kept.append(code_in(request.session))
        return answer

    return watched


kept: list[Any] = []


def test_wrong_code_is_counted_before_the_next_one_can_be_looked_at(invited: Patient, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.watching"]
    browser = Client()
    ask_code(browser, invited.email)
    kept.clear()
    for _ in range(2):
        give_code(browser, "WRONG1")
    assert [state["failed_attempts"] for state in kept] == [1, 2]


def overtaken(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Lets another try of the same browser come between an answer and whatever is kept of it after it was made."""

    def overtake(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        if request.path == CODE and "overtaken" not in kept:
            kept.append("overtaken")
            another = Client()
            another.cookies["sessionid"] = str(request.session.session_key)
            give_code(another, "WRONG2")
        return answer

    return overtake


def test_what_is_kept_after_an_answer_takes_no_later_try_back(invited: Patient, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.overtaken"]
    browser = Client()
    ask_code(browser, invited.email)
    kept.clear()
    give_code(browser, "WRONG1")
    assert code_in(browser.session)["failed_attempts"] == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("browsers", ["one", "many"])
def test_twenty_guesses_at_once_get_no_more_tries_than_in_turn(browsers: str) -> None:
    """One browser has three tries for its code; many browsers share the address's five."""
    patient = invite(email="ana@example.org")
    tried: list[object] = []

    def note(**more: Any) -> None:
        tried.append(more["user"])

    first = Client()
    ask_code(first, patient.email)
    guessers = []
    for _ in range(20):
        guesser = Client(raise_request_exception=False)
        if browsers == "one":
            guesser.cookies["sessionid"] = first.session.session_key
        else:
            cache.clear()  # or no more than three would be sent a code within a minute
            ask_code(guesser, patient.email)
        guessers.append(guesser)
    begin = threading.Barrier(20)

    def guess(browser: Client) -> int:
        begin.wait(timeout=20)
        try:
            return give_code(browser, "WRONG1").status_code
        finally:
            connections.close_all()

    login_code_rejected.connect(note)
    try:
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(guess, guessers))
    finally:
        login_code_rejected.disconnect(note)
    assert max(statuses) < 500
    assert len(tried) <= (3 if browsers == "one" else 5)
