"""A health check before an infusion: kept, held by the gate until a nurse has called, answered again, listed if not."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from monitoring import actions, queries
from monitoring.models import HealthCheck
from patients.models import PortalAccess
from scheduling.queries import gates_ahead
from tests import factory
from tests.gates import open_gate

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 5, 9, tzinfo=UTC)  # a Friday; the clinic opens Monday to Friday, 8 to 18
VISIT = datetime(2027, 3, 8, 9, tzinfo=UTC)
NO = {"fever": "no", "infection": "no", "antibiotics": "no", "vaccine": "no"}


@pytest.fixture
def visit():
    patient = factory.make_patient(factory.make_clinic(), sex="male")
    return factory.make_visit(patient, starts_at=VISIT)


@pytest.fixture
def nurse(visit):
    return factory.make_member(visit.clinic, Role.NURSE).user


def answer(visit, *, now=NOW, words="", key=None, by=None, **answers):
    return actions.answer_health_check(
        visit=visit,
        answers=NO | answers,
        words=words,
        key=key or uuid4(),
        by=by or factory.make_user("portal"),
        now=now,
    )


def codes(call, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    return tuple(reason.code for reason in caught.value.reasons)


def blocking(visit):
    verdict = gates_ahead(visit.clinic, [visit], today=date(2027, 3, 8))[visit.pk]
    return [finding.code for finding in verdict.blocking]


def test_an_infection_shuts_the_gate_until_a_nurse_has_called(visit, nurse):
    open_gate(visit.patient, date(2027, 3, 8))
    before = blocking(visit)
    check = answer(visit, infection="yes")
    held = blocking(visit)
    task = StaffTask.objects.of(visit.clinic).get(cause=f"health_check:{check.pk}")
    assert (set(held) - set(before), task.role, task.due_on) == (
        {"nurse_call"},
        "nurse",
        date(2027, 3, 5),
    )
    later = NOW + timedelta(hours=1)
    actions.note_nurse_call(
        patient=visit.patient,
        outcome="No fever, a blocked nose since June: hay fever.",
        cleared=True,
        on=later.date(),
        by=nurse,
        now=later,
    )
    task.refresh_from_db()
    (row,) = queries.health_check_rows(visit)
    assert (blocking(visit), row.call, task.closed_by) == (before, "settled", nurse)


def test_ill_after_a_clear_answer_holds_and_clear_after_ill_does_not_release(visit):
    clear = answer(visit)
    ill = answer(visit, now=NOW + timedelta(hours=5), fever="yes")
    better = answer(visit, now=NOW + timedelta(days=1))
    rows = queries.health_check_rows(visit)
    assert [(row.check, row.call) for row in rows] == [(better, ""), (ill, "waiting"), (clear, "")]
    assert queries.leading(rows) is rows[1]


def test_a_vaccine_asks_a_nurse_and_holds_nothing(visit):
    before = blocking(visit)
    check = answer(visit, vaccine="yes")
    task = StaffTask.objects.of(visit.clinic).get(cause=f"health_check:{check.pk}")
    assert (check.outcome, blocking(visit), task.role) == ("ask", before, "nurse")


def test_a_form_sent_twice_is_one_answer(visit):
    key = uuid4()
    assert answer(visit, key=key, fever="yes") == answer(visit, key=key, fever="yes")
    assert HealthCheck.objects.of(visit.clinic).count() == 1
    assert AuditEntry.objects.filter(verb="answered health check").count() == 1


def test_at_night_and_on_a_weekend_the_call_is_due_on_the_next_open_day(visit):
    check = answer(visit, now=datetime(2027, 3, 6, 12, tzinfo=UTC), fever="yes")
    task = StaffTask.objects.of(visit.clinic).get(cause=f"health_check:{check.pk}")
    assert task.due_on == date(2027, 3, 8)


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"sex": "male"}, False),
        ({"sex": "female"}, True),
        ({"sex": "unknown"}, True),
        ({"sex": "female", "past_menopause": "yes"}, False),
        ({"sex": "female", "birth_date": date(1960, 1, 1)}, False),
    ],
)
def test_pregnancy_is_asked_where_it_concerns_and_where_that_is_unknown(fields, asked):
    given = {"birth_date": date(1990, 1, 1)} | fields
    patient = factory.make_patient(factory.make_clinic(), **given)
    visit = factory.make_visit(patient, starts_at=VISIT)
    codes_asked = [each.code for each in queries.questions_for(patient, visit)]
    assert ("pregnancy" in codes_asked) is asked


def test_missing_and_foreign_answers_are_refused(visit):
    assert codes(answer, visit, fever="perhaps") == ("answer_missing",)
    assert codes(answer, visit, pregnancy="no") == ("question_unknown",)


def test_it_is_open_from_three_days_before_until_the_visit(visit):
    early = NOW - timedelta(days=1)
    assert codes(answer, visit, now=early) == ("check_not_open",)
    assert codes(answer, visit, now=VISIT) == ("check_not_open",)
    factory.change_visit(visit, "cancelled")
    assert codes(answer, visit) == ("check_not_open",)


def test_open_means_it_may_be_answered_and_was_not(visit):
    found = [queries.health_check_open(visit, NOW - timedelta(days=1)), queries.health_check_open(visit, NOW)]
    answer(visit)
    assert [*found, queries.health_check_open(visit, NOW)] == [False, True, False]


def test_answers_for_a_day_that_has_moved_far_count_no_longer(visit):
    answer(visit)
    factory.change_visit(visit, "moved", starts_at=VISIT + timedelta(days=7))
    later = NOW + timedelta(days=7)
    assert (queries.health_check_rows(visit), queries.health_check_open(visit, later)) == ([], True)


def test_who_has_a_portal_and_did_not_answer_is_listed_from_the_day_before(visit):
    def listed(now):
        return [row.pk for row in queries.unanswered_checks(visit.clinic, now)]

    eve = VISIT - timedelta(days=1)
    assert listed(eve) == []
    PortalAccess.objects.create(
        clinic=visit.clinic,
        patient=visit.patient,
        user=factory.make_user("portal"),
        invited_at=NOW,
        confirmed_at=NOW,
    )
    assert (listed(eve - timedelta(days=1)), listed(eve), listed(VISIT)) == ([], [visit.pk], [])
    answer(visit)
    assert listed(eve) == []
