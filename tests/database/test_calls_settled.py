"""A call that a message left for staff is open as long as somebody must make it, and no longer."""

from __future__ import annotations

import pytest

from clinics.models import AuditEntry, StaffTask
from infusion.reminders import actions
from infusion.reminders.actions.calls import call
from infusion.reminders.post import Answer, Fate
from patients.models import Patient
from scheduling.models import Visit
from tests import factory
from tests.ledger import HOUR, book, deliver, in_days, now, ready, settle, wait_is_over

pytestmark = pytest.mark.django_db
GONE = "Closed by itself: what was to be said no longer stands."
AFTER_ALL = "Closed by itself: the message went out after all."
FULL = Answer(Fate.REFUSED, "550 5.2.1 The mailbox is full and takes no more mail")
STRANGE = Answer(Fate.REFUSED, "550 5.1.1 no such mailbox", address_refused=True)


@pytest.fixture
def visit() -> Visit:
    """A visit of which no mail could tell."""
    return book(factory.make_patient(factory.make_clinic()))


def refused(answer: Answer = FULL) -> None:
    actions.derive(now=now())
    assert actions.finish(ready(), answer, now=now()) == "failed"


def calls(patient: Patient) -> list[str]:
    """What became of each call; empty where it is open."""
    rows = StaffTask.objects.of(patient.clinic).filter(kind="call_patient").order_by("id")
    return list(rows.values_list("outcome", flat=True))


def test_call_says_what_the_mail_server_said_in_brackets(visit: Visit) -> None:
    refused()
    assert (
        "The mail could not be delivered (550 5.2.1 The mailbox is full and takes no more mail). A letter"
        in StaffTask.objects.of(visit.clinic).get().reason
    )


def test_call_stays_while_the_visit_stands_as_it_was_to_be_told(visit: Visit) -> None:
    refused()
    factory.change_visit(visit, "moved", at=now() - HOUR)  # another chair
    actions.derive(now=now())
    assert calls(visit.patient) == [""]


@pytest.mark.parametrize("change", ["cancelled", "moved"])
def test_call_is_closed_once_the_visit_is_another(visit: Visit, change: str) -> None:
    refused()
    fields = {"starts_at": in_days(25, visit.clinic)} if change == "moved" else {}
    factory.change_visit(visit, change, at=now() - HOUR, **fields)
    actions.derive(now=now())
    assert calls(visit.patient) == [""]  # the change may still be undone
    deliver()
    actions.derive(now=now())
    assert calls(visit.patient) == [GONE]
    entry = AuditEntry.objects.of(visit.clinic).filter(verb="closed task").get()
    assert (entry.actor, entry.changes) == (None, {"outcome": GONE})


def test_call_about_two_visits_stays_while_one_of_them_stands(visit: Visit) -> None:
    book(visit.patient, 30, kind="follow_up")
    refused()
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    actions.derive(now=now())
    deliver()
    actions.derive(now=now())
    assert calls(visit.patient) == [""]


def test_call_stays_over_a_move_that_is_undone(visit: Visit) -> None:
    """The patient is told nothing of it, and knows of no visit yet."""
    refused()
    was = visit.starts_at
    factory.change_visit(visit, "moved", at=now(), starts_at=in_days(25, visit.clinic))
    actions.derive(now=now())
    factory.change_visit(visit, "moved", at=now(), starts_at=was)
    actions.derive(now=now() + HOUR)
    assert calls(visit.patient) == [""]


def test_call_is_closed_once_the_patient_has_come(visit: Visit) -> None:
    refused()
    factory.change_visit(visit, "status", at=now(), status="arrived")
    actions.derive(now=now())
    assert calls(visit.patient) == [GONE]


def test_call_is_closed_by_a_mail_to_the_address_that_was_corrected(visit: Visit) -> None:
    refused()
    visit.patient.email = "right@example.org"
    visit.patient.save()
    actions.derive(now=now())
    deliver()
    actions.derive(now=now())
    assert calls(visit.patient) == [AFTER_ALL]


def test_call_about_a_mail_that_waited_is_closed_when_it_leaves(visit: Visit) -> None:
    soon = (now() + 5 * HOUR).replace(second=0, microsecond=0)
    factory.change_visit(visit, "moved", at=now() - HOUR, starts_at=soon)
    actions.derive(now=now())
    actions.finish(ready(), Answer(Fate.UNREACHED, "refused"), now=now())
    assert calls(visit.patient) == [""]
    wait_is_over()
    sent = deliver()
    assert calls(visit.patient) == [AFTER_ALL]
    call(sent, "Please tell the patient.", "The mail came back.", now())
    assert calls(visit.patient) == [AFTER_ALL, ""]


def test_call_for_an_address_goes_on_when_what_the_mail_said_has_passed(visit: Visit) -> None:
    refused(STRANGE)
    factory.change_visit(visit, "cancelled", at=now() - HOUR)
    actions.derive(now=now())
    assert settle() == "no_address"
    for _ in range(2):
        actions.derive(now=now())
    assert calls(visit.patient)[::2] == [GONE, ""]
    newest = StaffTask.objects.of(visit.clinic).latest("id")
    assert "What the mail said has passed. Ask for a mail address that works." in newest.reason


def test_who_wants_no_messages_is_called_whatever_was_sent_before(visit: Visit) -> None:
    visit.patient.email = ""
    visit.patient.save()
    actions.derive(now=now())
    assert settle() == "no_address"
    actions.derive(now=now())
    assert calls(visit.patient) == [""]
