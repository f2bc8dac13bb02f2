"""What a patient holds before an infusion: entered by a prescriber alone, superseded and never edited, told in time."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from scheduling import actions, queries
from scheduling.models import HoldInstruction
from tests import factory

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def course():
    return factory.make_course(factory.make_patient(factory.make_clinic()), start_on=date(2027, 3, 8))


@pytest.fixture
def prescriber(course):
    return factory.make_member(course.clinic, Role.PRESCRIBER).user


def enter(course, by, **changes):
    given = {
        "medicine": "Enalapril 10 mg",
        "words": "Leave out the evening before and the morning of the infusion.",
        "days_before": 1,
        "days_after": 0,
        "key": uuid4(),
        "now": NOW,
    }
    return actions.enter_hold_instruction(course=course, by=by, **(given | changes))


def codes(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return tuple(reason.code for reason in caught.value.reasons)


def test_an_instruction_stands_for_every_infusion_with_its_days(course, prescriber):
    row = enter(course, prescriber)
    (found,) = queries.hold_instructions(course.patient, on=date(2027, 3, 8))
    assert (found, found.from_on, found.until_on) == (row, date(2027, 3, 7), date(2027, 3, 8))


def test_a_changed_instruction_supersedes_the_old_one_and_both_stay(course, prescriber):
    old = enter(course, prescriber)
    new = enter(course, prescriber, words="Leave out on the morning only.", replaces=old)
    assert queries.hold_instructions(course.patient, on=date(2027, 3, 8)) == [new]
    assert queries.instructions_of(course) == [new, old]
    assert codes(enter, course, prescriber, replaces=old) == ("already_ended",)


def test_the_same_form_sent_twice_is_one_instruction(course, prescriber):
    key = uuid4()
    assert enter(course, prescriber, key=key) == enter(course, prescriber, key=key)
    assert HoldInstruction.objects.of(course.clinic).count() == 1
    assert AuditEntry.objects.filter(verb="entered hold instruction").count() == 1


def test_an_ended_instruction_and_an_ended_course_ask_for_nothing(course, prescriber):
    enter(course, prescriber)
    actions.end_hold_instruction(instruction=enter(course, prescriber), by=prescriber, now=NOW)
    assert len(queries.hold_instructions(course.patient, on=date(2027, 3, 8))) == 1
    course.state = "stopped"
    course.save()
    assert queries.hold_instructions(course.patient, on=date(2027, 3, 8)) == []
    assert codes(enter, course, prescriber) == ("course_not_active",)


def test_only_a_prescriber_enters_one_and_nothing_empty_is_kept(course, prescriber):
    nurse = factory.make_member(course.clinic, Role.NURSE).user
    stranger = factory.make_member(factory.make_clinic(), Role.PRESCRIBER).user
    assert codes(enter, course, nurse) == ("not_a_prescriber",)
    assert codes(enter, course, stranger) == ("not_a_prescriber",)
    assert codes(enter, course, prescriber, medicine=" ", words="", days_before=181) == (
        "text_missing",
        "text_missing",
        "days_out_of_range",
    )


@pytest.mark.parametrize(("days", "calls"), [(3, 0), (2, 1), (0, 1)])
def test_what_is_entered_after_the_reminder_asks_for_a_call(course, prescriber, days, calls):
    factory.make_visit(course.patient, starts_at=NOW + timedelta(days=days, hours=1))
    row = enter(course, prescriber)
    tasks = StaffTask.objects.of(course.clinic).filter(cause=f"hold_instruction:{row.pk}:new")
    assert [task.role for task in tasks] == ["nurse"] * calls
