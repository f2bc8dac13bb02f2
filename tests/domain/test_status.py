import pytest

from scheduling.domain.status import MOVABLE, MOVES, STANDING, WORDS, Status, move

ALLOWED = {
    ("proposed", "pending"),
    ("proposed", "booked"),
    ("proposed", "cancelled"),
    ("waitlist", "pending"),
    ("waitlist", "booked"),
    ("waitlist", "cancelled"),
    ("pending", "booked"),
    ("pending", "cancelled"),
    ("booked", "arrived"),
    ("booked", "noshow"),
    ("booked", "cancelled"),
    ("arrived", "fulfilled"),
    ("arrived", "cancelled"),
}
UNDONE = {("fulfilled", "arrived"), ("arrived", "booked"), ("noshow", "booked")}


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_only_the_moves_of_the_table_are_allowed(before, after):
    answer = move(before, after)
    if (before, after) in ALLOWED:
        assert answer is after
    else:
        assert answer.code == "status_not_allowed"


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_only_a_step_of_the_day_is_taken_back(before, after):
    answer = move(before, after, undo=True)
    if (before, after) in UNDONE:
        assert answer is after
    else:
        assert answer.code == "status_not_allowed"


def test_a_refused_move_is_said_in_words():
    assert move("cancelled", "arrived").message == "This visit is cancelled; it cannot become arrived."


def test_every_word_of_the_standard_has_a_place_in_the_tables():
    assert set(MOVES) == set(WORDS) == set(Status)
    assert STANDING == ("pending", "booked", "arrived", "fulfilled")
    assert MOVABLE == ("pending", "booked")
