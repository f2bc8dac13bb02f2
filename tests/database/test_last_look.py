"""What holds between a claim and the mail server's last answer: leases of slow servers, messages that cannot be sent,
what is looked at last, and who is called when little time is left.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from clinics.models import StaffTask
from infusion.reminders import actions, post, tasks
from infusion.reminders.actions import sending
from infusion.reminders.domain.wording import OwnWords
from infusion.reminders.models import KindRule, Message
from infusion.reminders.post import Answer, Fate
from infusion.reminders.sms import FileCarrier
from patients.actions import note_address_problem
from patients.models import PortalAccess
from tests import factory, programs
from tests.ledger import book, claim, deliver, ledger, now, ready, wait_is_over
from tests.sink import SmtpSink

ANSWERS_BEFORE, ANSWERS_AFTER = 7, 4
"""The most answers before a mail server listens (connection, greeting, hello, encryption, hello again, two for a
password), and those to a mail (sender, recipient, content, end).
"""


class Broken(FileCarrier):
    """A carrier with a mistake in it."""

    def deliver(self, text: str, *, to: str, message_id: str) -> Answer:
        raise KeyError(to)


def test_lease_outlasts_the_slowest_mail_server_that_is_waited_for() -> None:
    lease = sending.LEASE.total_seconds()
    assert lease > ANSWERS_BEFORE * post.GREETS_WITHIN
    assert lease > ANSWERS_AFTER * post.ANSWER_WITHIN


@pytest.mark.django_db(transaction=True)
def test_mail_server_slower_than_a_lease_gets_each_mail_once(smtp_sink: SmtpSink, monkeypatch: Any) -> None:
    """Before the last look and after it the server takes less than a lease; both together take more."""
    monkeypatch.setattr(sending, "LEASE", timedelta(seconds=2))
    smtp_sink.receiver.greets_after = smtp_sink.delay = 1.4
    book(factory.make_patient(factory.make_clinic()))
    actions.derive(now=now())

    def sender() -> None:
        def is_sent() -> bool:
            tasks.send_due()
            return not Message.across_clinics.exclude(state="sent").exists()

        try:
            programs.until(is_sent, seconds=20, what="the mail sent")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: sender(), range(2)))
    assert list(Counter(str(mail.message["Message-ID"]) for mail in smtp_sink.received).values()) == [1]


@pytest.mark.django_db
def test_subject_with_a_long_name_is_shortened_and_sent() -> None:
    clinic = factory.make_clinic()
    actions.write_wording(
        clinic=clinic,
        kind="booked",
        language="en",
        words=OwnWords("{name}: your appointment, {name}", "", ""),
        seen=0,
        by=factory.make_member(clinic, "manager").user,
        now=now(),
    )
    book(factory.make_patient(clinic, given_name="A" * 75, family_name="B" * 75))
    actions.derive(now=now())
    subject = deliver().subject_line
    assert (len(subject), subject[-2:]) == (200, "A…")


@pytest.mark.django_db
def test_carrier_that_fails_holds_up_nobody_elses_message(settings: Any, smtp_sink: SmtpSink) -> None:
    settings.SMS_BACKEND = f"{__name__}.Broken"
    texted = factory.make_clinic()
    KindRule.objects.create(clinic=texted, kind="booked", channels=["sms"])
    book(factory.make_patient(texted, phone="+447911123456"))
    book(factory.make_patient(factory.make_clinic()))
    actions.derive(now=now())
    assert tasks.send_due() == {"planned": 1, "sent": 1}
    row = Message.across_clinics.get(channel="sms")
    assert (row.attempts, row.why) == (1, "Trying again: it could not be sent (KeyError)")


@pytest.mark.django_db
def test_notice_refused_for_now_on_the_day_asks_for_one_call() -> None:
    patient = factory.make_patient(factory.make_clinic())
    visit = book(patient, 1)
    actions.derive(now=now())
    deliver()
    factory.change_visit(visit, "cancelled", at=now() - timedelta(minutes=9), status="cancelled")
    actions.derive(now=now())
    late = visit.starts_at - timedelta(hours=5)
    for _ in range(2):
        wait_is_over()
        message = claim()
        prepared = actions.prepare(message.pk, message.fence, now=now())
        assert not isinstance(prepared, str)
        assert actions.finish(prepared, Answer(Fate.NOT_NOW, "450 wait"), now=late) == "planned"
    assert StaffTask.objects.of(patient.clinic).count() == 1


@pytest.mark.django_db
def test_invitation_withdrawn_while_the_mail_server_greets_never_leaves(smtp_sink: SmtpSink) -> None:
    patient = factory.make_patient(factory.make_clinic())
    user = factory.make_member(patient.clinic).user
    access = PortalAccess.objects.create(
        clinic=patient.clinic, patient=patient, user=user, is_carer=True, name="Cy", invited_at=now()
    )
    actions.derive(now=now())
    settled = ready()
    access.delete()
    assert (actions.hand_over(settled), smtp_sink.received) == ("superseded", [])


@pytest.mark.django_db
def test_mail_that_is_too_large_is_refused_for_good(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse_sender = "552 5.3.4 too large"
    book(factory.make_patient(factory.make_clinic()))
    actions.derive(now=now())
    assert tasks.send_due() == {"failed": 1}


@pytest.mark.django_db
def test_mail_that_comes_back_asks_for_no_call_where_a_text_goes_out(settings: Any, tmp_path: Any) -> None:
    settings.SMS_BACKEND = "infusion.reminders.sms.FileCarrier"
    settings.SMS_FILE = tmp_path / "texts.jsonl"
    clinic = factory.make_clinic()
    KindRule.objects.create(clinic=clinic, kind="booked", channels=["email", "sms"])
    patient = factory.make_patient(clinic, phone="+447911123456")
    note_address_problem(patient=patient, address=patient.email, reason="550 gone", now=now())
    book(patient)
    actions.derive(now=now())
    assert tasks.send_due() == {"no_address": 1, "sent": 1}
    assert (StaffTask.objects.of(clinic).count(), len(ledger())) == (0, 2)
