"""The two doors: staff by password and second factor, patients by a typed code."""

import re
import socket
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEntry
from patients import actions
from patients.models import PortalAccess
from tests import factory
from tests.letters import outbox, under_way

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


def totp_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def nurse(clinic):
    member = factory.make_member(clinic, "nurse")
    member.user.set_password(PASSWORD)
    member.user.save()
    return member


@pytest.fixture
def invited(clinic):
    patient = factory.make_patient(clinic, email="ana@example.org")
    manager = factory.make_member(clinic, "receptionist")
    actions.invite(patient=patient, by=manager.user, now=timezone.now())
    return patient


def enter_password(client: Client, member, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": member.user.email, "password": password})


def ask_code(client: Client, email: str):
    return client.post(reverse("account_request_login_code"), {"email": email})


def mailed_code() -> str:
    found = re.search(r"^\s*([A-Z0-9-]{6,})\s*$", outbox()[-1].body, re.MULTILINE)
    assert found
    return found[1]


def give_code(client: Client, code: str):
    return client.post(reverse("account_confirm_login_code"), {"code": code})


def give_birth_date(client: Client, born):
    return client.post(reverse("portal:who"), {"day": born.day, "month": born.month, "year": born.year})


def test_staff_without_second_factor_is_sent_to_enrol(client, nurse):
    enter_password(client, nurse)
    response = client.get(reverse("desk:today"))
    assert (response.status_code, response["Location"]) == (302, reverse("mfa_activate_totp"))


@pytest.mark.django_db(transaction=True)
def test_staff_enrols_at_first_sign_in_and_lands_on_today(client, nurse):
    enter_password(client, nurse)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": totp_now(secret)})
    assert client.get(reverse("desk:today")).status_code == 200


def test_staff_with_second_factor_must_give_it(client, nurse):
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP")
    enter_password(client, nurse)
    assert client.get(reverse("desk:today")).status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": totp_now("JBSWY3DPEHPK3PXP")})
    assert client.get(reverse("desk:today")).status_code == 200


def test_sixth_wrong_password_is_locked_even_when_right(client, nurse):
    for _ in range(5):
        enter_password(client, nurse, "wrong")
    response = enter_password(client, nurse)
    assert "_auth_user_id" not in client.session
    assert response.status_code in (403, 429)


def test_staff_address_gets_no_code_at_the_patients_door(client, nurse):
    response = ask_code(client, nurse.user.email)
    assert (response.status_code, len(outbox())) == (302, 0)


def test_unknown_address_gets_the_same_answer(client, invited):
    known, unknown = ask_code(Client(), invited.email), ask_code(client, "nobody@example.org")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in outbox()] == [[invited.email]]


def test_answer_does_not_wait_for_a_mail_server_that_hangs(client, invited, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 5
        unknown, known = ask_code(Client(), "nobody@example.org"), ask_code(client, invited.email)
        waiting = len(under_way())
    assert (waiting, outbox()) == (1, [])
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_patient_signs_in_by_code_and_birth_date(client, invited):
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    assert client.get(reverse("portal:home"))["Location"] == reverse("portal:who")
    give_birth_date(client, invited.birth_date)
    assert client.get(reverse("portal:home")).status_code == 200


def test_second_sign_in_asks_no_birth_date(client, invited):
    PortalAccess.objects.update(confirmed_at=timezone.now())
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    assert client.get(reverse("portal:home")).status_code == 200


def test_code_used_in_another_browser_is_refused(client, invited):
    ask_code(client, invited.email)
    other = Client()
    give_code(other, mailed_code())
    assert "_auth_user_id" not in other.session


def test_scanner_following_pages_consumes_nothing(client, invited):
    ask_code(client, invited.email)
    for _ in range(5):
        client.get(reverse("account_confirm_login_code"))
    client.head(reverse("account_confirm_login_code"))
    give_code(client, mailed_code())
    assert client.session["_auth_user_id"] == str(PortalAccess.objects.get().user_id)


def test_code_works_once(client, invited):
    ask_code(client, invited.email)
    code = mailed_code()
    give_code(client, code)
    client.post(reverse("account_logout"))
    give_code(client, code)
    assert "_auth_user_id" not in client.session


def test_wrong_codes_lock_the_address(invited):
    for _ in range(5):
        browser = Client()
        ask_code(browser, invited.email)
        give_code(browser, "WRONG1")
    browser = Client()
    ask_code(browser, invited.email)
    give_code(browser, mailed_code())
    assert "_auth_user_id" not in browser.session


def test_five_wrong_birth_dates_close_the_way_in(client, invited):
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    for year in range(1950, 1955):
        client.post(reverse("portal:who"), {"day": 1, "month": 1, "year": year})
    give_birth_date(client, invited.birth_date)
    assert client.get(reverse("portal:home"))["Location"] == reverse("portal:who")


def test_two_patients_with_one_address_choose_by_birth_date(client, clinic, invited):
    other = factory.make_patient(
        clinic, email=invited.email, birth_date=invited.birth_date.replace(year=1961)
    )
    by = factory.make_member(clinic, "receptionist").user
    actions.invite(patient=other, by=by, now=timezone.now())
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    give_birth_date(client, other.birth_date)
    assert client.get(reverse("portal:home")).context["request"].patient == other


def test_closed_access_ends_with_the_next_page(client, invited):
    PortalAccess.objects.update(confirmed_at=timezone.now())
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    access = PortalAccess.objects.get()
    actions.revoke_access(access=access, by=access.invited_by, now=timezone.now())
    assert client.get(reverse("portal:home")).status_code == 403


def test_patient_cannot_open_staff_pages(client, invited):
    ask_code(client, invited.email)
    give_code(client, mailed_code())
    assert client.get(reverse("patients:list")).status_code == 403
    assert client.get(reverse("mfa_activate_totp")).status_code == 403


def test_staff_idle_session_ends(client, clinic, nurse, settings):
    factory.sign_in(client, nurse)
    assert client.get(reverse("patients:list")).status_code == 200
    session = client.session
    session["seen_at"] = timezone.now().timestamp() - settings.STAFF_IDLE_SECONDS - 1
    session.save()
    assert client.get(reverse("patients:list")).status_code == 302


def test_manager_resets_a_lost_second_factor(client, clinic, nurse):
    Authenticator.objects.create(user=nurse.user, type="totp", data={"secret": "x"})
    factory.sign_in(client, factory.make_member(clinic, "manager"))
    client.post(reverse("clinics:change_member", args=[nurse.pk]), {"reset": "1"})
    assert Authenticator.objects.filter(user=nurse.user).count() == 0
    assert AuditEntry.objects.first().verb == "reset second factor"


@pytest.mark.parametrize(
    "address", ["a\x00@example.org", "\ufffd@example.org", "x" * 5000 + "@example.org", ""]
)
@pytest.mark.parametrize("door", ["account_request_login_code", "account_login", "account_reset_password"])
def test_odd_addresses_at_a_door_are_answered(client, clinic, address, door):
    response = client.post(reverse(door), {"email": address, "login": address, "password": "x\x00"})
    assert response.status_code == 200


def test_another_address_can_be_tried_while_a_code_is_pending(client, invited):
    ask_code(client, "mistyped@example.org")
    response = client.post(
        reverse("account_logout"), {"next": reverse("account_request_login_code")}, follow=True
    )
    assert (response.redirect_chain[-1][0], "email" in response.context["form"].fields) == (
        reverse("account_request_login_code"),
        True,
    )
