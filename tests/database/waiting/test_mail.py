"""What those who wait are told by mail: a time on offer, that it has gone, and their new time; never too late."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any

import pytest
from django.utils import timezone

from clinics.models import Clinic, StaffTask
from infusion.reminders import actions, tasks
from infusion.reminders.models import KindRule, Message
from infusion.reminders.queries import every_clinics_rules, patients_to_look_at, still_stands, upcoming
from patients.models import Patient
from scheduling.actions import waiting
from scheduling.domain.waiting import Freed
from scheduling.models import ChairHold, PlannedInfusion, VisitVersion, WaitlistOffer
from tests import factory
from tests.database.test_mail import FORBIDDEN, appointments, texts
from tests.ledger import body_of
from tests.sink import SmtpSink

from .arranged import LATER

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def clinic() -> Clinic:
    return factory.make_clinic(chairs=2, nurses=3, notice_delay_seconds=0)


def monday(weeks: int, hour: int = 9) -> datetime:
    """Nine o'clock UTC on a Monday, so many weeks from the coming one."""
    today = timezone.now().date()
    day = today + timedelta(days=7 - today.weekday(), weeks=weeks)
    return datetime.combine(day, clock(hour), tzinfo=UTC)


def a_waiter(clinic: Clinic, weeks: int = 3, **fields: Any) -> Patient:
    """Somebody whose third infusion is booked and who would come earlier; cleared and told long ago."""
    patient = factory.make_patient(clinic, **fields)
    long_ago = timezone.now() - timedelta(days=40)
    course = factory.make_course(
        patient,
        start_on=monday(-27).date(),
        maintenance=1,
        clearance=factory.make_clearance(
            patient,
            regimen_version=factory.make_regimen(clinic),
            signed_at=long_ago,
            valid_from=long_ago.date(),
        ),
    )
    for row in course.planned_infusions.filter(ordinal__lte=2):
        row.state, row.given_on = "given", row.target_on
        row.save()
    course.planned_infusions.filter(ordinal=3).update(
        earliest_on=monday(-2).date(), latest_on=monday(6).date()
    )
    third = course.planned_infusions.get(ordinal=3)
    chair = clinic.chairs.order_by("pk")[Patient.objects.of(clinic).count() % 2]
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[Patient.objects.of(clinic).count() % 3]
    visit = factory.make_visit(
        patient,
        starts_at=monday(weeks),
        planned_infusion=third,
        phases=LATER,
        at=long_ago,
        chair=chair,
        nurse=nurse,
    )
    Message.objects.create(
        clinic=clinic, patient=patient, subject_kind="patient", subject_id=str(patient.pk), subject_version=1,
        kind="booked", recipient=patient.email, due_at=visit.starts_at, expires_at=visit.starts_at,
        next_attempt_at=visit.starts_at, message_id=f"<told-{patient.pk}@x>", state="sent", covers=[[visit.pk, 1]],
    )  # fmt: skip
    return patient


def offer(patients: Iterable[Patient], ago: timedelta = HOUR) -> list[WaitlistOffer]:
    """The coming Monday at nine, offered to all of them a while ago."""
    then = timezone.now() - ago
    entries = [
        waiting.join(planned=PlannedInfusion.objects.get(patient=each, ordinal=3), by=None, now=then).pk
        for each in patients
    ]
    clinic = next(iter(patients)).clinic
    freed = Freed(monday(1), clinic.chairs.order_by("pk")[0].pk)
    return waiting.offer_time(clinic=clinic, freed=freed, entries=entries, by=None, now=then)


def sweep() -> dict[str, int]:
    actions.derive(now=timezone.now())
    return tasks.send_due()


def told() -> list[tuple[str, str]]:
    rows = Message.across_clinics.exclude(kind="booked").order_by("id")
    return list(rows.values_list("kind", "state"))


def test_offer_is_mailed_once_with_time_and_end_and_how_to_answer(
    clinic: Clinic, smtp_sink: SmtpSink
) -> None:
    patient = a_waiter(clinic, given_name="Ada", family_name="Example")
    made = offer([patient])[0]
    assert (sweep(), sweep()) == ({"sent": 1}, {})
    mail = smtp_sink.received[0].message
    begins, ends = made.starts_at.astimezone(clinic.zone), made.expires_at.astimezone(clinic.zone)
    assert mail["Subject"] == "An earlier appointment is on offer"
    assert (
        body_of(mail)
        == f"""\
Dear Ada Example,

You told us that you would come earlier. This time has come free:

{begins:%A} {begins.day} {begins:%B %Y}, {begins:%H:%M} (Europe/London)
Please allow about 4 hours 45 minutes, until about {made.ends_at.astimezone(clinic.zone):%H:%M}.

It is on offer until {ends:%A} {ends.day} {ends:%B}, {ends:%H:%M} (Europe/London). Others may be asked as well: whoever says yes first gets it.

To say yes or no, sign in to your own pages, or call us on +44 20 7946 0000. If you do nothing, nothing changes.
http://localhost:8000/portal/

Riverside Clinic
+44 20 7946 0000
"""  # noqa: E501
    )
    assert appointments(mail) == []


def test_offers_that_a_clinic_does_not_write_about_are_not_looked_at(clinic: Clinic) -> None:
    patient = a_waiter(clinic)
    KindRule.objects.create(clinic=clinic, kind="waitlist_offer", is_on=False)
    offer([patient])
    assert patients_to_look_at(every_clinics_rules(), timezone.now()) == set()


