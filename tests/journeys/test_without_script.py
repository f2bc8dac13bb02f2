"""A patient with a slow phone that runs no JavaScript signs in, reads, chooses Spanish and tells the clinic."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core import mail
from playwright.sync_api import Browser, expect

from patients.models import PortalAccess
from tests import programs
from tests.factory import make_clinic, make_patient, make_user, make_visit

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London


def test_portal_needs_no_script(
    browser: Browser, browser_context_args: dict[str, Any], live_server: Any
) -> None:
    with time_machine.travel(NOW):
        # Given a patient with a visit in ten days and a way into the portal
        clinic = make_clinic()
        ana = make_patient(clinic, given_name="Ana")
        user = make_user(door="portal", email=ana.email)
        PortalAccess.objects.create(clinic=clinic, patient=ana, user=user, invited_at=NOW, confirmed_at=NOW)
        make_visit(ana, starts_at=datetime(2031, 3, 20, 9, tzinfo=UTC))
        small = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
        phone = browser.new_context(**{**browser_context_args, **small}).new_page()
        # When they sign in with the code from the mail
        phone.goto("/portal/")
        phone.get_by_label("Email").fill(ana.email)
        phone.get_by_role("button", name="Send me a code").click()
        programs.until(lambda: bool(mail.outbox), what="the mail with the code")
        code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", str(mail.outbox[-1].body), re.MULTILINE)
        assert code is not None
        phone.get_by_label("Code").fill(code[1])
        phone.get_by_role("button", name="Continue").click()
        # Then the first page stands, and speaks Spanish at one touch
        expect(phone.locator(".next-visit-day")).to_have_text("Thursday, 20 March 2031")
        phone.get_by_role("button", name="Español").click()
        expect(phone.locator(".next-visit-day")).to_have_text("jueves 20 de marzo de 2031")
        # And what they notice reaches the clinic
        phone.get_by_role("link", name="¿No se siente bien?").click()
        phone.get_by_label("Tengo tos").check()
        phone.get_by_role("button", name="Enviar a la clínica").click()
        expect(phone.get_by_role("heading", level=1)).to_have_text("Gracias por contarnos")
        phone.context.close()
