"""Mail as it arrives at a real SMTP server: its words, its headers, its calendar, and what refusals do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation
from icalendar import Calendar

from clinics.models import Clinic, StaffTask
from infusion.portal.sheets import feed_of_patient
from infusion.reminders import actions, tasks
from infusion.reminders.models import Message
from infusion.reminders.words import one_line
from patients.models import Patient
from scheduling.models import Visit
from tests import factory
from tests.ledger import body_of
from tests.sink import SmtpSink

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
# What no mail may say: drugs, the seven conditions, what the clinic treats, what a follow-up looks for.
FORBIDDEN = """
rituximab mabthera rituxan truxima biosimilar methylprednisolone paracetamol antihistamine steroid
infus inject drip chemo biologic antibod b-cell immuno rheumat arthrit lupus sclerosis haemoly hemoly anaemia
anemia granulomatosis polyangiitis vasculitis pemphigus diagnos disease treatment therapy dose drug medic
blood week nurse chair hepatitis
"""


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic()


@pytest.fixture
def patient(clinic: Clinic) -> Patient:
    return factory.make_patient(clinic, given_name="Ada", family_name="Example")


def at(days: int, hour: int = 9) -> datetime:
    """An hour in UTC so many days from today."""
    day = timezone.now().date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def book(patient: Patient, days: int = 20, **fields: Any) -> Visit:
    """A visit booked an hour ago."""
    return factory.make_visit(patient, starts_at=at(days), at=timezone.now() - HOUR, **fields)


def change(visit: Visit, verb: str, **fields: Any) -> None:
    factory.change_visit(visit, verb, at=timezone.now() - HOUR, **fields)


def sweep() -> dict[str, int]:
    actions.derive(now=timezone.now())
    return tasks.send_due()


def texts(mail: EmailMessage) -> dict[str, str]:
    """The parts of a mail by content type."""
    return {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}


def calendars(mail: EmailMessage) -> list[Calendar]:
    return [
        Calendar.from_ical(part.get_content())
        for part in mail.walk()
        if part.get_content_type() == "text/calendar"
    ]


def appointments(mail: EmailMessage) -> list[tuple[str, str, str, int, datetime]]:
    """(method, status, uid, sequence, start) of every appointment in a mail's calendar files."""
    return [
        (
            str(calendar["method"]),
            str(entry["status"]),
            str(entry["uid"]),
            int(entry["sequence"]),
            entry.decoded("dtstart"),
        )
        for calendar in calendars(mail)
        for entry in calendar.walk("VEVENT")
    ]


def all_kinds(patient: Patient, smtp_sink: SmtpSink) -> list[EmailMessage]:
    """One mail of every kind, as received: booked, moved, cancelled, arrange and a reminder."""
    visit = book(patient)
    sweep()
    change(visit, "moved", starts_at=at(23))
    sweep()
    change(visit, "cancelled")
    sweep()
    factory.make_follow_up(patient, due_on=timezone.now().date() + timedelta(days=9))
    sweep()
    factory.make_visit(patient, kind="follow_up", starts_at=at(1, 13), at=timezone.now() - timedelta(days=60))
    sweep()
    kinds = Message.across_clinics.filter(state="sent").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["booked", "moved", "cancelled", "arrange", "reminder_2"]
    return [received.message for received in smtp_sink.received]


