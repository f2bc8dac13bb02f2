"""What is read before a patient sets out: a change in time, and the last word on a visit that begins early."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.reminders.domain.before import LAST_USE, TRAVEL, reminder_times
from infusion.reminders.domain.due import Circumstances, Owed, VisitState, notice, owed
from infusion.reminders.domain.kinds import BOOKED, CANCELLED, MOVED
from infusion.reminders.domain.rules import Quiet, Rules, Setting

LONDON = ZoneInfo("Europe/London")
NIGHT = Rules(zone=LONDON, quiet=Quiet(time(20), time(8)))
DELAY = NIGHT.notice_delay
EVENING = datetime(2027, 1, 4, 21, tzinfo=UTC)
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


def changed(change: str, old: datetime, new: datetime, made: datetime = EVENING) -> Circumstances:
    """A patient who was told of a visit that has been moved or cancelled since."""
    states = {MOVED: "booked", CANCELLED: "cancelled"}
    versions = (
        VisitState(1, 1, BOOKED, "booked", old, LONG_AGO),
        VisitState(1, 2, change, states[change], new if change == MOVED else old, made),
    )
    return Circumstances(7, versions=versions, told={1: 1})


def told(patient: Circumstances, rules: Rules = NIGHT, now: datetime = EVENING) -> Owed:
    return next(one for one in owed(patient, rules, now) if one.subject_kind == "patient")


@pytest.mark.parametrize("change", [MOVED, CANCELLED])
@pytest.mark.parametrize(
    ("old", "leaves"),
    [
        (datetime(2027, 1, 5, 7, tzinfo=UTC), EVENING + DELAY),
        (datetime(2027, 1, 5, 10, tzinfo=UTC), EVENING + DELAY),
        (datetime(2027, 1, 5, 10, 1, tzinfo=UTC), datetime(2027, 1, 5, 8, tzinfo=UTC)),
    ],
)
def test_change_is_told_before_the_patient_sets_out_for_the_old_time(
    change: str, old: datetime, leaves: datetime
) -> None:
    assert told(changed(change, old, old + timedelta(days=7))).due_at == leaves


def test_visit_moved_forward_is_told_before_its_new_time() -> None:
    old, new = EVENING + timedelta(days=9), datetime(2027, 1, 5, 9, tzinfo=UTC)
    assert told(changed(MOVED, old, new)).due_at == EVENING + DELAY


@pytest.mark.parametrize(("minutes", "is_late"), [(121, False), (120, False), (119, True)])
def test_notice_within_two_hours_of_the_visit_may_not_be_read(minutes: int, is_late: bool) -> None:
    old = EVENING + timedelta(minutes=minutes)
    assert told(changed(CANCELLED, old, old)).misses(EVENING) is is_late


def test_new_visit_at_short_notice_misses_nobody_on_the_way() -> None:
    soon = EVENING + timedelta(hours=1)
    booked = Circumstances(7, versions=(VisitState(1, 1, BOOKED, "booked", soon, EVENING),))
    assert told(booked).misses(EVENING) is False


wall = st.times().map(lambda at: at.replace(second=0, microsecond=0))
minutes = st.integers(5, 60 * 24 * 3).map(lambda number: EVENING + timedelta(minutes=number))


@given(st.sampled_from([MOVED, CANCELLED]), minutes, minutes, wall, wall)
def test_no_change_waits_for_the_quiet_hours_until_the_patient_may_be_on_the_way(
    change: str, old: datetime, new: datetime, begins: time, ends: time
) -> None:
    rules = Rules(zone=LONDON, quiet=Quiet(begins, ends))
    patient = changed(change, old, new)
    if notice(patient, rules, EVENING) is None:  # moved to where it stood
        return
    one = told(patient, rules)
    waits = rules.quiet.ends_at(EVENING + DELAY, LONDON)
    assert one.due_at == EVENING + DELAY or one.due_at == waits
    assert one.due_at == EVENING + DELAY or one.due_at < min(old, new if change == MOVED else old) - TRAVEL


def last_word(at: time, rules: Rules = NIGHT) -> datetime:
    starts = datetime.combine(date(2027, 1, 5), at, tzinfo=UTC)
    found = {kind: due for kind, due, _ in reminder_times(starts, rules)}
    return found["morning_of"]


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        (time(7), datetime(2027, 1, 4, 18, tzinfo=UTC)),
        (time(9, 59), datetime(2027, 1, 4, 18, tzinfo=UTC)),
        (time(10), datetime(2027, 1, 5, 8, tzinfo=UTC)),
        (time(14), datetime(2027, 1, 5, 8, tzinfo=UTC)),
    ],
)
def test_last_word_on_an_early_visit_comes_the_evening_before(at: time, leaves: datetime) -> None:
    assert last_word(at) == leaves


@pytest.mark.parametrize(
    ("begins", "leaves"), [(time(18), 17), (time(17, 30), 16.5), (time(18, 1), 18), (time(0), 18)]
)
def test_evening_before_is_before_the_quiet_hours(begins: time, leaves: float) -> None:
    rules = Rules(zone=LONDON, quiet=Quiet(begins, time(8)))
    assert last_word(time(7), rules) == datetime(2027, 1, 4, tzinfo=UTC) + timedelta(hours=leaves)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)),
    st.sampled_from([ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Asia/Kolkata")]),
    st.integers(19, 23),
    st.integers(5, 10),
)
def test_there_is_always_a_last_word_and_it_is_read_in_time(
    starts: datetime, zone: ZoneInfo, begins: int, ends: int
) -> None:
    rules = Rules(zone=zone, quiet=Quiet(time(begins), time(ends)))
    (due, end) = next((due, end) for kind, due, end in reminder_times(starts, rules) if kind == "morning_of")
    assert rules.quiet.ends_at(due, zone) is None
    assert starts - timedelta(hours=31) <= due <= starts - TRAVEL < end == starts - LAST_USE


# --- what the clinic changed, and what came too late ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("days", "said", "left"),
    [
        ((7, 1), ["reminder_7", "reminder_2"], []),
        ((7, 3), ["reminder_7", "reminder_2"], []),
        ((7, 2), ["reminder_7"], ["reminder_2"]),
        ((10, 2), ["reminder_7"], ["reminder_2"]),
        ((7, 3, 1), ["reminder_3"], ["reminder_7", "reminder_1"]),
        ((7, 3, 1), ["reminder_2"], ["reminder_7", "reminder_1"]),
    ],
)
def test_change_of_the_clinics_days_reminds_nobody_twice(
    days: tuple[int, ...], said: list[str], left: list[str]
) -> None:
    rules = replace(NIGHT, reminder_days=days, settings={"morning_of": Setting(is_on=False)})
    visit = VisitState(1, 1, BOOKED, "booked", EVENING + timedelta(days=30), LONG_AGO)
    patient = Circumstances(
        7, versions=(visit,), told={1: 1}, said=frozenset(("visit", "1", 1, kind) for kind in said)
    )
    assert [one.kind for one in owed(patient, rules, EVENING)] == left


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        (80, [datetime(2027, 1, 5, 9, tzinfo=UTC)]),
        (60, [datetime(2027, 1, 5, 8, tzinfo=UTC)]),
        (24, []),
    ],
)
def test_questions_of_a_visit_put_inside_their_days_come_with_its_notice(
    hours: int, due: list[datetime]
) -> None:
    visit = VisitState(1, 1, BOOKED, "booked", EVENING + timedelta(hours=hours), EVENING, is_infusion=True)
    found = owed(Circumstances(7, versions=(visit,)), NIGHT, EVENING)
    assert [one.due_at for one in found if one.kind == "health_check"] == due
