"""Shifts, breaks and leave on screens: what stood stays on record, bad input stands beside its field."""

from datetime import date, time

import pytest

from clinics import actions
from clinics.models import Absence, Shift

from .arranged import TODAY, at, broken, carried, day, errors

pytestmark = pytest.mark.django_db


def shift_typed(**changed):
    return {
        "weekdays": ["5", "6"], "starts": "08:00", "ends": "16:00", "break_1": "12:00",
        "break_1_ends": "12:30", "first_day": day(0),
    } | changed  # fmt: skip


def test_shift_is_added_on_several_weekdays(desk, clinic, nurse):
    assert desk.post(at("nurse", nurse.pk), shift_typed()).url == at("nurse", nurse.pk)
    rows = Shift.objects.of(clinic).filter(member=nurse, weekday__gte=5)
    assert [(row.weekday, row.starts, [b.starts for b in row.breaks.all()]) for row in rows] == [
        (5, time(8), [time(12)]),
        (6, time(8), [time(12)]),
    ]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"weekdays": []}, {"weekdays": ["Choose the weekdays."]}),
        ({"weekdays": ["9"]}, {"weekdays": ["Choose the weekdays."]}),
        ({"ends": "07:00", "break_1": "", "break_1_ends": ""}, {"ends": ["The shift would end before it begins."]}),
        ({"break_1": "07:00"}, {"break_1": ["This break is not inside the shift, 08:00 to 16:00."]}),
        ({"break_1_ends": ""}, {"break_1_ends": ["Give both times of the break, or neither."]}),
        (
            {"weekdays": ["0"]},
            {"starts": ["This overlaps with the shift on Monday 08:00 to 18:00 that stands from 1 January 2020 "
                        "until further notice."]},
        ),
        ({"first_day": "2019-01-01"}, {"first_day": ["This day is over. Choose today or a later day."]}),
        ({"last_day": "2099-01-01"}, {"last_day": ["This day is more than five years away. Check the year."]}),
    ],
)  # fmt: skip
def test_shift_that_makes_no_sense_is_refused_beside_its_field(desk, clinic, nurse, changed, found):
    response = desk.post(at("nurse", nurse.pk), shift_typed(**changed))
    assert (response.status_code, errors(response)) == (422, found)
    assert Shift.objects.of(clinic).filter(member=nurse).count() == 5


def test_change_of_a_shift_shows_what_it_breaks_and_keeps_the_past(desk, clinic, visit, nurse):
    shift = Shift.objects.of(clinic).get(member=nurse, weekday=0)
    form = desk.get(at("shift", shift.pk)).context["form"]
    assert form.initial["from_day"] == TODAY
    typed = {
        "starts": "08:00", "ends": "18:00", "break_1": "10:00", "break_1_ends": "10:15", "from_day": day(7),
        "seen": actions.shift_mark(shift),
    }  # fmt: skip
    page = desk.post(at("shift", shift.pk), typed)
    assert broken(page) == [(visit.pk, [f"{nurse.user} has a break from 10:00 to 10:15."])]
    desk.post(at("shift", shift.pk), carried(page) | {"anyway": "1"})
    rows = Shift.objects.of(clinic).filter(member=nurse, weekday=0).order_by("valid_from")
    assert [(row.valid_from, row.valid_until, row.breaks.count()) for row in rows] == [
        (date(2020, 1, 1), date(2031, 3, 16), 0),
        (date(2031, 3, 17), None, 1),
    ]


def test_end_of_a_shift_is_previewed_and_the_last_one_warned_of(desk, clinic, visit, nurse):
    shift = Shift.objects.of(clinic).get(member=nurse, weekday=0)
    typed = {
        "starts": "08:00", "ends": "18:00", "from_day": day(7), "seen": actions.shift_mark(shift), "end": "1",
    }  # fmt: skip
    page = desk.post(at("shift", shift.pk), typed)
    assert broken(page) == [(visit.pk, ["This nurse is not on duty that day."])]
    assert desk.post(at("shift", shift.pk), carried(page) | {"anyway": "1"}).url == at("nurse", nurse.pk)
    shift.refresh_from_db()
    assert shift.valid_until == date(2031, 3, 16)


def test_leave_is_added_previewed_and_taken_back(desk, clinic, visit, nurse):
    typed = {"first_day": day(7), "last_day": "", "reason": "holiday"}
    page = desk.post(at("add_leave", nurse.pk), typed)
    assert broken(page) == [(visit.pk, ["This nurse is not on duty that day."])]
    desk.post(at("add_leave", nurse.pk), carried(page) | {"anyway": "1"})
    absence = Absence.objects.of(clinic).get()
    assert (absence.first_day, absence.last_day) == (date(2031, 3, 17), date(2031, 3, 17))
    for _ in range(2):
        assert desk.post(at("remove_leave", absence.pk)).status_code == 302
    assert Absence.objects.of(clinic).count() == 0
    response = desk.post(at("add_leave", nurse.pk), {"first_day": day(7), "last_day": day(3)})
    assert errors(response, "leave_form") == {"last_day": ["The last day lies before the first."]}


@pytest.mark.parametrize("asked", ["", "2031-03-12", "nonsense", "9999-12-31", "0001-01-01", "\x00"])
def test_weeks_are_shown_for_any_address(desk, nurse, asked):
    for where in (at("nurses"), at("nurse", nurse.pk)):
        response = desk.get(where, {"week": asked})
        assert (response.status_code, response.context["monday"]) == (200, TODAY)
