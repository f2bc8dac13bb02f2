"""Where a follow-up stands: overdue, due, booked, coming or over."""

from datetime import date

import pytest

from monitoring.domain.standing import SHOWN, Standing, standing_of

DUE = date(2031, 5, 1)


def stands(today, *, state="due", booked_on=None, arrange_days=14):
    return standing_of(
        state=state,
        due_on=DUE,
        earliest_on=date(2031, 4, 24),
        latest_on=date(2031, 5, 8),
        booked_on=booked_on,
        arrange_days=arrange_days,
        today=today,
    ).value


@pytest.mark.parametrize(
    ("today", "standing"),
    [
        (date(2031, 4, 16), "coming"),
        (date(2031, 4, 17), "due"),
        (date(2031, 5, 8), "due"),
        (date(2031, 5, 9), "overdue"),
    ],
)
def test_unbooked_is_due_from_the_clinics_days_until_its_window_closes(today, standing):
    assert stands(today) == standing


def test_window_that_opens_before_the_clinics_days_counts():
    assert (stands(date(2031, 4, 23), arrange_days=3), stands(date(2031, 4, 24), arrange_days=3)) == (
        "coming",
        "due",
    )


def test_booked_stands_until_its_day_has_passed():
    visit = date(2031, 5, 20)
    assert (stands(visit, booked_on=visit), stands(date(2031, 5, 21), booked_on=visit)) == (
        "booked",
        "overdue",
    )


@pytest.mark.parametrize("state", ["done", "closed"])
def test_closed_is_over_whatever_the_day(state):
    assert stands(date(2031, 12, 1), state=state) == "over"


def test_every_standing_has_words_of_its_own():
    assert set(SHOWN) == set(Standing)
    assert len({shown.words for shown in SHOWN.values()}) == len(Standing)
