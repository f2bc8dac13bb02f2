"""Courses by other regimens: doses by body surface, later pairs, retreatment on demand, newer versions, co-therapy."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clinics.domain.rights import Role
from clinics.models import AuditEntry, StaffTask
from monitoring.queries import due_follow_ups
from patients.models import Measurement
from regimens.defaults import rate_profiles
from regimens.models import Approval, RegimenVersion
from scheduling import actions, queries
from scheduling.domain.booking import Seat
from scheduling.models import CoTherapyRecord, Retreatment, Visit
from tests.database.booking.arranged import NOW, START, at, chairs, codes, nurses, prescription, refusal, seat
from tests.factory import make_clearance, make_diagnosis, make_member, make_patient, make_regimen

pytestmark = pytest.mark.django_db


@pytest.fixture
def prescriber(clinic):
    return make_member(clinic, Role.PRESCRIBER).user


def measured(patient, **values):
    for kind, (value, on) in values.items():
        Measurement.objects.create(
            clinic=patient.clinic, patient=patient, kind=kind, value=Decimal(value), taken_on=on
        )


def a_patient(clinic, weight="70", height="170"):
    patient = make_patient(clinic)
    measured(patient, weight=(weight, date(2031, 2, 1)), height=(height, date(2031, 2, 1)))
    return patient


def a_course(clinic, code, condition, patient=None):
    patient = patient or a_patient(clinic)
    clearance = make_clearance(
        patient,
        make_diagnosis(patient, condition),
        regimen_version=make_regimen(clinic, code),
        valid_from=date(2031, 1, 1),
        valid_until=date(2032, 12, 31),
    )
    return actions.prescribe_course(now=NOW, **prescription(patient, clearance=clearance))


def rows(course):
    return {row.ordinal: row for row in queries.planned_of(course)}


def given(course, *days):
    for row, on in zip(queries.planned_of(course), days, strict=False):
        actions.mark_given(planned=row, on=on, by=None, now=noon(on))


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def test_weekly_doses_by_body_surface_are_planned_in_milligrams(clinic):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    assert [(row.planned_on, row.dose_mg, row.dose_per_m2, row.phase) for row in rows(course).values()] == [
        (START + timedelta(days=7 * n), Decimal(680), Decimal(375), "induction") for n in range(4)
    ]


@pytest.mark.parametrize(
    ("weight", "height", "code"),
    [(None, "170", "no_weight"), ("70", None, "no_height"), ("25", "170", "weight_implausible")],
)
def test_dose_by_body_surface_is_not_prescribed_without_a_plausible_body(clinic, weight, height, code):
    patient, on = make_patient(clinic), date(2031, 2, 1)
    known = {"weight": weight, "height": height}
    measured(patient, **{kind: (value, on) for kind, value in known.items() if value})
    clearance = make_clearance(
        patient,
        make_diagnosis(patient, "AIHA"),
        regimen_version=make_regimen(clinic, "AIHA-375x4"),
        valid_from=date(2031, 1, 1),
        valid_until=date(2031, 12, 31),
    )
    assert codes(actions.prescribe_course, **prescription(patient, clearance=clearance)) == (code,)


def test_a_new_weight_changes_what_is_still_to_be_given(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    given(course, START)
    measured(course.patient, weight=("90", date(2031, 3, 11)))
    changed = actions.recompute_doses(patient=course.patient, by=prescriber, now=NOW)
    assert [(row.ordinal, row.dose_mg) for row in changed] == [(n, Decimal(770)) for n in (2, 3, 4)]
    assert rows(course)[1].dose_mg == Decimal(680)
    entry = AuditEntry.objects.of(clinic).get(verb="reckoned doses anew")
    assert entry.changes["infusion 2"] == [
        "680 mg",
        "375 mg/m² × 2.06 m² = 770 mg (772.5 mg rounded to the nearest 10 mg)",
    ]
    assert actions.recompute_doses(patient=course.patient, by=prescriber, now=NOW) == []


def test_an_implausible_weight_changes_no_dose_and_stops_no_infusion(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    measured(course.patient, weight=("29", date(2031, 3, 5)))
    refused = refusal(actions.recompute_doses, patient=course.patient, by=prescriber)
    assert refused.codes == ("weight_implausible",)
    given(course, START)
    assert [row.dose_mg for row in rows(course).values()] == [Decimal(680)] * 4


def test_doses_in_milligrams_are_not_reckoned(clinic, prescriber):
    course = a_course(clinic, "STANDARD", "RA")
    measured(course.patient, weight=("120", date(2031, 3, 2)))
    assert actions.recompute_doses(patient=course.patient, by=prescriber, now=NOW) == []
    assert actions.recompute_doses(patient=make_patient(clinic), by=prescriber, now=NOW) == []


def test_a_booked_visit_that_became_too_short_keeps_its_time_and_asks_the_desk(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    visit = actions.book_single(planned=rows(course)[1], seat=seat(clinic, at(10)), by=prescriber, now=NOW)
    measured(course.patient, weight=("110", date(2031, 3, 2)))
    actions.recompute_doses(patient=course.patient, by=prescriber, now=NOW)
    after = Visit.objects.of(clinic).get(pk=visit.pk)
    assert (after.starts_at, after.ends_at, after.version) == (visit.starts_at, visit.ends_at, 1)
    assert queries.minutes_off(queries.read_plan(course)) == {1: 27}
    task = StaffTask.objects.of(clinic).get(kind="visit_too_short")
    assert task.reason.startswith(
        "The dose of infusion 1 is now 860 mg: its visit on 10 Mar 2031 is 27 minutes"
    )


def test_four_weekly_infusions_are_booked_a_week_apart(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    for n, day in enumerate((10, 17, 24, 31), start=1):
        actions.book_single(planned=rows(course)[n], seat=seat(clinic, at(day)), by=prescriber, now=NOW)
    assert codes(actions.book_single, planned=rows(course)[4], seat=seat(clinic, at(28)), by=prescriber) == (
        "already_booked",
    )
    assert Visit.objects.of(clinic).count() == 4


def test_second_of_a_later_pair_follows_where_the_first_is_booked(clinic, prescriber):
    course = a_course(clinic, "RA-1000x2", "RA")
    given(course, START, START + timedelta(days=14))
    now = datetime(2031, 8, 4, 8, tzinfo=UTC)
    third = rows(course)[3]
    assert (third.planned_on, third.opens_with) == (date(2031, 8, 25), None)
    later = datetime(2031, 9, 8, 9, tzinfo=UTC)
    place = {"chair": chairs(clinic)[0], "nurse": nurses(clinic)[0]}
    actions.book_single(planned=third, seat=Seat(later, **place), by=prescriber, now=now)
    fourth = rows(course)[4]
    assert (fourth.target_on, fourth.opens_with) == (date(2031, 9, 22), 3)
    second = Seat(datetime(2031, 9, 22, 9, tzinfo=UTC), **place)
    visit = actions.book_single(planned=fourth, seat=second, by=prescriber, now=now)
    assert visit.status == "booked"


def test_retreatment_is_planned_only_once_it_is_started(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    ask = {"course": course, "start_on": date(2031, 9, 1), "reason": "relapse", "by": prescriber}
    assert codes(actions.start_retreatment, **ask) == ("not_begun",)
    given(course, *(START + timedelta(days=7 * n) for n in range(4)))
    assert len(rows(course)) == 4
    actions.start_retreatment(now=NOW, **ask)
    assert [(row.ordinal, row.planned_on, row.opens_with) for row in list(rows(course).values())[4:]] == [
        (5 + n, date(2031, 9, 1) + timedelta(days=7 * n), 5 if n else None) for n in range(4)
    ]
    assert AuditEntry.objects.of(clinic).filter(verb="started retreatment").count() == 1
    assert codes(actions.start_retreatment, **ask) == ("retreatment_open",)


def test_retreatment_waits_for_what_is_still_to_be_given(clinic, prescriber):
    course = a_course(clinic, "AIHA-375x4", "AIHA")
    given(course, START)
    ask = {"course": course, "start_on": date(2031, 9, 1), "reason": "relapse", "by": prescriber}
    assert codes(actions.start_retreatment, **ask) == ("course_under_way",)
    assert codes(actions.start_retreatment, **ask | {"reason": " "}) == ("reason_missing",)
    past = ask | {"start_on": date(2031, 1, 1)}
    assert codes(actions.start_retreatment, **past) == ("start_in_past", "course_under_way")


def test_relapse_dose_of_pemphigus_leaves_the_series_on_its_dates(clinic, prescriber):
    course = a_course(clinic, "PV-EU", "PV")
    given(course, START, START + timedelta(days=14))
    before = {row.dose_mg: row.target_on for row in rows(course).values()}
    actions.start_retreatment(
        course=course, start_on=date(2031, 9, 1), reason="relapse", by=prescriber, now=NOW
    )
    after = rows(course)
    assert (after[3].dose_mg, after[3].target_on) == (Decimal(1000), date(2031, 9, 1))
    assert (after[4].dose_mg, after[4].target_on) == (Decimal(500), date(2032, 3, 10))
    assert before[Decimal(500)] >= date(2032, 3, 10)
    assert Retreatment.objects.of(clinic).get().ordinal == 3


def test_retreatment_waits_while_a_later_infusion_is_booked(clinic, prescriber):
    course = a_course(clinic, "PV-EU", "PV")
    given(course, START, START + timedelta(days=14))
    now = datetime(2032, 3, 1, 8, tzinfo=UTC)
    place = {"chair": chairs(clinic)[0], "nurse": nurses(clinic)[0]}
    when = Seat(datetime(2032, 3, 15, 9, tzinfo=UTC), **place)
    actions.book_single(planned=rows(course)[3], seat=when, by=prescriber, now=now)
    ask = {"course": course, "start_on": date(2032, 3, 8), "reason": "relapse", "by": prescriber}
    assert codes(actions.start_retreatment, **ask | {"now": now}) == ("later_booked",)


def approved(version):
    for role in (Role.PRESCRIBER, Role.PHARMACIST):
        Approval.objects.create(
            clinic=version.clinic,
            regimen_version=version,
            role=role.value,
            by=make_member(version.clinic, role).user,
            at=NOW,
        )
    return version


def newer(course, **changes):
    own = course.regimen_version
    definition = deepcopy(own.definition)
    definition["maintenance"] |= changes
    return RegimenVersion.objects.create(
        clinic=course.clinic,
        code=own.code,
        version=own.version + 1,
        name=own.name,
        definition=definition,
        based_on=own,
    )


def test_a_course_keeps_its_version_until_a_prescriber_moves_it(clinic, prescriber):
    course = a_course(clinic, "MS-RIFUND", "MS")
    version = newer(course, interval_value=8)
    assert queries.newer_version(course) is None
    approved(version)
    assert queries.newer_version(course) == version
    actions.replan_course(course=course, by=None, now=NOW)
    assert rows(course)[2].target_on == date(2031, 9, 10)
    preview = queries.version_preview(course, version, now=NOW)
    assert [(each.n, each.before.target_on, each.after.target, each.differs) for each in preview[:3]] == [
        (1, START, START, False),
        (2, date(2031, 9, 10), date(2031, 11, 10), True),
        (3, date(2032, 3, 10), date(2032, 7, 10), True),
    ]
    actions.move_to_version(course=course, version=version, reason="slower is enough", by=prescriber, now=NOW)
    assert rows(course)[2].target_on == date(2031, 11, 10)
    assert [row.state for row in rows(course).values()].count("cancelled") == 1
    course.refresh_from_db()
    assert course.regimen_version == version
    entry = AuditEntry.objects.of(clinic).get(verb="moved course to version")
    assert (entry.actor, entry.changes["reason"], entry.changes["regimen"]) == (
        prescriber,
        "slower is enough",
        ["MS-RIFUND version 1", "MS-RIFUND version 2"],
    )


def test_only_the_newest_approved_version_is_moved_to_and_with_a_reason(clinic, prescriber):
    course = a_course(clinic, "MS-RIFUND", "MS")
    version = newer(course, interval_value=8)
    ask = {"course": course, "version": version, "reason": "slower", "by": prescriber}
    assert codes(actions.move_to_version, **ask) == ("other_version",)
    approved(version)
    assert codes(actions.move_to_version, **ask | {"reason": ""}) == ("reason_missing",)
    assert codes(actions.move_to_version, **ask | {"version": course.regimen_version}) == ("other_version",)


def test_an_infusion_that_is_booked_is_not_dropped_by_a_newer_version(clinic, prescriber):
    course = a_course(clinic, "MS-RIFUND", "MS")
    place = {"chair": chairs(clinic)[0], "nurse": nurses(clinic)[0]}
    given(course, START)
    now = datetime(2031, 9, 1, 8, tzinfo=UTC)
    when = Seat(datetime(2031, 9, 15, 9, tzinfo=UTC), **place)
    actions.book_single(planned=rows(course)[2], seat=when, by=prescriber, now=now)
    version = approved(newer(course))
    version.definition = version.definition | {"maintenance": {"type": "none"}}
    version.save()
    ask = {"course": course, "version": version, "reason": "ends", "by": prescriber, "now": now}
    assert codes(actions.move_to_version, **ask) == ("booked_no_longer_given",)


def test_methotrexate_is_asked_for_in_arthritis_whatever_the_regimen(clinic, prescriber):
    course = a_course(clinic, "STANDARD", "RA")
    [row] = queries.beside(course)
    assert (row.medicine.code, row.medicine.required, row.record) == ("methotrexate", True, None)
    ask = {"course": course, "code": "methotrexate", "is_taken": False, "words": "", "by": prescriber}
    assert codes(actions.record_co_therapy, **ask) == ("no_reason",)
    assert codes(actions.record_co_therapy, **ask | {"code": "aspirin"}) == ("not_in_plan",)
    actions.record_co_therapy(now=NOW, **ask | {"words": "raised liver enzymes"})
    later = ask | {"is_taken": True, "words": "15 mg a week", "now": NOW + timedelta(days=1)}
    actions.record_co_therapy(**later)
    [row] = queries.beside(course)
    assert (row.record.is_taken, row.record.words) == (True, "15 mg a week")
    assert CoTherapyRecord.objects.of(clinic).count() == 2
    assert AuditEntry.objects.of(clinic).filter(verb="recorded co-therapy").count() == 2


def test_no_co_therapy_where_no_label_names_one(clinic):
    assert queries.beside(a_course(clinic, "MS-RIFUND", "MS")) == []


YES = dict.fromkeys(rate_profiles()["eu_ra_120"].asks, True)


def choice(course, ordinal, by, answers=YES, code="eu_ra_120"):
    return {"planned": rows(course)[ordinal], "code": code, "answers": answers, "by": by}


def test_faster_rates_are_chosen_for_one_infusion_and_shorten_its_visit(clinic, prescriber):
    course = a_course(clinic, "RA-1000x2", "RA")
    given(course, START)
    plan = queries.read_plan(course)
    before = [phase.minutes for phase in plan.phases(plan.infusion(2), date(2031, 3, 24))]
    actions.choose_rate_profile(now=NOW, **choice(course, 2, prescriber))
    plan = queries.read_plan(course)
    after = [phase.minutes for phase in plan.phases(plan.infusion(2), date(2031, 3, 24))]
    assert (sum(before), sum(after)) == (285, 208)
    assert AuditEntry.objects.of(clinic).get(verb="chose rate profile").changes["confirmed"] == sorted(YES)
    actions.replan_course(course=course, by=None, now=NOW)
    assert rows(course)[2].rate_profile == "eu_ra_120"
    actions.choose_rate_profile(now=NOW, **choice(course, 2, prescriber, {}, ""))
    assert rows(course)[2].rate_profile == ""


def test_faster_rates_fall_back_to_the_first_ones_after_a_serious_reaction(clinic, prescriber):
    course = a_course(clinic, "RA-1000x2", "RA")
    given(course, START)
    actions.choose_rate_profile(now=NOW, **choice(course, 2, prescriber))
    actions.mark_given(planned=rows(course)[1], on=START, by=None, now=noon(START), reaction_grade=3)
    plan = queries.read_plan(course)
    assert sum(phase.minutes for phase in plan.phases(plan.infusion(2), date(2031, 3, 24))) == 375


def test_faster_rates_are_refused_with_every_reason(clinic, prescriber):
    course = a_course(clinic, "RA-1000x2", "RA")
    assert codes(actions.choose_rate_profile, **choice(course, 1, prescriber)) == ("first_rates_due",)
    unanswered = YES | {next(iter(YES)): False}
    assert codes(actions.choose_rate_profile, **choice(course, 2, prescriber, unanswered)) == (
        "profile_condition",
    )
    assert codes(actions.choose_rate_profile, **choice(course, 2, prescriber, code="us_nhl_90")) == (
        "profile_not_in_regimen",
    )
    other = a_course(clinic, "MS-RIFUND", "MS")
    assert codes(actions.choose_rate_profile, **choice(other, 2, prescriber)) == ("profile_not_in_regimen",)


def test_faster_rates_are_not_chosen_for_an_infusion_that_is_booked(clinic, prescriber):
    course = a_course(clinic, "RA-1000x2", "RA")
    given(course, START)
    actions.book_single(planned=rows(course)[2], seat=seat(clinic, at(24)), by=prescriber, now=NOW)
    assert codes(actions.choose_rate_profile, **choice(course, 2, prescriber)) == ("already_booked",)


def test_a_course_given_again_is_followed_up_from_its_last_infusion(clinic):
    course = a_course(clinic, "RA-1000x2", "RA")
    third = START + timedelta(weeks=24)
    given(course, START, START + timedelta(days=14), third)
    counted = {due.from_n for due in due_follow_ups(clinic, today=third + timedelta(days=1)).values()}
    assert 3 not in counted
    given(course, START, START + timedelta(days=14), third, third + timedelta(days=14))
    after = due_follow_ups(clinic, today=third + timedelta(days=15)).values()
    assert {due.from_n for due in after if due.due_on > third} == {4}
