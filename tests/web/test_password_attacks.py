"""The staff's door attacked: passwords guessed in turn, all at once, in other spellings and without a broker."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connections
from django.test import Client
from django.urls import reverse

from clinics.models import Membership
from tests import factory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"


class Counting(MD5PasswordHasher):
    """A quick hash that remembers how often it was asked for."""

    algorithm = "counting"
    looked_at: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.looked_at.append(password)
        return str(super().encode(password, salt))


def colleague() -> Membership:
    member = factory.make_member(factory.make_clinic(), "nurse")
    member.user.email = "sister.kay@example.org"
    member.user.set_password(PASSWORD)
    member.user.save()
    return member


def guess(email: str, password: str = "wrong") -> int:
    browser = Client(raise_request_exception=False)
    return browser.post(reverse("account_login"), {"login": email, "password": password}).status_code


@pytest.mark.parametrize("fault", ["gone", "hung"])
def test_sixth_wrong_password_is_blocked_without_a_broker(
    settings: Any, hung_broker: str, fault: str
) -> None:
    settings.BROKER_URL = hung_broker if fault == "hung" else "redis+socket:///nowhere/broker.sock"
    settings.ACCOUNT_RATE_LIMITS = False
    email = colleague().user.email
    assert [guess(email) for _ in range(6)] == [200, 200, 200, 200, 429, 429]
    assert guess(email, PASSWORD) == 429


def test_another_spelling_of_an_address_gets_no_tries_of_its_own(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    email = colleague().user.email
    spellings = [
        email,
        email.upper(),
        " " + email,
        "\u017fi\u017fter.kay@example.org",
        "sister.\u212aay@example.org",
    ]
    for spelling in spellings:
        guess(spelling)
    assert guess(email, PASSWORD) == 429


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [True, False])
def test_twenty_passwords_at_once_get_no_more_tries_than_in_turn(settings: Any, known: bool) -> None:
    """What is counted is how often a password was looked at; the answers are the same for an address nobody has."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    member = colleague()
    Counting.looked_at.clear()
    email = member.user.email if known else "nobody@example.org"
    begin = threading.Barrier(20)

    def at_once(number: int) -> int:
        begin.wait(timeout=20)
        try:
            return guess(email, f"wrong {number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(pool.map(at_once, range(20)))
    assert statuses == [200] * 4 + [429] * 16
    assert len(Counting.looked_at) == 5
