"""Mail that comes back: the message has failed, the address is marked, and somebody calls, once."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clinics.models import AuditEntry, StaffTask
from infusion.reminders import actions
from infusion.reminders.actions.identity import identify
from infusion.reminders.models import Message
from patients.actions import say_address_works
from patients.models import Patient
from patients.queries import address_problem
from tests import factory
from tests.ledger import HOUR, book, claim, deliver, ledger, now, settle

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[1] / "data" / "bounces"


@pytest.fixture
def patient() -> Patient:
    return factory.make_patient(factory.make_clinic(), email="Ada@example.org")


@pytest.fixture
def sent(patient: Patient) -> Message:
    """A notice of a booking that a mail server has taken."""
    book(patient)
    actions.derive(now=now())
    return deliver()


def sample(name: str, message_id: str, recipient: str) -> bytes:
    text = (SAMPLES / f"{name}.eml").read_text()
    return text.replace("@RECIPIENT@", recipient).replace("@MESSAGE_ID@", message_id).encode()


def read(name: str, message: Message, **other: str) -> dict[str, int]:
    raw = sample(name, other.get("message_id", message.message_id), other.get("recipient", message.recipient))
    return dict(actions.read_bounces([raw], now=now()))


def state(message: Message) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.why


@pytest.mark.parametrize("server", ["postfix", "exim", "exchange"])
def test_mail_that_came_back_fails_marks_the_address_and_asks_for_a_call(
    server: str, sent: Message, patient: Patient
) -> None:
    assert read(server, sent) == {"failed": 1}
    found, why = state(sent)
    assert (found, why.startswith("The mail came back (5")) == ("failed", True)
    assert address_problem(patient).address == "Ada@example.org"
    task = StaffTask.objects.of(patient.clinic).get()
    assert (task.kind, task.cause) == ("call_patient", f"message:{sent.pk}")
    assert "an appointment is booked for" in task.reason
    assert AuditEntry.objects.of(patient.clinic).filter(verb="noted returned mail").count() == 1


def test_reading_the_same_mailbox_twice_changes_nothing(sent: Message, patient: Patient) -> None:
    read("postfix", sent)
    say_address_works(patient=patient, by=factory.make_member(patient.clinic).user, now=now())
    written = AuditEntry.objects.of(patient.clinic).count()
    assert read("postfix", sent) == {"known already": 1}
    assert address_problem(patient) is None
    assert StaffTask.objects.of(patient.clinic).count() == 1
    assert AuditEntry.objects.of(patient.clinic).count() == written


def test_nothing_more_is_mailed_to_a_marked_address(sent: Message, patient: Patient) -> None:
    read("postfix", sent)
    factory.change_visit(sent.visit, "cancelled", at=now() - (now() - sent.due_at))
    other = book(patient, 21)
    actions.derive(now=now())
    assert settle() == "no_address"
    row = Message.across_clinics.get(state="no_address")
    assert row.why == "Mail to this address comes back."
    assert StaffTask.objects.of(patient.clinic).filter(cause=f"message:{row.pk}").count() == 1
    assert other.patient_id == patient.pk


def test_late_mail_is_noted_and_nothing_more(sent: Message, patient: Patient) -> None:
    assert read("delayed", sent) == {"delayed": 1}
    assert state(sent) == ("sent", "Delayed on its way: 4.4.1 connection to mx.example.org timed out")
    assert read("delayed", sent) == {"known already": 1}
    assert address_problem(patient) is None
    assert not StaffTask.objects.of(patient.clinic).exists()


def test_mail_tried_in_vain_is_called_about_and_marks_no_address(sent: Message, patient: Patient) -> None:
    raw = sample("postfix", sent.message_id, sent.recipient).replace(b"Status: 5.1.1", b"Status: 4.4.7")
    assert dict(actions.read_bounces([raw], now=now())) == {"given up": 1}
    assert address_problem(patient) is None
    assert StaffTask.objects.of(patient.clinic).count() == 1


@pytest.mark.parametrize(
    ("server", "forged"),
    [
        ("postfix", {"message_id": "<not-ours@example.com>"}),
        ("postfix", {"recipient": "bea@example.org"}),
        ("without_headers", {"recipient": "bea@example.org"}),
    ],
)
def test_forged_report_changes_nothing(
    server: str, forged: dict[str, str], sent: Message, patient: Patient
) -> None:
    assert read(server, sent, **forged) == {"not of ours": 1}
    assert state(sent) == ("sent", "")
    assert address_problem(patient) is None


def test_report_that_names_no_mail_asks_staff_to_check_and_changes_nothing(
    sent: Message, patient: Patient
) -> None:
    assert [read("without_headers", sent) for _ in range(2)] == [{"to be checked": 1}] * 2
    assert state(sent) == ("sent", "")
    assert address_problem(patient) is None
    task = StaffTask.objects.of(patient.clinic).get()
    assert (task.kind, task.role, task.record_number) == (
        "check_address",
        "receptionist",
        patient.record_number,
    )


def test_message_id_cannot_be_made_without_the_installations_key(sent: Message, settings: Any) -> None:
    settings.SECRET_KEY = "another"
    assert identify(sent) != sent.message_id


def test_report_about_a_mail_that_never_left_changes_nothing(patient: Patient) -> None:
    book(patient)
    actions.derive(now=now())
    row = Message.across_clinics.get()
    assert read("postfix", row) == {"known already": 1}
    assert read("without_headers", row) == {"not of ours": 1}
    assert state(row) == ("planned", "")


def test_report_takes_the_message_from_a_sender_that_holds_it(sent: Message) -> None:
    Message.across_clinics.filter(pk=sent.pk).update(state="planned", next_attempt_at=now() - HOUR)
    held = claim()
    assert read("postfix", sent) == {"failed": 1}
    assert actions.prepare(held.pk, held.fence, now=now()) == actions.LOST


def test_patient_counts_as_not_told_by_what_came_back(sent: Message, patient: Patient) -> None:
    read("postfix", sent)
    Patient.objects.of(patient.clinic).filter(pk=patient.pk).update(email="ada@example.net")
    actions.derive(now=now())
    assert ledger() == [("booked", "failed"), ("booked", "planned")]


def test_command_reads_a_mailbox_of_anything(sent: Message, tmp_path: Any, capsys: Any) -> None:
    parts = (
        sample("postfix", sent.message_id, sent.recipient),
        b"\xff\xfe\x00 broken" * 1000 + b"\n",
        b"Subject: on holiday\n\nBack on Monday.\n",
        sample("exim", "<other@example.com>", "x@example.com"),
    )
    box = tmp_path / "bounces.mbox"
    box.write_bytes(
        b"".join(b"From MAILER-DAEMON Mon Nov 30 05:12:44 2026\n" + each + b"\n" for each in parts)
    )
    out = io.StringIO()
    call_command("read_bounces", str(box), stdout=out)
    assert out.getvalue().strip() == "1 failed, 2 no report, 1 not of ours"
