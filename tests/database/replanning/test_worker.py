"""A real worker behind a real broker works a question out; the task carries nothing but its key."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from evaluation.models import Clearance
from scheduling import actions, tasks
from scheduling.domain.disruption import Disruption
from scheduling.domain.proposals import ending_of, rows_of
from scheduling.models import Replan
from scheduling.queries.replans import Tolerance
from tests import factory, programs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def in_the_morning() -> None:
    """The worker lives in the present, and so does this test."""


def test_worker_answers(worker):
    clinic = factory.make_clinic(chairs=2, nurses=2, time_zone="UTC")
    today = timezone.now().date()
    day = today + timedelta(days=14 - today.weekday())
    visit = factory.make_visit(
        factory.make_patient(clinic), starts_at=datetime.combine(day, time(9), tzinfo=UTC)
    )
    Clearance.objects.update(valid_until=day + timedelta(days=365))
    what = Disruption("nurse", day, day, nurse=visit.nurse_id)
    replan = actions.ask_replan(
        clinic=clinic,
        kind="disruption",
        first_day=day,
        last_day=day,
        asked=Tolerance(60, 3),
        by=factory.make_member(clinic).user,
        now=timezone.now(),
        what=what,
    )
    assert tasks.hand_over(replan.pk) is True
    programs.until(lambda: Replan.objects.get().state == "done", what="an answer")
    replan.refresh_from_db()
    (row,) = rows_of(replan.answer)
    assert (row.visit, row.to.starts) == (visit.pk, visit.starts_at)
    assert row.to.nurse != visit.nurse_id
    assert (ending_of(replan.answer).proved, ending_of(replan.answer).here) == (True, False)
    # Handed over once more, nothing happens to what is answered.
    finished = replan.finished_at
    tasks.hand_over(replan.pk)
    programs.until(lambda: worker.read_text().count("work_out_replan") >= 4, what="the second message")
    assert Replan.objects.get().finished_at == finished