def test_first_to_accept_gets_the_moved_notice_alone_and_the_other_is_told_it_has_gone(
    clinic: Clinic, smtp_sink: SmtpSink
) -> None:
    first, second = a_waiter(clinic), a_waiter(clinic)
    offers = {each.patient_id: each for each in offer([first, second])}
    assert sweep() == {"sent": 2}
    smtp_sink.received.clear()
    visit = waiting.accept(offer=offers[first.pk], by=None, now=timezone.now())
    assert (sweep(), sweep()) == ({"sent": 2}, {})
    got = {received.to[0]: received.message for received in smtp_sink.received}
    assert {address: str(mail["Subject"]) for address, mail in got.items()} == {
        first.email: f"Your appointment has moved to {monday(1):%A} {monday(1).day} {monday(1):%B}",
        second.email: "The earlier appointment has gone",
    }
    assert [each[3:] for each in appointments(got[first.email])] == [(visit.version, monday(1))]
    assert "your appointments stand as they were" in texts(got[second.email])["text/plain"]
    assert VisitVersion.objects.filter(patient=second).count() == 1


def test_no_mail_of_an_offer_says_what_it_is_for(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    first, second = a_waiter(clinic), a_waiter(clinic)
    offers = offer([first, second])
    sweep()
    waiting.accept(offer=offers[0], by=None, now=timezone.now())
    sweep()
    for received in smtp_sink.received:
        said = " ".join(
            [*texts(received.message).values(), *(str(v) for v in received.message.values())]
        ).lower()
        assert [word for word in FORBIDDEN.split() if word in said.replace(received.to[0], "")] == []


def test_offer_that_ran_out_unsent_is_never_mailed(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    made = offer([a_waiter(clinic)])[0]
    actions.derive(now=timezone.now())
    past = timezone.now() - timedelta(minutes=1)
    WaitlistOffer.objects.filter(pk=made.pk).update(expires_at=past)
    Message.across_clinics.filter(kind="waitlist_offer").update(expires_at=past)
    assert tasks.send_due() == {"expired": 1}
    assert sweep() == {}
    assert (smtp_sink.received, told()) == ([], [("waitlist_offer", "expired")])


@pytest.mark.parametrize("verb", ["accept", "decline", "leave", "lapse"])
def test_offer_answered_before_its_mail_went_out_is_not_mailed(
    clinic: Clinic, smtp_sink: SmtpSink, verb: str
) -> None:
    made = offer([a_waiter(clinic)])[0]
    actions.derive(now=timezone.now())
    now = timezone.now()
    if verb == "lapse":
        ChairHold.objects.update(expires_at=now)
        waiting.lapse(now=now)
    elif verb == "leave":
        waiting.leave(entry=made.entry, by=None, now=now)
    else:
        getattr(waiting, verb)(offer=made, by=None, now=now)
    tasks.send_due()
    assert [str(received.message["Subject"]) for received in smtp_sink.received] == []
    row = Message.across_clinics.get(kind="waitlist_offer")
    assert (row.state, row.why) == ("superseded", "The time on offer was answered, taken or has lapsed.")
    sweep()
    assert [kind for kind, _ in told()] == ["waitlist_offer"] + (["moved"] if verb == "accept" else [])


def test_offer_that_lapsed_is_told_even_where_no_job_ran(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    made = offer([a_waiter(clinic)])[0]
    sweep()
    WaitlistOffer.objects.filter(pk=made.pk).update(expires_at=timezone.now())
    assert (sweep(), sweep()) == ({"sent": 1}, {})
    waiting.lapse(now=timezone.now())
    ChairHold.objects.update(expires_at=timezone.now())
    waiting.lapse(now=timezone.now())
    assert sweep() == {}
    assert told() == [("waitlist_offer", "sent"), ("waitlist_gone", "sent")]


def test_patient_without_an_address_is_called(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    patient = a_waiter(clinic, email="", given_name="Ada", family_name="Example")
    made = offer([patient])[0]
    assert sweep() == {"no_address": 1}
    begins, ends = made.starts_at.astimezone(clinic.zone), made.expires_at.astimezone(clinic.zone)
    assert StaffTask.objects.get().reason == (
        "Call Ada Example (+44 20 7946 0123). Please ask the patient: an earlier time is on offer, "
        f"{begins:%A} {begins.day} {begins:%B %Y}, {begins:%H:%M} (Europe/London), until {ends:%A} {ends.day} "
        f"{ends:%B}, {ends:%H:%M}. Note the answer under Waiting list. No mail address is known."
    )
    row = Message.across_clinics.get(kind="waitlist_offer")
    assert (row.has_letter, row.title) == (False, "Earlier time on offer")


def test_mail_server_gone_becomes_a_call_while_the_offer_is_open(
    clinic: Clinic, smtp_sink: SmtpSink, settings: Any
) -> None:
    offer([a_waiter(clinic)])
    settings.EMAIL_PORT = 9
    assert sweep() == {"waiting": 1}
    assert StaffTask.objects.get().reason.endswith(
        "The mail server cannot be reached and there is little time."
    )


def test_staff_see_what_will_be_sent_and_whether_it_still_stands(clinic: Clinic, smtp_sink: SmtpSink) -> None:
    patient = a_waiter(clinic)
    made = offer([patient])[0]
    now = timezone.now()
    assert [one.title for one in upcoming(patient, now) if one.subject_kind == "waitlist_offer"] == [
        "Earlier time on offer"
    ]
    sweep()
    row = Message.across_clinics.get(kind="waitlist_offer")
    assert (still_stands(row, now), still_stands(row, made.expires_at)) == (True, False)
