"""Changing how a clinic is set up: one effect a click, one change at a time, all of it on the audit trail."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from clinics import actions
from clinics.domain import attention
from clinics.domain.refusals import Refused
from clinics.models import Absence, AuditEntry, Chair, ChairOutage, Clinic, Closure, OpeningHours, Shift
from clinics.queries import (
    coming_holidays,
    country_names,
    opening_hours,
    region_names,
    shifts_of,
    shortcomings,
)
from tests.factory import make_clinic, make_member

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday
TODAY = date(2031, 3, 10)
EIGHT, NOON, FOUR = time(8), time(12), time(16)
PAUSE = (NOON, time(12, 30))
WEEK = {number: (EIGHT, time(18)) for number in range(5)} | {5: (None, None), 6: (None, None)}


@pytest.fixture
def clinic():
    return make_clinic()


@pytest.fixture
def manager(clinic):
    return make_member(clinic, "manager").user


@pytest.fixture
def nurse(clinic):
    member = make_member(clinic, "nurse", name="Nora Quinn")
    member.clinic = clinic
    return member


def day(number):
    return TODAY + timedelta(days=number)


def refused(change, **asked):
    """The codes and fields of a change that is refused."""
    with pytest.raises(Refused) as caught:
        change(**asked)
    return [(reason.code, reason.field) for reason in caught.value.reasons]


def trail(clinic):
    rows = AuditEntry.objects.of(clinic).order_by("pk")
    return [(row.verb, row.subject_kind, row.changes) for row in rows]


# The clinic's own row

RULES = {name: getattr(Clinic(), name) for name in attention.RULES}


def test_rules_are_changed_once_and_noted(clinic, manager):
    seen = actions.rules_mark(clinic)
    wanted = RULES | {"slot_minutes": 30, "prep_per_hour": 6}
    for _ in range(2):
        actions.change_rules(clinic=clinic, rules=wanted, seen=seen, by=manager)
    clinic.refresh_from_db()
    assert {name: getattr(clinic, name) for name in RULES} == wanted
    assert trail(clinic) == [
        (
            "changed capacity rules",
            "clinic",
            {"slot_minutes": ["15", "30"], "prep_per_hour": ["0", "6"]},
        )
    ]


def test_rules_of_a_stale_page_are_refused(clinic, manager):
    seen = actions.rules_mark(clinic)
    actions.change_rules(clinic=clinic, rules=RULES | {"prep_per_hour": 6}, seen=seen, by=manager)
    wanted = RULES | {"prep_per_hour": 9}
    assert refused(actions.change_rules, clinic=clinic, rules=wanted, seen=seen, by=manager) == [
        ("stale", "")
    ]
    clinic.refresh_from_db()
    assert clinic.prep_per_hour == 6


def test_rule_above_the_units_is_refused(clinic, manager):
    asked = {"clinic": clinic, "seen": actions.rules_mark(clinic), "by": manager}
    wanted = RULES | {"weight_steady": 5}
    assert refused(actions.change_rules, rules=wanted, **asked) == [("above_units", "weight_steady")]
    assert trail(clinic) == []


@pytest.mark.parametrize(
    ("country", "region", "found"),
    [("XX", "", ("no_such_country", "country")), ("GB", "BY", ("not_its_region", "region")),
     ("", "BY", ("not_its_region", "region"))],
)  # fmt: skip
def test_holidays_of_nowhere_are_refused(clinic, manager, country, region, found):
    asked = {"seen": actions.holidays_mark(clinic), "by": manager}
    refusal = refused(actions.change_holidays, clinic=clinic, country=country, region=region, **asked)
    assert refusal == [found]


def test_holidays_of_a_region_with_a_long_name_are_kept(clinic, manager):
    longest = max((len(code), country, code) for country in country_names() for code in region_names(country))
    _, country, region = longest
    asked = {"seen": actions.holidays_mark(clinic), "by": manager}
    actions.change_holidays(clinic=clinic, country=country, region=region, **asked)
    clinic.refresh_from_db()
    assert (clinic.country, clinic.region) == (country, region)


def test_coming_holidays_are_those_of_the_region():
    bavaria = dict(coming_holidays("DE", "BY", today=TODAY))
    berlin = dict(coming_holidays("DE", "BE", today=TODAY))
    assert date(2031, 6, 12) in bavaria.keys() - berlin.keys()  # Corpus Christi
    assert min(bavaria) >= TODAY
    assert max(bavaria) <= TODAY + timedelta(days=365)
    assert coming_holidays("", "", today=TODAY) == []


# Hours and closures


def test_hours_are_changed_once_and_noted(clinic, manager):
    seen = actions.hours_mark(clinic)
    wanted = WEEK | {0: (time(7), time(18)), 4: (None, None)}
    for _ in range(2):
        actions.change_hours(clinic=clinic, hours=wanted, seen=seen, by=manager)
    assert opening_hours(clinic) == {day: times for day, times in wanted.items() if times[0]}
    assert trail(clinic) == [
        (
            "changed opening hours",
            "clinic",
            {"Monday": ["08:00 to 18:00", "07:00 to 18:00"], "Friday": ["08:00 to 18:00", "closed"]},
        )
    ]


def test_hours_of_a_stale_page_are_refused(clinic, manager):
    seen = actions.hours_mark(clinic)
    actions.change_hours(clinic=clinic, hours=WEEK | {4: (None, None)}, seen=seen, by=manager)
    wanted = WEEK | {0: (time(7), time(18))}
    assert refused(actions.change_hours, clinic=clinic, hours=wanted, seen=seen, by=manager) == [
        ("stale", "")
    ]
    assert OpeningHours.objects.of(clinic).count() == 4


def test_closure_is_added_once_and_taken_away(clinic, manager):
    asked = {"first_day": day(3), "last_day": day(4), "reason": " Works ", "by": manager, "today": TODAY}
    first = actions.add_closure(clinic=clinic, **asked)
    assert actions.add_closure(clinic=clinic, **asked) == first
    assert Closure.objects.of(clinic).get().reason == "Works"
    actions.remove_closure(closure=first, by=manager)
    assert Closure.objects.of(clinic).count() == 0
    words = {"days": "13 March 2031 to 14 March 2031", "reason": "Works"}
    assert trail(clinic) == [("added closure", "closure", words), ("removed closure", "closure", words)]


@pytest.mark.parametrize(
    ("first", "last", "reason", "found"),
    [
        (4, 3, "Works", [("ends_before_start", "last_day")]),
        (-3, -1, "Works", [("day_past", "last_day")]),
        (0, 5000, "Works", [("day_far", "last_day")]),
        (1, 1, "  ", [("no_reason", "reason")]),
        (9, 12, "Works", [("overlaps", "first_day")]),
    ],
)
def test_closure_that_makes_no_sense_is_refused(clinic, manager, first, last, reason, found):
    Closure.objects.create(clinic=clinic, first_day=day(10), last_day=day(10), reason="Holiday")
    asked = {"first_day": day(first), "last_day": day(last), "reason": reason, "by": manager, "today": TODAY}
    assert refused(actions.add_closure, clinic=clinic, **asked) == found
    assert trail(clinic) == []


# Chairs


def test_chair_is_added_once_by_a_double_click_and_refused_by_a_second_thought(clinic, manager):
    asked = {"clinic": clinic, "kind": "bed", "by": manager}
    bed = actions.add_chair(name="  Bed   by the window ", now=NOW, **asked)
    assert (bed.name, bed.kind) == ("Bed by the window", "bed")
    assert actions.add_chair(name="Bed by the window", now=bed_clicked(clinic), **asked) == bed
    later = bed_clicked(clinic) + timedelta(minutes=5)
    assert refused(actions.add_chair, name="BED by the window", now=later, **asked) == [
        ("name_taken", "name")
    ]
    assert Chair.objects.of(clinic).filter(kind="bed").count() == 1


def bed_clicked(clinic):
    return AuditEntry.objects.of(clinic).get(verb="added chair").at + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [("", "chair", "no_name"), ("x" * 41, "chair", "long_name"), ("a\x00", "chair", "bad_name"),
     ("Sofa", "sofa", "no_such_kind"), ("chair 1", "chair", "name_taken")],
)  # fmt: skip
def test_chair_that_makes_no_sense_is_refused(clinic, manager, name, kind, found):
    codes = refused(actions.add_chair, clinic=clinic, name=name, kind=kind, by=manager, now=NOW)
    assert [code for code, _ in codes] == [found]


def test_chair_is_changed_once_and_a_stale_page_refused(clinic, manager):
    chair = Chair.objects.of(clinic).first()
    seen = actions.chair_mark(chair)
    asked = {"kind": "isolation", "in_service": True, "seen": seen, "by": manager}
    for _ in range(2):
        actions.change_chair(chair=chair, name="Room 4", **asked)
    assert trail(clinic) == [
        ("changed chair", "chair", {"name": ["Chair 1", "Room 4"], "kind": ["chair", "isolation"]})
    ]
    assert refused(actions.change_chair, chair=chair, name="Room 5", **asked) == [("stale", "")]
    asked["seen"] = actions.chair_mark(chair)
    assert refused(actions.change_chair, chair=chair, name="Chair 2", **asked) == [("name_taken", "name")]


def test_outage_is_added_once_ended_and_kept_on_record(clinic, manager):
    chair = Chair.objects.of(clinic).first()
    asked = {"first_day": day(2), "last_day": None, "reason": "Broken", "by": manager, "today": TODAY}
    outage = actions.add_outage(chair=chair, **asked)
    assert actions.add_outage(chair=chair, **asked) == outage
    again = asked | {"first_day": day(30)}
    assert refused(actions.add_outage, chair=chair, **again) == [("overlaps", "first_day")]
    ended = {"by": manager, "today": TODAY, "back_on": day(6)}
    for _ in range(2):
        actions.end_outage(outage=outage, **ended)
    assert ChairOutage.objects.of(clinic).get().last_day == day(5)
    assert refused(actions.end_outage, outage=outage, **(ended | {"back_on": day(9)})) == [
        ("ends_before", "back_on")
    ]
    actions.end_outage(outage=outage, **(ended | {"back_on": TODAY}))
    assert ChairOutage.objects.of(clinic).count() == 0
    assert [verb for verb, _, _ in trail(clinic)] == [
        "took chair out of service",
        "put chair back into service",
        "put chair back into service",
    ]


# Nurses


def put_on_duty(nurse, by, **more):
    asked = {"weekdays": [0, 2], "starts": EIGHT, "ends": FOUR, "breaks": [PAUSE], "first_day": TODAY}
    return actions.add_shifts(member=nurse, by=by, today=TODAY, **({"last_day": None} | asked | more))


def standing(nurse):
    return [
        (duty.weekday, duty.starts, duty.ends, duty.breaks, duty.days.first, duty.days.last)
        for duty in map(actions.duty_of, shifts_of(nurse))
    ]


def test_shifts_are_added_on_every_weekday_once(nurse, manager):
    for _ in range(2):
        put_on_duty(nurse, manager)
    assert standing(nurse) == [
        (0, EIGHT, FOUR, (PAUSE,), TODAY, None),
        (2, EIGHT, FOUR, (PAUSE,), TODAY, None),
    ]
    assert [verb for verb, _, _ in trail(nurse.clinic)] == ["added shift"] * 2


def test_clash_on_one_weekday_adds_none(nurse, manager):
    put_on_duty(nurse, manager, weekdays=[2])
    more = {"weekdays": [0, 2], "starts": time(15), "ends": time(18), "breaks": []}
    assert refused(put_on_duty, nurse=nurse, by=manager, **more) == [("shifts_overlap", "starts")]
    assert [row[0] for row in standing(nurse)] == [2]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"weekdays": []}, [("no_weekday", "weekdays")]),
        ({"first_day": day(-1)}, [("day_past", "first_day")]),
        ({"last_day": day(-1)}, [("ends_before_start", "last_day")]),
        ({"breaks": [(time(7), time(9))]}, [("break_outside", "break_1")]),
        ({"starts": FOUR, "ends": EIGHT, "breaks": []}, [("ends_before_start", "ends")]),
    ],
)
def test_shift_that_makes_no_sense_is_refused(nurse, manager, more, found):
    assert refused(put_on_duty, nurse=nurse, by=manager, **more) == found
    assert standing(nurse) == []


def change(shift, by, **more):
    asked = {"starts": time(10), "ends": time(18), "breaks": [], "from_day": day(7)}
    asked |= {"seen": actions.shift_mark(shift), "today": TODAY}
    return actions.change_shift(shift=shift, by=by, **(asked | more))


def test_change_of_a_shift_ends_the_old_one_and_begins_a_new_one(nurse, manager):
    old = put_on_duty(nurse, manager, weekdays=[0], first_day=TODAY)[0]
    seen = actions.shift_mark(old)
    new = change(old, manager, seen=seen, breaks=[(time(15), time(16)), (time(13), FOUR.replace(13, 30))])
    pauses = ((time(13), time(13, 30)), (time(15), time(16)))
    assert standing(nurse) == [
        (0, EIGHT, FOUR, (PAUSE,), TODAY, day(6)),
        (0, time(10), time(18), pauses, day(7), None),
    ]
    assert change(old, manager, seen=seen, breaks=list(pauses)) == new
    assert len(standing(nurse)) == 2


def test_shift_that_has_not_begun_is_changed_itself(nurse, manager):
    shift = put_on_duty(nurse, manager, weekdays=[0], first_day=day(7))[0]
    assert change(shift, manager, from_day=day(3)) == shift
    assert standing(nurse) == [(0, time(10), time(18), (), day(7), None)]


def test_change_of_a_shift_is_refused_when_stale_clashing_or_late(nurse, manager):
    shift = put_on_duty(nurse, manager, weekdays=[0])[0]
    evening = put_on_duty(nurse, manager, weekdays=[0], starts=FOUR, ends=time(18), breaks=[])[0]
    assert refused(change, shift=shift, by=manager) == [("shifts_overlap", "starts")]
    actions.end_shift(
        shift=evening, from_day=TODAY, seen=actions.shift_mark(evening), by=manager, today=TODAY
    )
    assert refused(change, shift=shift, by=manager, seen="old") == [("stale", "")]
    assert refused(change, shift=shift, by=manager, from_day=day(-1)) == [("day_past", "from_day")]
    assert standing(nurse) == [(0, EIGHT, FOUR, (PAUSE,), TODAY, None)]


def test_shift_ends_from_a_day_on_and_one_not_begun_goes(nurse, manager):
    soon, later = put_on_duty(nurse, manager)
    seen = actions.shift_mark(soon)
    for _ in range(2):
        actions.end_shift(shift=soon, from_day=day(7), seen=seen, by=manager, today=TODAY)
    asked = {"from_day": TODAY, "by": manager, "today": TODAY}
    actions.end_shift(shift=later, seen=actions.shift_mark(later), **asked)
    assert standing(nurse) == [(0, EIGHT, FOUR, (PAUSE,), TODAY, day(6))]
    assert [verb for verb, _, _ in trail(nurse.clinic)][2:] == ["ended shift"] * 2


def test_leave_is_added_once_also_afterwards_and_taken_back(nurse, manager):
    asked = {"first_day": day(-3), "last_day": day(2), "reason": "", "by": manager, "today": TODAY}
    leave = actions.add_leave(member=nurse, **asked)
    assert actions.add_leave(member=nurse, **asked) == leave
    again = asked | {"last_day": day(9)}
    assert refused(actions.add_leave, member=nurse, **again) == [("overlaps", "first_day")]
    actions.remove_leave(absence=leave, by=manager)
    assert Absence.objects.of(nurse.clinic).count() == 0
    assert [verb for verb, _, _ in trail(nurse.clinic)] == ["added leave", "removed leave"]


def test_shortcomings_are_no_chair_and_no_nurse_on_duty(clinic):
    assert shortcomings(clinic, today=TODAY) == []
    Chair.objects.of(clinic).update(in_service=False)
    Shift.objects.of(clinic).update(valid_until=day(-1))
    assert shortcomings(clinic, today=TODAY) == [
        "No chair is left in service: no infusion can be booked.",
        "No nurse has a shift: no infusion can be booked.",
    ]
