"""What the demo's patients and the clinic have said to each other: messages that went and did not, two requests, a
confirmed visit, and a health check that holds an infusion.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Protocol
from uuid import uuid4

from clinics.models import Clinic
from infusion.demo.others import Staff
from infusion.demo.people import BY_OTHER_REGIMENS, TEXTED, TO_BOOK, TODAY, Invented
from infusion.reminders import actions, sms
from infusion.reminders.domain.kinds import WINDOW_OPEN
from infusion.reminders.models import Message
from infusion.reminders.post import Answer, Fate
from monitoring import actions as monitoring
from monitoring.queries import questions_for
from patients import actions as patients
from patients.models import Patient
from regimens.domain.dates import add_months
from scheduling import actions as scheduling
from scheduling import queries as schedule
from scheduling.actions.answers import answer_visit
from scheduling.models import Course, Visit

TAKEN = Answer(Fate.TAKEN)


class Filling(Protocol):
    """What is needed here of the demo as it is filled."""

    clinic: Clinic
    now: datetime
    today: date

    @property
    def team(self) -> Staff: ...
    def ago(self, days: int) -> datetime: ...
    def continuing(self, who: Invented, first_on: date, when: datetime) -> Course: ...
    def maintenance_booked(self, course: Course, at: time, when: datetime) -> Visit: ...
    def invited(self, patient: Patient, role: str) -> None: ...


def tell(demo: Filling) -> None:
    """Let yesterday's messages go, and have patients answer today."""
    visit = _by_text(demo)
    actions.derive(now=demo.ago(1))
    _yesterdays(demo)
    _unwell(visit, demo)
    _requests(demo)


def _by_text(demo: Filling) -> Visit:
    """A patient with an infusion in two days who wants text messages."""
    course = demo.continuing(TEXTED, add_months(demo.today + timedelta(days=2), -6), demo.ago(9))
    visit = demo.maintenance_booked(course, time(11), demo.ago(9))
    patients.set_message_wishes(
        patient=visit.patient,
        none=False,
        kinds_off=(),
        channel="sms",
        language=TEXTED.language,
        by=demo.team["receptionist"],
        now=demo.ago(9),
    )
    demo.invited(visit.patient, "patient")
    return visit


def _yesterdays(demo: Filling) -> None:
    """What was due went at its time to three of them; another mail was refused, and one was overtaken by a call."""
    told = [TEXTED.family, TODAY[3].family, TO_BOOK[0].family]
    due = Message.objects.of(demo.clinic).filter(patient__family_name__in=told, state="planned")
    for pk, due_at in due.order_by("due_at", "id").values_list("pk", "due_at"):
        _leaves(pk, due_at)
    full = Answer(Fate.REFUSED, "552 5.2.2 The mailbox is full and takes no more mail")
    _leaves(_waiting(demo, BY_OTHER_REGIMENS[1]), demo.ago(1), full)
    overtaken = _waiting(demo, BY_OTHER_REGIMENS[3])
    _booked(demo, BY_OTHER_REGIMENS[3])
    _leaves(overtaken, demo.now)


def _waiting(demo: Filling, who: Invented) -> int:
    """That it is time to choose a time, as it waits for a patient."""
    rows = Message.objects.of(demo.clinic).filter(patient=_named(demo, who), kind=WINDOW_OPEN)
    return rows.get(state="planned").pk


def _leaves(pk: int, then: datetime, answer: Answer = TAKEN) -> None:
    """Send one message: a text by its carrier, a mail to a server that answers this."""
    message = actions.claim_one(pk)
    assert message is not None
    ready = actions.prepare(message.pk, message.fence, now=then)
    if isinstance(ready, str):
        return
    told = ready.message
    if told.channel == "sms":
        answer = sms.deliver(told.body, to=told.recipient, message_id=told.message_id)
    actions.finish(ready, answer, now=then)


def _booked(demo: Filling, who: Invented) -> None:
    """The desk has booked the next infusion by telephone this morning."""
    patient = _named(demo, who)
    plan = schedule.read_plan(patient.course_set.get())
    planned = next(row for row in plan.planned if row.state == "planned")
    when = demo.now - timedelta(hours=1)
    asked = schedule.Asked(start=planned.planned_on, at=time(9))
    seat = schedule.single_times(plan, planned, now=when, asked=asked).cards[0].places[0].seat
    scheduling.book_single(planned=planned, seat=seat, by=demo.team["receptionist"], now=when)


def _unwell(visit: Visit, demo: Filling) -> None:
    """The health check before an infusion tells of a fever: a nurse is asked to call."""
    answers = {each.code: "no" for each in questions_for(visit.patient, visit)}
    monitoring.answer_health_check(
        visit=visit,
        answers=answers | {"fever": "yes"},
        words="38.4 on Saturday night. It is gone, but I am still tired.",
        key=uuid4(),
        by=visit.patient.portalaccess_set.get().user,
        now=demo.now - timedelta(minutes=40),
    )


def _requests(demo: Filling) -> None:
    """Two patients wait for the desk: one cannot come, one would rather come at another time; a third has confirmed."""
    sister = "It is my sister's wedding. Any day of the week after would be fine."
    afternoons = "¿Puede ser por la tarde? Por las mañanas cuido a mi nieta."
    weekly, spanish = BY_OTHER_REGIMENS[0], BY_OTHER_REGIMENS[3]
    _answers(demo, weekly, "cannot_come", 50, reason="work", words=sister)
    _answers(demo, spanish, "other_time", 25, words=afternoons)
    _answers(demo, TODAY[3], "confirmed", 24 * 60)


def _answers(
    demo: Filling, who: Invented, answer: str, minutes: int, *, reason: str = "", words: str = ""
) -> None:
    """What a patient says on their own pages of the next visit, so many minutes ago."""
    patient = _named(demo, who)
    if not patient.portalaccess_set.exists():
        demo.invited(patient, "patient")
    then = demo.now - timedelta(minutes=minutes)
    visit = schedule.upcoming_visits(patient, demo.now)[0]
    answer_visit(
        visit=visit,
        answer=answer,
        version=visit.version,
        key=uuid4(),
        by=patient.portalaccess_set.get().user,
        now=then,
        reason=reason,
        words=words,
    )


def _named(demo: Filling, who: Invented) -> Patient:
    return Patient.objects.of(demo.clinic).get(given_name=who.given, family_name=who.family)
