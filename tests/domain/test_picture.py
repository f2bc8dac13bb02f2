"""The picture of a response: everything inside its frame, in order of time, round numbers on the axes."""

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.reports.domain.picture import NARROW, WIDE, Course, Limit, Point, draw, nice_ticks

TODAY = date(2026, 11, 22)
BEGAN = date(2025, 5, 22)


def point(days: int, value: str) -> Point:
    return Point(BEGAN + timedelta(days=days), Decimal(value), f"{value} points")


COURSE = Course(
    points=(point(0, "5.6"), point(120, "4.1"), point(300, "2.4")),
    steroids=(point(0, "20"), point(100, "5")),
    relapses=(BEGAN + timedelta(days=200),),
    infusions=(BEGAN + timedelta(days=10), BEGAN + timedelta(days=24), BEGAN + timedelta(days=190)),
    limits=(Limit(Decimal("2.6"), "Remission"), Limit(Decimal("9"), "never reached")),
)


def test_the_first_day_stands_at_the_left_edge_and_today_at_the_right():
    picture = draw(COURSE, WIDE, today=TODAY)
    assert (picture.score.dots[0].x, picture.left) == ("52", "52")
    assert (picture.today, picture.right) == ("926", "926")


def test_a_value_stands_as_high_as_the_axis_says():
    picture = draw(COURSE, WIDE, today=TODAY)
    assert [(tick.text, tick.at) for tick in picture.score.ticks] == [
        ("0", "256"), ("2", "179.3"), ("4", "102.7"), ("6", "26"),
    ]  # fmt: skip
    assert [dot.y for dot in picture.score.dots] == ["41.3", "98.8", "164"]
    assert picture.score.line == " ".join(f"{dot.x},{dot.y}" for dot in picture.score.dots)


def test_values_are_named_from_the_last_backwards_as_far_as_there_is_room():
    crowded = Course(points=tuple(point(200 + days, str(days)) for days in (0, 10, 20, 30, 40)))
    assert [dot.text for dot in draw(crowded, WIDE, today=TODAY).score.dots] == ["0", "", "20", "", "40"]
    assert [dot.text for dot in draw(COURSE, WIDE, today=TODAY).score.dots] == ["5.6", "4.1", "2.4"]


def test_a_number_under_the_plots_upper_edge_stands_below_its_dot():
    assert [dot.below for dot in draw(COURSE, WIDE, today=TODAY).score.dots] == [True, False, False]


def test_only_cut_offs_inside_the_axis_are_drawn():
    picture = draw(COURSE, WIDE, today=TODAY)
    assert [(limit.text, limit.at) for limit in picture.score.limits] == [("Remission", "156.3")]


def test_a_cut_off_too_near_to_the_one_below_is_drawn_without_its_name():
    near = (
        Limit(Decimal("2.6"), "Remission"),
        Limit(Decimal("2.9"), "Low"),
        Limit(Decimal("5.1"), "Moderate"),
    )
    picture = draw(Course(points=COURSE.points, limits=near), WIDE, today=TODAY)
    assert [limit.text for limit in picture.score.limits] == ["Remission", "", "Moderate"]


def test_a_steroid_dose_stands_until_the_next_and_the_last_until_today():
    picture = draw(COURSE, WIDE, today=TODAY)
    corners = [tuple(map(float, corner.split(","))) for corner in picture.steroids.line.split()]
    assert [x for x, _ in corners] == [52.0, pytest.approx(211.2), pytest.approx(211.2), 926.0]
    assert corners[0][1] == corners[1][1] < corners[2][1] == corners[3][1]


def test_infusions_too_near_for_two_numbers_keep_their_marks():
    assert [dot.text for dot in draw(COURSE, WIDE, today=TODAY).infusions] == ["1", "2", "3"]
    assert [dot.text for dot in draw(COURSE, NARROW, today=TODAY).infusions] == ["1", "", "3"]
    assert [dot.words for dot in draw(COURSE, NARROW, today=TODAY).infusions][1] == "2, 15 June 2025"


def test_months_are_named_as_far_as_there_is_room():
    assert [tick.text for tick in draw(COURSE, WIDE, today=TODAY).months][:3] == [
        "Jun 25",
        "Aug 25",
        "Oct 25",
    ]
    assert [tick.text for tick in draw(COURSE, NARROW, today=TODAY).months] == ["Jun 25", "Dec 25", "Jun 26"]


def test_without_steroids_the_picture_is_lower_and_without_anything_there_is_none():
    bare = Course(points=COURSE.points)
    assert float(draw(bare, WIDE, today=TODAY).height) < float(draw(COURSE, WIDE, today=TODAY).height)
    assert draw(bare, WIDE, today=TODAY).steroids is None
    assert draw(Course(points=()), WIDE, today=TODAY) is None


def test_a_single_value_of_today_has_a_picture():
    picture = draw(Course(points=(Point(TODAY, Decimal(3)),)), NARROW, today=TODAY)
    assert [(dot.x, dot.text) for dot in picture.score.dots] == [("40", "3")]


def test_a_laboratory_value_need_not_begin_at_zero():
    course = Course(points=(point(0, "8.9"), point(90, "12.4")), from_zero=False)
    assert [tick.text for tick in draw(course, WIDE, today=TODAY).score.ticks] == [
        "8",
        "9",
        "10",
        "11",
        "12",
        "13",
    ]


values = st.decimals(0, 2000, places=1, allow_nan=False, allow_infinity=False)


@given(values, values)
def test_ticks_are_round_even_and_hold_both_ends(one, other):
    low, high = min(one, other), max(one, other)
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 6
    assert len({later - earlier for earlier, later in itertools.pairwise(ticks)}) == 1


dated = st.tuples(st.integers(0, 4000), values).map(lambda row: Point(BEGAN + timedelta(row[0]), row[1]))
rows = st.lists(dated, max_size=12, unique_by=lambda each: each.on).map(
    lambda found: tuple(sorted(found, key=lambda each: each.on))
)
days = st.lists(st.integers(0, 4000).map(lambda n: BEGAN + timedelta(n)), max_size=9).map(
    lambda found: tuple(sorted(set(found)))
)


@given(rows, rows, days, days, st.sampled_from([WIDE, NARROW]), st.booleans())
def test_everything_stands_inside_the_frame_in_order_of_time(
    points, steroids, relapses, infusions, frame, zero
):
    course = Course(points, steroids, relapses, infusions, from_zero=zero)
    today = BEGAN + timedelta(4000)
    picture = draw(course, frame, today=today)
    if not course.days:
        assert picture is None
        return
    marks = [*picture.score.dots, *picture.infusions, *picture.relapses]
    assert all(frame.left <= float(mark.x) <= float(picture.right) for mark in marks)
    assert all(0 <= float(mark.y) <= float(picture.height) for mark in marks)
    for kind in (picture.score.dots, picture.infusions, picture.relapses, picture.months):
        places = [float(getattr(each, "x", "") or each.at) for each in kind]
        assert places == sorted(places)
    assert len(picture.score.dots) == len(points)
    assert len(picture.months) <= frame.months
