"""What happened carries forward: to the next visit's rates and length, the desk, the prescriber, usual lengths."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clinics.domain.rights import Role
from clinics.models import StaffTask
from evaluation.models import Result
from regimens.domain.rates import rate_plan
from scheduling import actions as scheduling
from scheduling import queries as schedule
from scheduling.domain.capacity import total_minutes
from scheduling.models import ActualLength, PlannedInfusion, UsualLength
from tests.charting import chart, ended, running, seated
from tests.factory import make_clinic, make_member, make_patient, make_visit
from tests.gates import open_gate, ready_visit
from treatment import actions, queries
from treatment.domain.chart import Kind
from treatment.models import ChartEntry

pytestmark = pytest.mark.django_db
NINE = datetime(2031, 3, 10, 9, tzinfo=UTC)  # a Monday, 09:00 in London
SECOND_PHASES = [
    ["set_up", 30],
    ["premedication", 30],
    ["titration", 90],
    ["steady", 105],
    ["observation", 30],
]


def at(minutes):
    return NINE + timedelta(minutes=minutes)


@pytest.fixture
def clinic():
    return make_clinic(chairs=2)


@pytest.fixture
def nurse(clinic):
    return make_member(clinic, Role.NURSE, name="Priya Nair").user


def reacted(clinic, nurse, grade):
    """A first infusion with a reaction at its third step, ended early, its second visit booked as usual."""
    visit = running(clinic, NINE, nurse, steps=3)
    second = make_visit(visit.patient, starts_at=NINE + timedelta(days=14), phases=SECOND_PHASES)
    seen = {"grade": grade, "symptoms": ["rigors"], "text": "", "act": "stop", "mg_h": ""}
    chart(visit, Kind.REACTION, nurse, at(95), **seen)
    return visit, second


def finish(visit, nurse, minutes=600, **more):
    visit = queries.visit(visit.clinic, visit.pk)
    return actions.finish(visit=visit, by=nurse, now=at(minutes), **more)


def phases_of(visit, ordinal):
    plan = schedule.read_plan(schedule.course(visit.clinic, visit.planned_infusion.course_id))
    row = plan.infusion(ordinal)
    return plan.phases(row, plan.expected_on(row))


@pytest.mark.parametrize(
    ("grade", "minutes"), [(0, [285, 285]), (1, [285, 285]), (2, [375, 285]), (3, [375, 375])]
)
def test_reaction_slows_the_next_infusion_from_grade_2_and_all_from_grade_3(clinic, nurse, grade, minutes):
    visit, _second = reacted(clinic, nurse, grade) if grade else (ended(clinic, NINE, nurse), None)
    finish(visit, nurse)
    assert [total_minutes(phases_of(visit, ordinal)) for ordinal in (2, 3)] == minutes


@pytest.mark.parametrize(("grade", "tasks"), [(1, []), (2, ["visit_too_short"])])
def test_booked_visit_that_became_too_short_is_a_task_for_the_desk(clinic, nurse, grade, tasks):
    visit, second = reacted(clinic, nurse, grade)
    finish(visit, nurse)
    rows = StaffTask.objects.of(clinic).filter(role="receptionist")
    assert list(rows.values_list("kind", flat=True)) == tasks
    if tasks:
        task = rows.get()
        assert (task.role, task.due_on, task.reason) == (
            "receptionist",
            date(2031, 3, 24),
            f"{visit.patient}: after the grade 2 reaction, infusion 2 runs more slowly: its visit on 24 Mar 2031 is "
            "90 minutes too short. Move it to a time that is long enough.",
        )
    second.refresh_from_db()
    assert second.ends_at - second.starts_at == timedelta(minutes=285)


def test_part_of_a_dose_asks_a_prescriber_what_becomes_of_the_rest(clinic, nurse):
    visit = running(clinic, NINE, nurse, steps=3)
    chart(visit, Kind.STOP, nurse, at(110), complete=False, dose_mg="130.5", reason="Vein lost.")
    finish(visit, nurse)
    task = StaffTask.objects.get(clinic=clinic)
    assert (task.kind, task.role, task.due_on, task.reason) == (
        "part_of_a_dose",
        "prescriber",
        date(2031, 3, 10),
        f"{visit.patient}: 130.5 of 1000 mg were given on 10 Mar 2031. Decide what becomes of the rest; the course "
        "counts this infusion as given.",
    )


def test_whole_dose_asks_nobody(clinic, nurse):
    finish(ended(clinic, NINE, nurse), nurse)
    assert StaffTask.objects.of(clinic).count() == 0


def test_next_bedside_runs_slowly_and_is_reminded_with_the_source(clinic, nurse):
    visit, second = reacted(clinic, nurse, 2)
    finish(visit, nurse)
    shown = queries.shown(queries.visit(clinic, second.pk), now=second.starts_at)
    assert (shown.profile.code, shown.reminded) == ("first_standard", None)
    actions.arrive(visit=queries.visit(clinic, second.pk), by=nurse, now=second.starts_at)
    shown = queries.shown(queries.visit(clinic, second.pk), now=second.starts_at)
    assert (shown.reminded.grade, shown.reminded.verified, bool(shown.reminded.source)) == (2, False, True)
    assert shown.day.plan == rate_plan(shown.profile, 1000)


def test_severe_reaction_asks_for_a_review_before_the_next_gate_opens(clinic, nurse):
    visit, second = reacted(clinic, nurse, 3)
    finish(visit, nurse)
    open_gate(second.patient, date(2031, 3, 24))
    gate = queries.gate(queries.visit(clinic, second.pk), today=date(2031, 3, 24))
    assert [each.code for each in gate.blocking] == ["reaction_review"]


def test_discharge_taken_back_takes_its_mild_reaction_back_from_the_gate(clinic, nurse):
    visit, _second = reacted(clinic, nurse, 2)
    finish(visit, nurse, minutes=600)
    actions.undo_last_step(visit=visit, by=nurse, now=at(601), reason="Wrong patient.")
    rows = Result.objects.of(clinic).filter(kind="infusion_reaction").order_by("id")
    assert list(rows.values_list("value", flat=True)) == ["grade_2", "none"]


def test_grade_corrected_after_the_discharge_carries_too(clinic, nurse):
    visit, _second = reacted(clinic, nurse, 1)
    finish(visit, nurse)
    reaction = ChartEntry.objects.get(visit=visit, kind="reaction")
    actions.correct_entry(
        visit=visit,
        entry=reaction,
        payload=dict(reaction.payload) | {"grade": 3},
        happened_at=reaction.happened_at,
        reason="It came back on the ward.",
        key="correct-0001",
        by=nurse,
        now=at(700),
    )
    record = queries.visit(clinic, visit.pk).record
    assert (record.reaction_grade, record.reaction_text) == (3, "Grade 3: Shivering or rigors.")
    assert PlannedInfusion.objects.get(visits=visit).reaction_grade == 3
    assert set(StaffTask.objects.of(clinic).values_list("kind", "role")) == {
        ("part_of_a_dose", "prescriber"),
        ("visit_too_short", "receptionist"),
        ("reaction", "prescriber"),
    }


def test_dose_corrected_after_the_discharge_is_the_records(clinic, nurse):
    visit = finish(ended(clinic, NINE, nurse, complete=False, dose_mg="400", reason="Vein lost."), nurse)
    stop = ChartEntry.objects.get(visit=visit, kind="stop")
    actions.correct_entry(
        visit=visit,
        entry=stop,
        payload={"complete": False, "dose_mg": "440", "reason": "Vein lost."},
        happened_at=stop.happened_at,
        reason="Measured in the bag.",
        key="correct-0001",
        by=nurse,
        now=at(700),
    )
    assert queries.visit(clinic, visit.pk).record.dose_mg == Decimal("440.00")


def test_charted_infusion_teaches_how_long_it_took(clinic, nurse):
    finish(ended(clinic, NINE, nurse), nurse, minutes=402)
    row = ActualLength.objects.of(clinic).get()
    assert (row.dose_mg, row.turn, row.profile, row.minutes) == (
        Decimal(1000),
        "first",
        "first_standard",
        402,
    )


def test_infusion_that_was_not_charted_or_not_complete_teaches_nothing(clinic, nurse):
    finish(seated(clinic, NINE, nurse), nurse, minutes=402)
    finish(
        ended(clinic, NINE + timedelta(days=1), nurse, complete=False, reason="x"), nurse, minutes=2 * 1440
    )
    assert ActualLength.objects.of(clinic).count() == 0


def test_infusion_that_was_closed_on_a_later_day_teaches_nothing(clinic, nurse):
    done = finish(ended(clinic, NINE, nurse), nurse, minutes=30 * 1440)
    assert (done.record.state, ActualLength.objects.of(clinic).count()) == ("done", 0)


@pytest.mark.parametrize(
    ("least", "took", "booked"),
    [
        (5, [400, 410, 420, 430, 440], 420),
        (5, [400, 410, 420, 430], 375),
        (5, [200, 210, 220, 230, 240], 375),
        (2, [400, 411], 410),
        (0, [400, 410, 420, 430, 440], 375),
    ],
)
def test_new_booking_is_as_long_as_enough_such_visits_took(clinic, nurse, least, took, booked):
    clinic.learn_lengths_after = least
    clinic.save()
    for number, minutes in enumerate(took):
        seen = ready_visit(clinic, NINE + timedelta(days=number), gate=False)
        scheduling.note_actual_length(visit=seen, profile="first_standard", minutes=minutes, now=at(number))
    new = make_visit(make_patient(clinic), starts_at=NINE + timedelta(days=20))
    assert total_minutes(phases_of(new, 1)) == booked
    usual = UsualLength.objects.of(clinic).get()
    assert (usual.count, UsualLength.objects.of(make_clinic()).count()) == (len(took), 0)


def test_visit_noted_again_counts_once(clinic):
    seen = ready_visit(clinic, NINE, gate=False)
    for minutes in (400, 500):
        scheduling.note_actual_length(visit=seen, profile="first_standard", minutes=minutes, now=NINE)
    usual = UsualLength.objects.of(clinic).get()
    assert (usual.count, usual.minutes) == (1, 500)


def noted_grades(patient):
    rows = Result.objects.of(patient.clinic).filter(patient=patient, kind="infusion_reaction")
    return list(rows.filter(superseded_by=None).values_list("value", flat=True))


@pytest.mark.parametrize(("grade", "noted"), [(2, []), (3, ["grade_3"]), (4, ["grade_4"])])
def test_severe_reaction_reaches_the_gate_when_it_is_charted(clinic, nurse, grade, noted):
    visit, second = reacted(clinic, nurse, grade)
    assert noted_grades(visit.patient) == noted
    verdict = queries.gate(second, today=NINE.date())
    assert ("reaction_review" in {each.code for each in verdict.blocking}) == bool(noted)


def test_severe_reaction_corrected_at_the_chair_is_corrected_at_the_gate(clinic, nurse):
    visit, _second = reacted(clinic, nurse, 3)
    entry = ChartEntry.objects.of(clinic).get(visit=visit, kind=Kind.REACTION.value)
    milder = {**entry.payload, "grade": 1}
    told = {"reason": "read anew", "by": nurse, "now": at(97)}
    actions.correct_entry(
        visit=visit, entry=entry, payload=milder, happened_at=at(95), key="corrected-1", **told
    )
    assert noted_grades(visit.patient) == ["grade_1"]
