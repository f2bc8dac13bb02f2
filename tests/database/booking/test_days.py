"""A clinic's days as they are read: who and what is there, what stands, in how many queries."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from clinics.models import Absence, Chair, ChairOutage, Closure, Membership, Shift, ShiftBreak
from patients.models import EarlierInfusion, Wishes
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.domain.capacity import CONSULTATION, Phase, total_minutes
from scheduling.models import ChairHold
from tests.database.booking.arranged import NOW, START, a_course, at, booked, chairs, nurses
from tests.domain.test_occupancy import state
from tests.factory import FIRST_PHASES, make_clinic, make_patient, make_visit

pytestmark = pytest.mark.django_db
SHORT = (Phase("steady", 60),)
WEEK = [START + timedelta(days=number) for number in range(5)]


def read(clinic, days=(START,), **more):
    return queries.read_days(clinic, list(days), **{"now": NOW, **more})


def codes(day, minutes, chair, nurse, phases=SHORT):
    starts = day.begins + timedelta(minutes=minutes)
    return tuple(refusal.code for refusal in day.refusals(starts, phases, chair, nurse))


@pytest.mark.parametrize("span", [1, 30])
@pytest.mark.parametrize("booked_days", [0, 4])
def test_days_take_seven_queries_whatever_their_number(clinic, django_assert_num_queries, span, booked_days):
    for number in range(booked_days):
        make_visit(make_patient(clinic), starts_at=at(10 + number))
    Wishes.objects.create(clinic=clinic, patient=make_patient(clinic), place="bed")
    shift = Shift.objects.of(clinic).first()
    ShiftBreak.objects.create(clinic=clinic, shift=shift, starts=time(12), ends=time(12, 30))
    ChairOutage.objects.create(clinic=clinic, chair_id=chairs(clinic)[0], first_day=START)
    days = [START + timedelta(days=number) for number in range(span)]
    patient, nurse = make_patient(clinic), nurses(clinic)[0]
    with django_assert_num_queries(7):
        queries.read_days(clinic, days, now=NOW)
    with django_assert_num_queries(7):
        queries.read_days(clinic, days, now=NOW, patient=patient, clinician=nurse, without=[1, 2])


def test_no_days_take_no_query(clinic, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert queries.read_days(clinic, [], now=NOW) == {}


def test_a_chair_is_there_but_on_the_days_it_is_out_of_service(clinic):
    first, second = chairs(clinic)
    ChairOutage.objects.create(clinic=clinic, chair_id=first, first_day=WEEK[1], last_day=WEEK[2])
    ChairOutage.objects.create(clinic=clinic, chair_id=second, first_day=WEEK[3])
    Chair.objects.filter(pk=second).update(kind="bed")
    found = read(clinic, WEEK)
    assert [tuple(found[day].chairs) for day in WEEK] == [
        (first, second),
        (second,),
        (second,),
        (first,),
        (first,),
    ]
    assert [chair.kind for chair in found[START].chairs.values()] == ["chair", "bed"]
    assert codes(found[WEEK[1]], 540, first, nurses(clinic)[0]) == ("no_such_chair",)


def test_a_nurse_on_a_break_or_on_leave_has_no_attention(clinic):
    one, other = nurses(clinic)
    for shift in Shift.objects.of(clinic).filter(member=one):
        for pause in ((time(10), time(10, 15)), (time(12), time(12, 30))):
            ShiftBreak.objects.create(clinic=clinic, shift=shift, starts=pause[0], ends=pause[1])
    Absence.objects.create(clinic=clinic, member_id=other, first_day=WEEK[0], last_day=WEEK[0])
    found = read(clinic, WEEK)
    chair = chairs(clinic)[0]
    off = [
        codes(found[START], minutes, chair, one)
        for minutes in (9 * 60, 9 * 60 + 15, 10 * 60 + 15, 11 * 60 + 15)
    ]
    assert off == [(), ("nurse_off_duty",), (), ("nurse_off_duty",)]
    assert [other in found[day].nurses for day in WEEK] == [False, True, True, True, True]


def test_a_closed_day_keeps_its_reason(clinic):
    Closure.objects.create(clinic=clinic, first_day=START, last_day=START, reason="Stocktaking")
    day = read(clinic)[START]
    assert (day.hours, day.closed_because) == (None, "Stocktaking")


def test_kept_times_count_until_they_expire_or_are_released(clinic):
    chair, nurse = chairs(clinic)[0], nurses(clinic)[0]
    hold = ChairHold.objects.create(
        clinic=clinic,
        chair_id=chair,
        nurse_id=nurse,
        starts_at=at(10, 9),
        ends_at=at(10, 10),
        phases=[["steady", 60, "usual"]],
        expires_at=NOW + timedelta(hours=2),
    )
    minutes = 9 * 60 + 30
    assert codes(read(clinic)[START], minutes, chair, nurse) == ("kept_for_waitlist",)
    assert codes(read(clinic, now=NOW + timedelta(hours=2))[START], minutes, chair, nurse) == ()
    hold.released_at = NOW
    hold.save()
    assert codes(read(clinic)[START], minutes, chair, nurse) == ()


def test_only_standing_visits_of_this_clinic_count(clinic):
    patient = make_patient(clinic)
    make_visit(patient, starts_at=at(10), status="cancelled")
    make_visit(make_patient(make_clinic()), starts_at=at(10))
    empty = state(read(clinic)[START])
    make_visit(patient, starts_at=at(10))
    assert state(read(clinic)[START]) != empty
    day = read(make_clinic())[START]
    assert {chair.taken for chair in day.chairs.values()} == {0}


def test_visits_being_moved_are_left_out(clinic, desk, course):
    before = state(read(clinic)[START])
    first, _ = booked(course, desk)
    assert state(read(clinic)[START]) != before
    assert state(read(clinic, without=[first.pk])[START]) == before


def test_nothing_is_free_where_the_patient_or_the_clinician_is_elsewhere(clinic, course):
    nurse = nurses(clinic)[1]
    make_visit(course.patient, kind="follow_up", starts_at=at(10, 9), nurse=Membership.objects.get(pk=nurse))
    other = make_patient(clinic)
    make_visit(other, kind="follow_up", starts_at=at(10, 11), nurse=Membership.objects.get(pk=nurse))
    half_past_nine = 9 * 60 + 15
    chair, free = chairs(clinic)[0], nurses(clinic)[0]
    own = read(clinic, patient=course.patient)[START]
    assert [codes(own, minutes, chair, free) for minutes in (half_past_nine, 11 * 60)] == [
        ("patient_busy",),
        (),
    ]
    seen = read(clinic, clinician=nurse)[START]
    assert [codes(seen, minutes, chair, free)[0] for minutes in (half_past_nine, 11 * 60)] == [
        "patient_busy"
    ] * 2
    both = read(clinic, patient=other, clinician=nurse)[START]
    assert [codes(both, minutes, chair, free)[0] for minutes in (half_past_nine, 11 * 60)] == [
        "patient_busy"
    ] * 2
    assert codes(read(clinic)[START], half_past_nine, chair, free) == ()


def test_phases_from_before_acuity_are_read_as_usual(clinic):
    visit = make_visit(make_patient(clinic), starts_at=at(10), phases=FIRST_PHASES)
    assert {phase.acuity for phase in queries.phases_of(visit)} == {"usual"}
    day = read(clinic)[START]
    assert day.nurses[visit.nurse_id].used == 6 * 2 + 6 + 42 * 2 + 9 + 12


def test_first_infusions_and_those_after_a_reaction_are_marked(clinic, desk):
    patient = make_patient(clinic)
    course = a_course(clinic, patient=patient)
    plan = queries.read_plan(course)
    first, second = course.planned_infusions.order_by("ordinal")[:2]
    marks = [{phase.acuity for phase in plan.phases(row, row.planned_on)} for row in (first, second)]
    assert marks == [{"first"}, {"usual"}]
    EarlierInfusion.objects.create(
        clinic=clinic, patient=patient, given_on=date(2030, 9, 1), reaction_grade=3
    )
    plan = queries.read_plan(course)
    marks = [{phase.acuity for phase in plan.phases(row, row.planned_on)} for row in (first, second)]
    assert marks == [{"reaction"}, {"reaction"}]


def test_a_handed_over_visit_occupies_both_nurses(clinic, course):
    one, other = nurses(clinic)
    noon = at(10, 12)
    visit = make_visit(
        course.patient,
        starts_at=at(10, 11),
        phases=[["steady", 120, "usual"]],
        nurse_id=one,
        handovers=[[noon.isoformat(), other]],
    )
    day = read(clinic)[START]
    assert [day.nurses[key].used for key in (one, other)] == [12, 12]
    assert queries.handovers_of(visit) == ((noon, other),)
    assert day.chairs[visit.chair_id].taken.bit_count() == 24


class TestReadingIsAdding(TestCase):
    """What is read in bulk is what adding every visit alone gives."""

    def setUp(self):
        self.clinic = make_clinic(chairs=3, nurses=2, prep_per_hour=2)
        self.course = a_course(self.clinic)

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def test_reading_is_adding_each_visit(self, data):
        moment, members = at(10, 8), [None, *nurses(self.clinic)]
        made, minute = [], 0
        for _ in range(data.draw(st.integers(0, 6))):
            minute += data.draw(st.integers(0, 40))
            phases = data.draw(
                st.lists(
                    st.builds(
                        Phase,
                        st.sampled_from(["set_up", "titration", "steady", CONSULTATION]),
                        st.integers(1, 40),
                        st.sampled_from(["usual", "first"]),
                    ),
                    min_size=1,
                    max_size=3,
                )
            )
            starts = moment + timedelta(minutes=minute)
            minute += total_minutes(phases)
            made.append(
                make_visit(
                    self.course.patient,
                    kind="follow_up",
                    starts_at=starts,
                    phases=[[phase.name, phase.minutes, phase.acuity] for phase in phases],
                    chair_id=data.draw(st.sampled_from([None, *chairs(self.clinic)])),
                    nurse_id=data.draw(st.sampled_from(members)),
                )
            )
        alone = queries.read_days(self.clinic, [START], now=NOW, without=[visit.pk for visit in made])[START]
        for visit in made:
            alone.add(queries.occupied(visit))
        assert state(read(self.clinic)[START]) == state(alone)


def test_an_offer_with_a_handover_is_booked_as_it_was_offered(clinic, desk):
    one, other = nurses(clinic)
    Shift.objects.of(clinic).filter(member=one).update(ends=time(12, 30))
    Shift.objects.of(clinic).filter(member=other).update(starts=time(12, 30), ends=time(17))
    course = a_course(clinic)
    planned = course.planned_infusions.get(ordinal=2)
    plan = queries.read_plan(course)
    assert queries.single_times(plan, planned, now=NOW).cards == ()
    asked = queries.Asked(handover=True)
    place = queries.single_times(plan, planned, now=NOW, asked=asked).cards[0].places[0]
    assert [name for _, name in place.takeovers] == [str(Membership.objects.get(pk=other).user)]
    visit = actions.book_single(planned=planned, seat=place.seat, by=desk, now=NOW)
    assert queries.handovers_of(visit) == place.seat.handovers
    assert isinstance(place.seat, Seat)
