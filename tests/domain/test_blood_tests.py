"""By which day a patient has to have a blood test: once, in time, and not beside what says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from infusion.reminders.domain.due import Circumstances, owed
from infusion.reminders.domain.lab import BloodTest, blood_tests_asked
from infusion.reminders.domain.rules import Rules, Setting
from monitoring.domain.surveillance import CHECKS, due_before

RULES = Rules(zone=ZoneInfo("Europe/London"))
DUE = date(2027, 5, 3)
LEAVES = datetime(2027, 4, 19, 8, tzinfo=UTC)
NO_USE = datetime(2027, 5, 3, 23, tzinfo=UTC)


def said(days_later: int, planned_id: int = 4) -> frozenset[tuple[str, str, int, str]]:
    version = DUE.toordinal() + days_later
    return frozenset({("planned", str(planned_id), version, "lab_due")})


def test_test_before_a_course_is_due_four_weeks_before_it() -> None:
    assert due_before(date(2027, 5, 31), CHECKS) == DUE


def test_no_rule_asks_for_no_test() -> None:
    assert due_before(DUE, ()) is None


def test_patient_is_told_two_weeks_before_and_not_after_the_day() -> None:
    found = blood_tests_asked([BloodTest(4, DUE)], (), RULES)
    assert found == [("planned", "4", DUE.toordinal(), "lab_due", LEAVES, NO_USE)]


@pytest.mark.parametrize(("moved", "times"), [(0, 0), (14, 0), (-14, 0), (15, 1), (-15, 1)])
def test_day_that_moves_a_little_is_not_told_anew(moved: int, times: int) -> None:
    assert len(blood_tests_asked([BloodTest(4, DUE)], said(moved), RULES)) == times


def test_test_before_another_infusion_is_another_one() -> None:
    assert len(blood_tests_asked([BloodTest(4, DUE)], said(0, planned_id=5), RULES)) == 1


# Of a visit 14 days ahead the patient is told what is missing on the first day of these spans.
@pytest.mark.parametrize(
    ("visit_in", "times"), [(14 + 6, 0), (14 - 6, 0), (14 + 7, 1), (5 + 6, 0), (14 + 14, 1)]
)
def test_message_of_the_same_week_that_something_is_missing_is_enough(visit_in: int, times: int) -> None:
    at = LEAVES + timedelta(days=visit_in, hours=2)
    assert len(blood_tests_asked([BloodTest(4, DUE, at)], (), RULES)) == times


def test_clinic_that_does_not_say_what_is_missing_tells_of_the_test() -> None:
    rules = Rules(zone=RULES.zone, settings={"gate_needs": Setting(is_on=False)})
    assert len(blood_tests_asked([BloodTest(4, DUE, LEAVES + timedelta(days=14))], (), rules)) == 1


def test_clinics_own_days_move_the_message() -> None:
    rules = Rules(zone=RULES.zone, settings={"lab_due": Setting(days=21)})
    ((*_, due, _expires),) = blood_tests_asked([BloodTest(4, DUE)], (), rules)
    assert due == LEAVES - timedelta(days=7)


@pytest.mark.parametrize(
    ("now", "kinds"), [(LEAVES, ["lab_due"]), (NO_USE - timedelta(1), ["lab_due"]), (NO_USE, [])]
)
def test_a_test_whose_day_has_passed_is_owed_no_message(now: datetime, kinds: list[str]) -> None:
    found = owed(Circumstances(7, blood_tests=(BloodTest(4, DUE),)), RULES, now)
    assert [one.kind for one in found] == kinds