# --- words and headers -----------------------------------------------------------------------------------------------
def test_mail_says_when_where_how_long_and_whom_to_call(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    patient = factory.make_patient(clinic, given_name="Ada", family_name="Example", email="ada@example.org")
    factory.make_visit(patient, starts_at=datetime(2037, 5, 14, 8, tzinfo=UTC), at=timezone.now() - HOUR)
    assert sweep() == {"sent": 1}
    received = smtp_sink.received[0]
    assert received.to == ("ada@example.org",)
    assert received.message["Subject"] == "Your appointment on Thursday 14 May"
    assert (
        body_of(received.message)
        == """\
Dear Ada Example,

Your appointment with us is booked:

Thursday 14 May 2037, 09:00 (Europe/London)
Please allow about 6 hours 15 minutes, until about 15:15.

Where:
Riverside Clinic
1 Riverside Walk
London
Second floor, follow the blue line.

To change or cancel an appointment, or if you feel unwell before it, please call us on +44 20 7946 0000.

If we have invited you to your own pages, you see your appointments there: http://localhost:8000/portal/

Riverside Clinic
+44 20 7946 0000
"""
    )


def test_mail_is_from_the_clinic_and_names_itself(
    clinic: Clinic, patient: Patient, smtp_sink: SmtpSink
) -> None:
    book(patient)
    sweep()
    mail, row = smtp_sink.received[0].message, Message.across_clinics.get()
    assert str(mail["From"]) == "Riverside Clinic <clinic@localhost>"
    assert str(mail["Reply-To"]) == clinic.email
    assert str(mail["Auto-Submitted"]) == "auto-generated"
    assert str(mail["Message-ID"]) == row.message_id
    assert re.fullmatch(r"<[0-9a-f]{40}@localhost>", row.message_id)
    assert (row.subject_line, row.body) == (str(mail["Subject"]), body_of(mail))


def test_mail_of_a_pair_is_one_with_both_visits(patient: Patient, smtp_sink: SmtpSink) -> None:
    batch = uuid4()
    first, second = book(patient, 20, batch=batch), book(patient, 34, batch=batch)
    assert sweep() == {"sent": 1}
    mail = smtp_sink.received[0].message
    days = [f"{visit.starts_at:%A} {visit.starts_at.day} {visit.starts_at:%B}" for visit in (first, second)]
    assert mail["Subject"] == f"Your appointments on {days[0]} and {days[1]}"
    assert [start for *_, start in appointments(mail)] == [first.starts_at, second.starts_at]


def test_every_mail_comes_in_plain_text_and_html_with_the_same_times(
    patient: Patient, smtp_sink: SmtpSink
) -> None:
    for mail in all_kinds(patient, smtp_sink):
        parts = texts(mail)
        times = [
            re.findall(r"\d\d:\d\d \(Europe/London\)", parts[kind]) for kind in ("text/plain", "text/html")
        ]
        assert times[0] == times[1]
        assert 'lang="en"' in parts["text/html"]


def test_no_mail_names_a_drug_a_diagnosis_or_a_treatment(patient: Patient, smtp_sink: SmtpSink) -> None:
    for mail in all_kinds(patient, smtp_sink):
        said = " ".join([*texts(mail).values(), *(str(value) for value in mail.values())]).lower()
        said = said.replace(Message.across_clinics.first().recipient, "")
        assert [word for word in FORBIDDEN.split() if word in said] == []


def test_subjects_are_neutral(patient: Patient, smtp_sink: SmtpSink) -> None:
    def day(when: datetime) -> str:
        return f"{when:%A} {when.day} {when:%B}"

    assert [str(mail["Subject"]) for mail in all_kinds(patient, smtp_sink)] == [
        f"Your appointment on {day(at(20))}",
        f"Your appointment has moved to {day(at(23))}",
        f"Your appointment on {day(at(23))} is cancelled",
        "Please arrange your next appointment",
        f"Reminder: your appointment on {day(at(1))}",
    ]


@pytest.mark.parametrize("name", ["Ada\r\nBcc: thief@example.org", "Ada\nSubject: won", "Ada\x0b\x1c\u2028B"])
def test_names_cannot_write_headers(name: str, smtp_sink: SmtpSink) -> None:
    clinic = factory.make_clinic(name=name)
    patient = factory.make_patient(clinic, given_name=name)
    book(patient)
    assert sweep() == {"sent": 1}
    received = smtp_sink.received[0]
    assert received.to == (patient.email,)
    assert received.message["Bcc"] is None
    assert len(received.message.get_all("Subject")) == 1
    assert one_line(name) == " ".join(re.split(r"[\r\n\x0b\x1c\u2028]+", name))


def test_address_no_mail_can_be_written_to_becomes_a_call(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    book(factory.make_patient(clinic, email="two words@example.org\nBcc: thief@example.org"))
    assert sweep() == {"failed": 1}
    assert smtp_sink.received == []
    assert StaffTask.objects.get().kind == "call_patient"


def test_times_are_the_clinics_own_on_both_sides_of_a_change_of_clocks(smtp_sink: SmtpSink) -> None:
    """In New York the clocks go back on 1 November 2037: 13:00 UTC is 09:00 before, 14:00 UTC is 09:00 after."""
    patient = factory.make_patient(factory.make_clinic(time_zone="America/New_York"))
    batch = uuid4()
    for day, hour in ((date(2037, 10, 26), 13), (date(2037, 11, 9), 14)):
        factory.make_visit(
            patient,
            starts_at=datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
            at=timezone.now() - HOUR,
            batch=batch,
        )
    sweep()
    assert re.findall(r"\d\d:\d\d \(.*\)", texts(smtp_sink.received[0].message)["text/plain"]) == [
        "09:00 (America/New_York)",
        "09:00 (America/New_York)",
    ]


# --- the calendar file -----------------------------------------------------------------------------------------------
def test_calendar_follows_a_visit_under_one_name_with_rising_sequence(
    patient: Patient, smtp_sink: SmtpSink
) -> None:
    found = [appointments(mail) for mail in all_kinds(patient, smtp_sink)]
    booked, moved, cancelled, arrange, reminder = found
    uid = booked[0][2]
    assert booked == [("PUBLISH", "CONFIRMED", uid, 1, at(20))]
    assert moved == [("PUBLISH", "CONFIRMED", uid, 2, at(23))]
    assert cancelled == [("CANCEL", "CANCELLED", uid, 3, at(23))]
    assert arrange == []
    assert [(method, start) for method, _, _, _, start in reminder] == [("PUBLISH", at(1, 13))]
    assert reminder[0][2] != uid


def test_calendar_is_neutral_and_in_utc(patient: Patient, smtp_sink: SmtpSink) -> None:
    visit = book(patient)
    sweep()
    calendar = calendars(smtp_sink.received[0].message)[0]
    entry = calendar.walk("VEVENT")[0]
    assert calendar.walk("VTIMEZONE") == []
    assert (str(entry["summary"]), str(entry["class"])) == ("Appointment", "PRIVATE")
    assert str(entry["location"]) == "1 Riverside Walk, London"
    assert "description" not in entry
    assert entry["dtstart"].to_ical() == f"{visit.starts_at:%Y%m%dT%H%M%SZ}".encode()
    assert entry.decoded("dtend") == visit.ends_at


def test_calendar_calls_a_visit_as_the_patients_own_feed_does(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    ana = factory.make_patient(clinic, language="es")
    visit = book(ana)
    sweep()
    change(visit, "cancelled")
    sweep()
    mailed = [
        (str(entry["uid"]), str(entry["summary"]))
        for received in smtp_sink.received
        for calendar in calendars(received.message)
        for entry in calendar.walk("VEVENT")
    ]
    with translation.override("es"):
        subscribed = Calendar.from_ical(feed_of_patient(ana, now=timezone.now()))
    (entry,) = subscribed.walk("VEVENT")
    assert mailed == [(str(entry["uid"]), "Cita")] * 2
    assert str(entry["summary"]) == "Cita"


def test_calendar_lines_end_as_the_standard_asks(patient: Patient, smtp_sink: SmtpSink) -> None:
    book(patient)
    sweep()
    part = next(
        part for part in smtp_sink.received[0].message.walk() if part.get_content_type() == "text/calendar"
    )
    assert part.get_param("method") == "PUBLISH"
    raw = part.get_payload(decode=True)
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(raw.splitlines())


# --- refusals --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("answer", "state", "minutes"),
    [
        ("421 closing", "planned", 1),
        ("450 mailbox busy", "planned", 1),
        ("550 no such mailbox", "failed", None),
    ],
)
def test_recipient_refused_is_judged_by_the_code(
    patient: Patient, smtp_sink: SmtpSink, answer: str, state: str, minutes: int | None
) -> None:
    book(patient)
    smtp_sink.refusals[patient.email] = answer
    assert sweep() == {state: 1}
    row = Message.across_clinics.get()
    assert (row.state, row.attempts, answer in row.why) == (state, 1, True)
    assert StaffTask.objects.count() == (1 if state == "failed" else 0)
    if minutes:
        assert round((row.next_attempt_at - timezone.now()).total_seconds() / 60) == minutes


def test_recipient_busy_at_first_gets_the_mail_once(patient: Patient, smtp_sink: SmtpSink) -> None:
    book(patient)
    smtp_sink.refusals[patient.email] = "450 mailbox busy"
    sweep()
    smtp_sink.refusals.clear()
    Message.across_clinics.update(next_attempt_at=timezone.now())
    assert sweep() == {"sent": 1}
    assert sweep() == {}
    assert len(smtp_sink.received) == 1


def test_content_refused_for_good_becomes_a_call(patient: Patient, smtp_sink: SmtpSink) -> None:
    book(patient)
    smtp_sink.refuse_content = "554 not wanted"
    assert sweep() == {"failed": 1}
    assert StaffTask.objects.count() == 1


def test_mail_server_gone_is_waited_for(clinic: Clinic, smtp_sink: SmtpSink, settings: Any) -> None:
    for _ in range(3):
        book(factory.make_patient(clinic), kind="follow_up")
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    assert sweep() == {"waiting": 1}
    assert set(Message.across_clinics.values_list("state", flat=True)) == {"planned"}
    settings.EMAIL_PORT = port
    Message.across_clinics.update(next_attempt_at=timezone.now())
    assert sweep() == {"sent": 3}
    assert StaffTask.objects.count() == 0
