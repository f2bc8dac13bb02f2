"""What somebody at the doors might try, with and without a sign-in."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import actions
from tests import factory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
RECOVERY_PAGES = ["mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"]


@pytest.fixture(autouse=True)
def fresh_limits():
    """The library's limits per minute are not what is looked at here."""
    cache.clear()


@pytest.fixture
def clinic():
    return factory.make_clinic()


@pytest.fixture
def nurse(clinic):
    return factory.make_member(clinic, "nurse", password=PASSWORD)


@pytest.fixture
def invited(clinic):
    patient = factory.make_patient(clinic, email="ana@example.org")
    by = factory.make_member(clinic, "receptionist").user
    actions.invite(patient=patient, by=by, now=timezone.now())
    return patient


def enter_password(email: str, password: str = PASSWORD, **headers: str):
    return Client().post(reverse("account_login"), {"login": email, "password": password}, **headers)


def answers_to_wrong_codes(email: str) -> list[list[int]]:
    """Status codes at the patient's door for six wrong codes, each in a browser of its own."""
    seen = []
    for _ in range(6):
        cache.clear()
        browser = Client()
        asked = browser.post(reverse("account_request_login_code"), {"email": email})
        typed = browser.post(reverse("account_confirm_login_code"), {"code": "WRONG1"})
        seen.append([asked.status_code, typed.status_code])
    return seen


def test_lock_at_the_patients_door_does_not_tell_who_is_known(invited):
    known, unknown = answers_to_wrong_codes(invited.email), answers_to_wrong_codes("nobody@example.org")
    assert known == unknown
    assert known[5][0] == 429


def test_pages_that_say_no_say_for_how_long(nurse, settings):
    for _ in range(6):
        last = enter_password(nurse.user.email, "wrong")
    assert (last.status_code, last["Retry-After"], last.context["wait"]) == (429, "900", "15 minutes")
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    answers = [enter_password("nobody@example.org", "wrong") for _ in range(2)]
    assert (answers[1].status_code, answers[1].context["wait"]) == (429, "1 minute")


def test_lock_at_the_staff_door_does_not_tell_who_is_known(nurse, invited):
    seen = {}
    for email in (nurse.user.email, invited.email, "nobody@example.org"):
        seen[email] = []
        for _ in range(7):
            cache.clear()
            seen[email].append(enter_password(email, "wrong").status_code)
    assert len({tuple(answers) for answers in seen.values()}) == 1


def test_lock_of_one_network_address_leaves_another_free(nurse, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for _ in range(6):
        enter_password(nurse.user.email, "wrong", HTTP_X_FORWARDED_FOR="203.0.113.9")
    cache.clear()
    attacker = enter_password(nurse.user.email, HTTP_X_FORWARDED_FOR="203.0.113.9")
    colleague = enter_password(nurse.user.email, HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert (attacker.status_code, colleague.status_code) == (429, 302)


def test_forged_forwarding_does_not_escape_the_lock(nurse, settings):
    for count, forged in ((0, "{}"), (1, "{}, 203.0.113.9")):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = count
        for number in range(6):
            cache.clear()
            header = forged.format(f"192.0.2.{number}")
            enter_password(nurse.user.email, "wrong", HTTP_X_FORWARDED_FOR=header)
        cache.clear()
        last = enter_password(nurse.user.email, HTTP_X_FORWARDED_FOR=forged.format("192.0.2.99"))
        assert last.status_code == 429


@pytest.mark.parametrize("page", RECOVERY_PAGES)
def test_session_opened_before_enrolment_sees_no_recovery_codes(client, nurse, page):
    client.post(reverse("account_login"), {"login": nurse.user.email, "password": PASSWORD})
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(nurse.user)
    answer = client.get(reverse(page))
    assert (answer.status_code, "_auth_user_id" in client.session) == (302, False)


@pytest.mark.parametrize("page", RECOVERY_PAGES)
def test_idle_session_sees_no_recovery_codes(client, nurse, settings, page):
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(nurse.user)
    factory.sign_in(client, nurse)
    assert client.get(reverse(page)).status_code == 200
    session = client.session
    session["seen_at"] = timezone.now().timestamp() - settings.STAFF_IDLE_SECONDS - 1
    session.save()
    assert client.get(reverse(page)).status_code == 302


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:1"]
)
def test_next_leads_nowhere_else(nurse, place):
    TOTP.activate(nurse.user, "JBSWY3DPEHPK3PXP")
    for address in (reverse("account_login"), reverse("account_login") + f"?next={place}"):
        answer = Client().post(address, {"login": nurse.user.email, "password": PASSWORD, "next": place})
        assert answer["Location"].split("?")[0] == reverse("mfa_authenticate")
        assert "evil.example" not in answer["Location"]


def test_signing_out_needs_a_post(client, nurse):
    factory.sign_in(client, nurse).get(reverse("account_logout"))
    assert client.session["_auth_user_id"] == str(nurse.user_id)


def test_foreign_host_is_refused(client):
    assert client.get("/", HTTP_HOST="evil.example").status_code == 400
