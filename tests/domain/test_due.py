"""What a patient is owed, decided on plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.reminders.domain.due import (
    Change,
    Circumstances,
    EarlierTime,
    OpenFollowUp,
    Owed,
    VisitState,
    notice,
    owed,
)
from infusion.reminders.domain.kinds import (
    ARRANGE,
    BOOKED,
    CANCELLED,
    MOVED,
    NOTICES,
    OVERDUE,
    WAITLIST_GONE,
    WAITLIST_OFFER,
)
from infusion.reminders.domain.rules import Rules, Setting

LONDON = ZoneInfo("Europe/London")
# What is said on the day itself has tests of its own.
RULES = Rules(zone=LONDON, settings={"morning_of": Setting(is_on=False)})
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
DELAY = RULES.notice_delay
VISIT = datetime(2027, 5, 14, 8, tzinfo=UTC)
LATER = VISIT + timedelta(days=3)


def state(
    version: int,
    change: str,
    at: datetime,
    starts: datetime = VISIT,
    *,
    visit: int = 1,
    status: str = "booked",
) -> VisitState:
    return VisitState(visit, version, change, status, starts, at)


def patient(*versions: VisitState, **fields: object) -> Circumstances:
    return Circumstances(7, versions=versions, **fields)


def kinds(found: tuple[Owed, ...]) -> list[str]:
    return [one.kind for one in found]


def test_notice_of_a_booking_is_due_when_the_delay_has_passed() -> None:
    found = notice(patient(state(1, BOOKED, NOON)), RULES, NOON)
    assert found == Owed("patient", "7", 1, BOOKED, NOON + DELAY, VISIT, (Change(1, 1, BOOKED, VISIT),))


def test_notice_of_a_pair_names_both_visits_in_order() -> None:
    pair = patient(state(1, BOOKED, NOON, LATER, visit=4), state(1, BOOKED, NOON, VISIT, visit=9))
    found = notice(pair, RULES, NOON)
    assert found is not None
    assert (found.kind, found.visit_ids, found.expires_at) == (BOOKED, (9, 4), LATER)


def test_notice_of_several_moves_tells_only_the_last_time() -> None:
    minute = timedelta(minutes=1)
    moves = [state(n, MOVED, NOON + n * minute, VISIT + n * timedelta(days=1)) for n in range(2, 6)]
    found = notice(patient(state(1, BOOKED, NOON - minute), *moves, told={1: 1}), RULES, NOON)
    assert found is not None
    assert found.changes == (Change(1, 5, MOVED, VISIT + timedelta(days=5), VISIT),)
    assert found.due_at == NOON + 5 * minute + DELAY


UNDONE = {
    "booked and cancelled": (
        [state(1, BOOKED, NOON), state(2, CANCELLED, NOON, status="cancelled")],
        {},
    ),
    "moved and moved back": (
        [state(1, BOOKED, NOON), state(2, MOVED, NOON, LATER), state(3, MOVED, NOON)],
        {1: 1},
    ),
    "another chair": ([state(1, BOOKED, NOON), state(2, MOVED, NOON)], {1: 1}),
    "did not come": ([state(1, BOOKED, NOON), state(2, "status", NOON, status="noshow")], {1: 1}),
    "sent home": (
        [
            state(1, BOOKED, NOON),
            state(2, "status", NOON, status="arrived"),
            state(3, CANCELLED, NOON, status="cancelled"),
        ],
        {1: 1},
    ),
    "only proposed": ([state(1, BOOKED, NOON, status="proposed")], {}),
}


@pytest.mark.parametrize("case", UNDONE)
def test_notice_of_what_was_undone_says_nothing(case: str) -> None:
    versions, told = UNDONE[case]
    assert notice(patient(*versions, told=told), RULES, NOON) is None


def test_notice_of_a_cancellation_names_the_time_the_patient_knows() -> None:
    versions = [
        state(1, BOOKED, NOON),
        state(2, MOVED, NOON, LATER),
        state(3, CANCELLED, NOON, LATER, status="cancelled"),
    ]
    found = notice(patient(*versions, told={1: 1}), RULES, NOON)
    assert found is not None
    assert found.changes == (Change(1, 3, CANCELLED, VISIT),)


def test_notice_of_one_cancelled_and_one_booked_is_one_message_of_change() -> None:
    versions = [
        state(1, BOOKED, NOON),
        state(2, CANCELLED, NOON, status="cancelled"),
        state(1, BOOKED, NOON, LATER, visit=2),
    ]
    found = notice(patient(*versions, told={1: 1}), RULES, NOON)
    assert found is not None
    assert (found.kind, [change.verb for change in found.changes]) == (MOVED, [CANCELLED, BOOKED])


def test_notice_of_a_time_that_was_held_comes_when_it_is_booked() -> None:
    held = [state(1, BOOKED, NOON, status="pending")]
    assert notice(patient(*held), RULES, NOON) is None
    found = notice(patient(*held, state(2, "status", NOON + DELAY)), RULES, NOON)
    assert found is not None
    assert (found.kind, found.subject_version, found.due_at) == (BOOKED, 2, NOON + 2 * DELAY)


def test_notice_after_a_further_change_is_another_message() -> None:
    booked = patient(state(1, BOOKED, NOON))
    moved = patient(state(1, BOOKED, NOON), state(2, MOVED, NOON, LATER))
    first, second = notice(booked, RULES, NOON), notice(moved, RULES, NOON)
    assert first is not None
    assert second is not None
    assert (first.subject_version, second.subject_version) == (1, 2)


def test_notice_that_could_only_leave_after_the_visit_is_not_owed() -> None:
    soon = NOON + timedelta(minutes=1)
    assert notice(patient(state(1, BOOKED, NOON, soon)), RULES, NOON) is None


def test_notice_of_a_change_of_last_month_is_left_to_the_reminders() -> None:
    booked = patient(state(1, BOOKED, NOON))
    assert notice(booked, RULES, NOON + timedelta(days=30)) is not None
    assert notice(booked, RULES, NOON + timedelta(days=30, seconds=1)) is None


def long_known(starts: datetime = VISIT, **fields: object) -> Circumstances:
    return patient(state(1, BOOKED, datetime(2027, 1, 1, tzinfo=UTC), starts), told={1: 1}, **fields)


def test_reminders_are_due_at_nine_local_so_many_days_before() -> None:
    found = owed(long_known(), RULES, NOON)
    assert [(one.kind, one.due_at, one.expires_at) for one in found] == [
        ("reminder_7", datetime(2027, 5, 7, 8, tzinfo=UTC), datetime(2027, 5, 12, 8, tzinfo=UTC)),
        ("reminder_2", datetime(2027, 5, 12, 8, tzinfo=UTC), VISIT - timedelta(hours=1)),
    ]


def test_reminders_keep_nine_local_when_the_clocks_change_between() -> None:
    """The clocks go forward on 28 March 2027: the reminder before it is at 09:00 GMT, the visit in BST."""
    after = datetime(2027, 4, 1, 8, tzinfo=UTC)
    dues = [
        one.due_at.astimezone(LONDON).strftime("%d %H:%M %Z") for one in owed(long_known(after), RULES, NOON)
    ]
    assert dues == ["25 09:00 GMT", "30 09:00 BST"]


@pytest.mark.parametrize(
    ("booked_at", "expected"),
    [
        (datetime(2027, 5, 7, 7, tzinfo=UTC), ["reminder_7", "reminder_2"]),
        (datetime(2027, 5, 7, 7, 59, tzinfo=UTC), ["reminder_2"]),
        (datetime(2027, 5, 10, 12, tzinfo=UTC), ["reminder_2"]),
        (datetime(2027, 5, 13, 12, tzinfo=UTC), []),
    ],
)
def test_reminders_due_before_the_notice_of_the_booking_are_not_owed(
    booked_at: datetime, expected: list[str]
) -> None:
    found = owed(patient(state(1, BOOKED, booked_at), told={1: 1}), RULES, booked_at)
    assert kinds(found) == expected


def test_reminder_missed_by_a_sweep_is_owed_until_the_next_one_is_due() -> None:
    just_before = datetime(2027, 5, 12, 7, 59, tzinfo=UTC)
    assert kinds(owed(long_known(), RULES, just_before)) == ["reminder_7", "reminder_2"]
    assert kinds(owed(long_known(), RULES, just_before + timedelta(minutes=1))) == ["reminder_2"]


def test_reminder_is_of_no_use_in_the_last_hour() -> None:
    assert owed(long_known(), RULES, VISIT - timedelta(hours=1)) == ()


def test_reminder_survives_a_move_undone_at_the_very_minute_it_was_due() -> None:
    due = datetime(2027, 5, 12, 8, tzinfo=UTC)
    known = long_known()
    undone = (
        *known.versions,
        state(2, MOVED, due - timedelta(seconds=30), LATER),
        state(3, MOVED, due + timedelta(seconds=30)),
    )
    found = owed(replace(known, versions=undone), RULES, due + timedelta(minutes=1))
    assert [(one.kind, one.subject_version) for one in found] == [("reminder_2", 1)]


def test_reminder_sent_is_not_owed_again_after_another_chair() -> None:
    known = long_known(said=frozenset({("visit", "1", 1, "reminder_7")}))
    changed = replace(known, versions=(*known.versions, state(2, MOVED, NOON)))
    assert kinds(owed(changed, RULES, NOON)) == ["reminder_2"]


def test_reminders_of_a_moved_visit_are_other_messages() -> None:
    moved = patient(state(1, BOOKED, NOON), state(2, MOVED, NOON, LATER), told={1: 2})
    found = owed(moved, RULES, NOON)
    assert {one.subject_version for one in found} == {2}
    assert found[0].due_at == datetime(2027, 5, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize("status", ["cancelled", "noshow", "arrived", "fulfilled", "proposed", "waitlist"])
def test_reminders_are_owed_for_booked_visits_only(status: str) -> None:
    known = long_known()
    ended = replace(known, versions=(*known.versions, state(2, "status", NOON, status=status)))
    assert [one for one in owed(ended, RULES, NOON) if one.kind not in NOTICES] == []


def test_reminder_days_are_the_clinics_own_and_odd_ones_do_no_harm() -> None:
    rules = replace(RULES, reminder_days=(1, 3, 3, 0, -2))
    assert kinds(owed(long_known(), rules, NOON)) == ["reminder_3", "reminder_1"]


FOLLOW_UP = OpenFollowUp(3, date(2027, 5, 14), date(2027, 5, 21), is_booked=False)


def test_follow_up_not_booked_is_to_be_arranged_and_then_overdue() -> None:
    found = owed(patient(follow_ups=(FOLLOW_UP,)), RULES, NOON)
    window_closes = datetime(2027, 5, 21, 23, tzinfo=UTC)
    assert [(one.kind, one.due_at) for one in found] == [
        (ARRANGE, datetime(2027, 4, 30, 8, tzinfo=UTC)),
        (OVERDUE, window_closes),
    ]
    assert found[0].expires_at == window_closes


def test_follow_up_booked_needs_no_arranging() -> None:
    assert owed(patient(follow_ups=(replace(FOLLOW_UP, is_booked=True),)), RULES, NOON) == ()


def test_follow_up_due_on_another_day_is_asked_for_anew() -> None:
    other = replace(FOLLOW_UP, due_on=FOLLOW_UP.due_on + timedelta(days=1))
    first, second = (owed(patient(follow_ups=(one,)), RULES, NOON)[0] for one in (FOLLOW_UP, other))
    assert first.subject != second.subject


def test_the_dead_are_owed_nothing() -> None:
    alive = replace(long_known(), follow_ups=(FOLLOW_UP,))
    assert len(owed(alive, RULES, NOON)) == 4
    assert owed(replace(alive, is_deceased=True), RULES, NOON) == ()


# --- properties --------------------------------------------------------------------------------------------------
STARTS = st.integers(0, 40).map(lambda day: NOON + timedelta(days=day, hours=1))
STEPS = st.tuples(
    st.sampled_from([MOVED, CANCELLED, "status"]),
    STARTS,
    st.integers(0, 400),
    st.sampled_from(["booked", "noshow"]),
)


@st.composite
def stories(draw: st.DrawFn) -> Circumstances:
    """A patient with up to three visits, each with any history, told of any part of it."""
    versions, told = [], {}
    for visit in range(1, draw(st.integers(1, 3)) + 1):
        at, starts = NOON, draw(STARTS)
        history = [state(1, BOOKED, at, starts, visit=visit)]
        for change, other, minutes, status in draw(st.lists(STEPS, max_size=5)):
            at += timedelta(minutes=minutes)
            starts = other if change == MOVED else starts
            word = {CANCELLED: "cancelled", MOVED: "booked"}.get(change, status)
            history.append(state(len(history) + 1, change, at, starts, visit=visit, status=word))
        versions += history
        if draw(st.booleans()):
            told[visit] = draw(st.integers(1, len(history)))
    return Circumstances(7, versions=tuple(versions), told=told)


INSTANTS = st.integers(0, 60 * 24 * 45).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(stories(), INSTANTS)
def test_nothing_is_ever_owed_after_the_visit_it_speaks_of(story: Circumstances, now: datetime) -> None:
    for one in owed(story, RULES, now):
        assert now < one.expires_at <= max(change.starts_at for change in one.changes)
        assert one.due_at < one.expires_at
        assert all(change.starts_at > now for change in one.changes)


@given(stories(), INSTANTS, st.randoms())
def test_what_is_owed_does_not_depend_on_the_order_of_reading(
    story: Circumstances, now: datetime, shuffler: object
) -> None:
    mixed = list(story.versions)
    shuffler.shuffle(mixed)
    assert owed(replace(story, versions=tuple(mixed)), RULES, now) == owed(story, RULES, now)


@given(stories(), INSTANTS)
def test_a_notice_given_leaves_nothing_more_to_say(story: Circumstances, now: datetime) -> None:
    found = notice(story, RULES, now)
    if found:
        told = {**story.told, **{change.visit_id: change.version for change in found.changes}}
        assert notice(replace(story, told=told), RULES, now) is None


@given(stories(), INSTANTS)
def test_reminders_speak_only_of_visits_that_stand(story: Circumstances, now: datetime) -> None:
    newest = {}
    for one in story.versions:
        newest[one.visit_id] = max(newest.get(one.visit_id, one), one, key=lambda found: found.version)
    for one in owed(story, RULES, now):
        if one.subject_kind == "visit":
            visit = newest[one.visit_ids[0]]
            assert (visit.status, visit.starts_at) == ("booked", one.changes[0].starts_at)


@given(stories(), INSTANTS)
def test_telling_the_patient_never_makes_a_reminder_another_message(
    story: Circumstances, now: datetime
) -> None:
    """Else the same reminder would go out twice once the patient has been told of a change."""

    def reminders(of: Circumstances) -> set[tuple[str, str, int, str]]:
        return {one.subject for one in owed(of, RULES, now) if one.subject_kind == "visit"}

    newest = {one.visit_id: 0 for one in story.versions}
    for one in story.versions:
        newest[one.visit_id] = max(newest[one.visit_id], one.version)
    assert reminders(replace(story, told=newest)) <= reminders(story)


# --- earlier times ---------------------------------------------------------------------------------------------------
UNTIL = NOON + timedelta(hours=2)
OFFERED = EarlierTime(5, 1, "open", VISIT, NOON, UNTIL)
OFFER_SAID = frozenset({("waitlist_offer", "5", 1, WAITLIST_OFFER)})


def test_time_on_offer_is_told_at_once_and_only_while_it_is_open() -> None:
    told = (Owed("waitlist_offer", "5", 1, WAITLIST_OFFER, NOON, UNTIL),)
    for now, expected in ((NOON, told), (UNTIL - timedelta(seconds=1), told), (UNTIL, ())):
        assert owed(patient(earlier_times=(OFFERED,)), RULES, now) == expected


@pytest.mark.parametrize("state_of_it", ["gone", "lapsed", "open"])
def test_offer_that_ended_is_told_to_whom_it_was_told_until_the_time_itself(state_of_it: str) -> None:
    ended = None if state_of_it == "open" else NOON + timedelta(hours=1)
    over = replace(OFFERED, state=state_of_it, ended_at=ended)
    gone = (Owed("waitlist_offer", "5", 1, WAITLIST_GONE, ended or UNTIL, VISIT),)
    assert owed(patient(earlier_times=(over,), said=OFFER_SAID), RULES, UNTIL) == gone
    assert owed(patient(earlier_times=(over,)), RULES, UNTIL) == ()
    assert owed(patient(earlier_times=(over,), said=OFFER_SAID), RULES, VISIT) == ()
    both = OFFER_SAID | {("waitlist_offer", "5", 1, WAITLIST_GONE)}
    assert owed(patient(earlier_times=(over,), said=both), RULES, UNTIL) == ()


def test_dead_are_offered_nothing_and_another_offer_is_another_message() -> None:
    assert owed(patient(earlier_times=(OFFERED,), is_deceased=True), RULES, NOON) == ()
    found = owed(patient(earlier_times=(OFFERED, replace(OFFERED, offer_id=6)), said=OFFER_SAID), RULES, NOON)
    assert [one.subject_id for one in found] == ["6"]
