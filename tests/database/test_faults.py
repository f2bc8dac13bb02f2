"""Standing visits that no longer fit, read from the database: every setting that can be in the way, in few queries."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clinics.models import Absence, ChairOutage, Closure, OpeningHours, Shift, ShiftBreak
from patients.models import Wishes
from scheduling.models import RuleBreach
from scheduling.queries import faults, faults_ahead, last_day_booked
from tests.factory import change_visit, make_clinic, make_member, make_patient, make_visit

pytestmark = pytest.mark.django_db
NOW = datetime(2031, 3, 10, 9, 5, tzinfo=UTC)  # a Monday, 09:05 in London
DAY = date(2031, 3, 17)
NINE = datetime(2031, 3, 17, 9, tzinfo=UTC)
DRIP = [["set_up", 30, "usual"], ["steady", 60, "usual"]]
LONG = {"phases": DRIP}


@pytest.fixture
def clinic():
    return make_clinic(chairs=4)


@pytest.fixture
def visit(clinic):
    return make_visit(make_patient(clinic), starts_at=NINE, phases=DRIP)


def another(clinic, starts_at, *, chair=1, **fields):
    fields.setdefault("phases", DRIP)
    chair = list(clinic.chairs.order_by("pk"))[chair]
    return make_visit(make_patient(clinic), starts_at=starts_at, chair=chair, **fields)


def found(clinic, *, now=NOW):
    clinic.refresh_from_db()
    return [
        (fault.visit.pk, [reason.code for reason in fault.reasons]) for fault in faults_ahead(clinic, now=now)
    ]


def test_clinic_as_it_was_booked_has_no_faults(clinic, visit):
    another(clinic, NINE + timedelta(minutes=15))
    assert found(clinic) == []


def test_closure_shuts_its_days(clinic, visit):
    later = another(clinic, NINE + timedelta(days=1))
    Closure.objects.create(clinic=clinic, first_day=DAY, last_day=DAY, reason="Works")
    assert found(clinic) == [(visit.pk, ["closed_day"])]
    assert later.pk not in dict(found(clinic))


def test_public_holiday_shuts_its_day(clinic):
    easter = another(clinic, datetime(2031, 4, 14, 8, tzinfo=UTC))
    clinic.country, clinic.region = "GB", "ENG"
    clinic.save()
    reasons = faults_ahead(clinic, now=NOW)[0].reasons
    assert found(clinic) == [(easter.pk, ["closed_day"])]
    assert "Easter Monday" in reasons[0].message


def test_hours_that_begin_later(clinic, visit):
    OpeningHours.objects.of(clinic).filter(weekday=0).update(opens=time(10))
    assert found(clinic) == [(visit.pk, ["outside_hours"])]


@pytest.mark.parametrize(
    ("first", "last", "out"), [(0, 0, True), (-9, None, True), (1, 3, False), (-9, -1, False)]
)
def test_chair_is_out_on_the_days_of_its_outage(clinic, visit, first, last, out):
    ChairOutage.objects.create(
        clinic=clinic,
        chair=visit.chair,
        first_day=DAY + timedelta(days=first),
        last_day=None if last is None else DAY + timedelta(days=last),
    )
    assert found(clinic) == ([(visit.pk, ["no_such_chair"])] if out else [])


def test_retired_chair(clinic, visit):
    visit.chair.in_service = False
    visit.chair.save()
    assert found(clinic) == [(visit.pk, ["no_such_chair"])]


def test_nurse_who_is_away_off_duty_or_on_a_break(clinic, visit):
    absence = Absence.objects.create(clinic=clinic, member=visit.nurse, first_day=DAY, last_day=DAY)
    assert found(clinic) == [(visit.pk, ["nurse_off_duty"])]
    absence.delete()
    monday = Shift.objects.of(clinic).get(member=visit.nurse, weekday=0)
    pause = ShiftBreak.objects.create(clinic=clinic, shift=monday, starts=time(10), ends=time(10, 30))
    assert found(clinic) == [(visit.pk, ["nurse_off_duty"])]
    pause.delete()
    assert found(clinic) == []
    monday.valid_until = DAY - timedelta(days=1)
    monday.save()
    assert found(clinic) == [(visit.pk, ["nurse_off_duty"])]
    visit.nurse.is_active = False
    visit.nurse.save()
    assert found(clinic) == [(visit.pk, ["nurse_off_duty"])]


def test_rules_that_ask_for_more(clinic, visit):
    clinic.weight_steady = 5
    clinic.save()
    assert found(clinic) == [(visit.pk, ["nurse_full"])]


def test_who_was_placed_last_gives_way_and_a_move_counts_anew(clinic, visit):
    second = another(clinic, NINE + timedelta(minutes=15))
    clinic.slot_minutes = 30
    clinic.save()
    assert found(clinic) == [(second.pk, ["nurse_starting"])]
    change_visit(visit, "moved", starts_at=NINE)
    assert found(clinic) == [(visit.pk, ["nurse_starting"])]
    change_visit(second, "status", status="booked")
    assert found(clinic) == [(visit.pk, ["nurse_starting"])]


def test_too_many_preparations(clinic, visit):
    nurse = clinic.memberships.filter(role="nurse").order_by("pk")[1]
    second = another(clinic, NINE + timedelta(minutes=45), nurse=nurse)
    another(clinic, NINE + timedelta(minutes=60), chair=2, nurse=nurse)
    clinic.prep_per_hour = 1
    clinic.save()
    assert found(clinic) == [(second.pk, ["prep_full"])]


def test_rule_broken_knowingly_is_no_fault_until_the_visit_moves(clinic, visit):
    second = another(clinic, NINE)
    assert found(clinic) == [(second.pk, ["nurse_starting"])]
    RuleBreach.objects.create(
        clinic=clinic,
        patient=second.patient,
        visit=second,
        visit_version=1,
        codes=["nurse_starting"],
        reason="The patient lives far away",
        at=NOW,
    )
    assert found(clinic) == []
    change_visit(second, "moved", starts_at=NINE)
    assert found(clinic) == [(second.pk, ["nurse_starting"])]


def test_patient_who_needs_a_bed_in_what_is_a_chair_now(clinic, visit):
    Wishes.objects.create(clinic=clinic, patient=visit.patient, place="bed")
    assert found(clinic) == [(visit.pk, ["not_a_bed"])]
    visit.chair.kind = "bed"
    visit.chair.save()
    assert found(clinic) == []


def test_follow_up_on_a_closed_day_and_with_a_clinician_on_leave(clinic):
    doctor = make_member(clinic, "prescriber", name="Dr Moss")
    talk = make_visit(make_patient(clinic), kind="follow_up", starts_at=NINE, nurse=doctor)
    assert found(clinic) == []
    Absence.objects.create(clinic=clinic, member=doctor, first_day=DAY, last_day=DAY)
    assert found(clinic) == [(talk.pk, ["clinician_away"])]
    Closure.objects.create(clinic=clinic, first_day=DAY, last_day=DAY, reason="Works")
    assert found(clinic) == [(talk.pk, ["closed_day", "clinician_away"])]


def test_only_visits_still_to_come_are_asked_but_those_begun_keep_their_place(clinic, visit):
    over = another(clinic, NINE, status="arrived")
    cancelled = another(clinic, NINE, chair=2, status="cancelled")
    clinic.slot_minutes = 30
    clinic.save()
    assert found(clinic) == [(visit.pk, ["nurse_starting"])]
    assert found(clinic, now=NINE + timedelta(minutes=1)) == []
    assert {over.pk, cancelled.pk} & set(dict(found(clinic))) == set()


def test_another_clinics_settings_and_visits_are_not_read(clinic, visit):
    other = make_clinic()
    theirs = another(other, NINE)
    Closure.objects.create(clinic=other, first_day=DAY, last_day=DAY, reason="Works")
    assert found(clinic) == []
    assert found(other) == [(theirs.pk, ["closed_day"])]


def test_span_of_days_is_kept_to(clinic, visit):
    later = another(clinic, NINE + timedelta(days=1))
    OpeningHours.objects.of(clinic).update(opens=time(12))
    shown = [fault.visit.pk for fault in faults(clinic, DAY, DAY, now=NOW)]
    assert shown == [visit.pk]
    assert [fault.visit.pk for fault in faults_ahead(clinic, now=NOW, days=7)] == [visit.pk]
    assert [key for key, _ in found(clinic)] == [visit.pk, later.pk]


def test_last_day_booked_is_the_last_visit_still_to_come(clinic, visit):
    another(clinic, NINE + timedelta(days=9), status="cancelled")
    assert last_day_booked(clinic, now=NOW) == DAY
    assert last_day_booked(clinic, now=NINE + timedelta(days=2)) == date(2031, 3, 19)


def test_late_evening_belongs_to_the_clinics_own_day(clinic):
    clinic.time_zone = "Pacific/Auckland"
    clinic.save()
    # 09:00 on Tuesday the 18th in Auckland is still Monday the 17th in UTC.
    tuesday = another(clinic, datetime(2031, 3, 17, 20, tzinfo=UTC))
    Closure.objects.create(clinic=clinic, first_day=DAY, last_day=DAY, reason="Works")
    assert found(clinic) == []
    Closure.objects.of(clinic).update(first_day=date(2031, 3, 18), last_day=date(2031, 3, 18))
    assert found(clinic) == [(tuesday.pk, ["closed_day"])]


def test_number_of_queries_does_not_grow(clinic):
    def asked(many):
        for number in range(many):
            another(clinic, NINE + timedelta(days=7 * number), chair=many % 4)
        OpeningHours.objects.of(clinic).update(opens=time(17))
        with CaptureQueriesContext(connection) as counted:
            broken = faults_ahead(clinic, now=NOW)
        return len(counted), len(broken)

    assert asked(3) == (9, 3)
    assert asked(6) == (9, 9)
