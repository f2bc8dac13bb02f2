"""The same change of the settings sent many times at one moment: one effect, an error for nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier

import pytest
from django.db import connection

from clinics import actions
from clinics.domain.attention import RULES
from clinics.domain.refusals import Refused
from clinics.models import AuditEntry, Chair, Closure, Shift
from tests.factory import make_clinic, make_member

NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)
TODAY = date(2031, 3, 10)
CLICKS = 6

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(click):
    """What each click got, all at the same moment: "done", or the codes of its refusal."""
    ready = Barrier(CLICKS)

    def one(number):
        try:
            ready.wait()
            click(number)
            return "done"
        except Refused as refused:
            return refused.codes
        finally:
            connection.close()

    with ThreadPoolExecutor(CLICKS) as clicks:
        return list(clicks.map(one, range(CLICKS)))


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def manager(clinic):
    return make_member(clinic, "manager").user


def noted(clinic):
    return list(AuditEntry.objects.of(clinic).values_list("verb", flat=True))


def test_one_closure_is_added_and_removed_once(clinic, manager):
    asked = {"first_day": TODAY, "last_day": TODAY, "reason": "Works", "by": manager, "today": TODAY}
    assert at_once(lambda _: actions.add_closure(clinic=clinic, **asked)) == ["done"] * CLICKS
    rows = [Closure.objects.of(clinic).get() for _ in range(CLICKS)]
    assert at_once(lambda n: actions.remove_closure(closure=rows[n], by=manager)) == ["done"] * CLICKS
    assert noted(clinic) == ["removed closure", "added closure"]


def test_one_chair_is_added(clinic, manager):
    now = datetime.now(UTC)
    answers = at_once(lambda _: actions.add_chair(clinic=clinic, name="Bed", kind="bed", by=manager, now=now))
    assert answers == ["done"] * CLICKS
    assert Chair.objects.of(clinic).filter(kind="bed").count() == 1


def test_shift_is_changed_once_whatever_the_clicks(clinic, manager):
    nurse = make_member(clinic, "nurse")
    asked = {"weekdays": [0], "starts": time(8), "ends": time(16), "breaks": [], "last_day": None}
    actions.add_shifts(member=nurse, by=manager, first_day=TODAY, today=TODAY, **asked)
    rows = [Shift.objects.of(clinic).get(member=nurse) for _ in range(CLICKS)]
    wanted = {"starts": time(9), "ends": time(17), "breaks": [], "from_day": TODAY + timedelta(days=7)}
    wanted |= {"seen": actions.shift_mark(rows[0]), "by": manager, "today": TODAY}
    assert at_once(lambda n: actions.change_shift(shift=rows[n], **wanted)) == ["done"] * CLICKS
    assert Shift.objects.of(clinic).filter(member=nurse).count() == 2


def test_two_managers_rules_are_saved_by_one_and_the_others_are_told(clinic, manager):
    rules = {name: getattr(clinic, name) for name in RULES}
    seen = actions.rules_mark(clinic)

    def save(number):
        wanted = rules | {"prep_per_hour": number + 1}
        actions.change_rules(clinic=clinic, rules=wanted, seen=seen, by=manager)

    answers = at_once(save)
    assert sorted(answers, key=str) == [("stale",)] * (CLICKS - 1) + ["done"]
    clinic.refresh_from_db()
    assert clinic.prep_per_hour == answers.index("done") + 1


def test_clashing_shifts_of_one_nurse_never_both_stand(clinic, manager):
    nurse = make_member(clinic, "nurse")

    def add(number):
        asked = {"weekdays": [0], "starts": time(8 + number), "ends": time(16), "breaks": []}
        actions.add_shifts(member=nurse, by=manager, first_day=TODAY, last_day=None, today=TODAY, **asked)

    answers = at_once(add)
    assert sorted(answers, key=str) == [("shifts_overlap",)] * (CLICKS - 1) + ["done"]
    assert Shift.objects.of(clinic).filter(member=nurse).count() == 1
