"""A patient who asked for a change of a visit and cannot have it is told once, by one message or one call."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from clinics.models import StaffTask
from infusion.reminders import actions, queries
from infusion.reminders.models import KindRule, Message
from patients.actions import set_message_wishes
from scheduling.actions.answers import answer_visit, refuse_request
from tests import factory
from tests.ledger import book, claim, deliver, in_days, ledger, now, settle

pytestmark = pytest.mark.django_db
MINUTES = timedelta(minutes=5)


def turned_down(answer="other_time", *, ago=timedelta(days=40), **fields):
    """A visit booked some time ago, of which the patient asked something five minutes ago that was not possible."""
    visit = book(factory.make_patient(factory.make_clinic(), **fields), ago=ago)
    asked = {"words": "Only on Sundays."} if answer == "other_time" else {"reason": "travel"}
    row = answer_visit(
        visit=visit, answer=answer, version=visit.version, key=uuid4(), by=None, now=now() - MINUTES, **asked
    )
    desk = factory.make_member(visit.clinic).user
    refuse_request(request=row, reply="We are closed then.", by=desk, now=now() - MINUTES)
    return visit


def looked_at():
    return queries.patients_to_look_at(queries.every_clinics_rules(), now())


@pytest.mark.parametrize("answer", ["other_time", "cannot_come"])
def test_refused_change_is_told_once_and_the_reason_stays_on_the_pages(answer):
    visit = turned_down(answer)
    assert actions.derive(now=now()) == 1
    sent = deliver()
    assert (sent.kind, sent.subject_line) == ("request_refused", "Your appointment stays as it is")
    assert (sent.covers, "Sundays" in sent.body, "closed" in sent.body) == ([[visit.pk, 1]], False, False)
    assert looked_at() == set()
    assert not StaffTask.objects.of(visit.clinic).filter(cause__endswith=":refused").exists()


def test_visit_that_moves_before_the_message_leaves_tells_only_of_the_move():
    visit = turned_down(ago=timedelta(hours=1))
    actions.derive(now=now())
    assert deliver().kind == "booked"
    factory.change_visit(visit, "moved", starts_at=in_days(22, visit.clinic), at=now() - MINUTES)
    assert settle() == "superseded"
    assert looked_at() == {visit.patient_id}
    actions.derive(now=now())
    assert deliver().kind == "moved"
    assert [kind for kind, state in ledger() if state == "sent"] == ["booked", "moved"]
    assert looked_at() == set()


@pytest.mark.parametrize(
    ("none", "channel", "calls"), [(True, "task", 1), (False, "email", 0)], ids=["wants none", "wants some"]
)
def test_who_wants_no_messages_is_called(none, channel, calls):
    visit = turned_down()
    set_message_wishes(
        patient=visit.patient,
        by=None,
        now=now(),
        none=none,
        kinds_off=["answer_ready"],
        channel="",
        language="en",
    )
    KindRule.objects.create(clinic=visit.clinic, kind="request_refused", is_on=False)
    actions.derive(now=now())
    assert Message.across_clinics.get().channel == channel
    message = claim()
    actions.prepare(message.pk, message.fence, now=now())
    assert (
        StaffTask.objects.of(visit.clinic).filter(kind="call_patient", cause=f"message:{message.pk}").count()
        == calls
    )


def test_patient_without_an_address_is_called_with_the_words_of_the_visit():
    visit = turned_down(email="")
    actions.derive(now=now())
    assert settle() == "no_address"
    (task,) = StaffTask.objects.of(visit.clinic).filter(cause__startswith="message:")
    assert "the change they asked for is not possible" in task.reason
