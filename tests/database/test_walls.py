"""What the database itself refuses, whatever code writes the row: raw statements on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling import walls
from scheduling.models import Visit, VisitVersion
from tests.factory import make_clinic, make_course, make_patient, make_visit

pytestmark = pytest.mark.django_db
FIXED = "rows of scheduling_visitversion are never changed"
NINE = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic(chairs=3)


def stamp(instant):
    """An instant as Django would store it on this engine."""
    return connection.ops.adapt_datetimefield_value(instant)


def raw_insert(like, **changes):
    """A copy of a visit's row, written past every model and action; returns the wall it ran into, or ''."""
    row = Visit.objects.filter(pk=like.pk).values().get()
    row.update({"planned_infusion_id": None, "kind": "follow_up", **changes})
    del row["id"]
    row["phases"] = row["handovers"] = "[]"
    for name in ("starts_at", "ends_at", "created_at"):
        if isinstance(row[name], datetime):
            row[name] = stamp(row[name])
    columns = ", ".join(row)
    marks = ", ".join(["%s"] * len(row))
    return written(f"INSERT INTO scheduling_visit ({columns}) VALUES ({marks})", list(row.values()))


def raw_update(visit, **changes):
    """Changes to a visit's row, written past every model and action; returns the wall it ran into, or ''."""
    values = [stamp(value) if isinstance(value, datetime) else value for value in changes.values()]
    assignments = ", ".join(f"{name} = %s" for name in changes)
    return written(f"UPDATE scheduling_visit SET {assignments} WHERE id = %s", [*values, visit.pk])


def written(statement, values):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    except IntegrityError as refused:
        return walls.broken(refused) or "?"
    return ""


def booked(clinic, start=NINE, chair=0, **more):
    patient = more.pop("patient", None) or make_patient(clinic)
    seat = list(clinic.chairs.all())[chair]
    return make_visit(patient, starts_at=start, ends_at=start + timedelta(hours=3), chair=seat, **more)


@pytest.mark.parametrize(
    ("begins", "ends", "free"),
    [
        (-180, 0, True),
        (-180, 1, False),
        (0, 180, False),
        (60, 90, False),
        (-60, 240, False),
        (179, 240, False),
        (180, 240, True),
    ],
)
def test_two_standing_visits_never_share_a_chair(clinic, begins, ends, free):
    visit = booked(clinic)
    answer = raw_insert(
        visit,
        starts_at=NINE + timedelta(minutes=begins),
        ends_at=NINE + timedelta(minutes=ends),
        patient_id=make_patient(clinic).pk,
    )
    assert answer == ("" if free else walls.CHAIR)


@pytest.mark.parametrize("status", ["pending", "booked", "arrived", "fulfilled"])
@pytest.mark.parametrize("standing", ["pending", "booked", "arrived", "fulfilled"])
def test_every_standing_word_holds_the_chair(clinic, status, standing):
    visit = booked(clinic, status=standing)
    assert raw_insert(visit, status=status, patient_id=make_patient(clinic).pk) == walls.CHAIR


@pytest.mark.parametrize("status", ["proposed", "cancelled", "noshow", "waitlist"])
def test_the_other_words_hold_no_chair_and_ask_for_none(clinic, status):
    visit = booked(clinic, status=status)
    assert raw_insert(visit, status="booked", patient_id=make_patient(clinic).pk) == ""
    assert raw_insert(visit, status=status, patient_id=make_patient(clinic).pk) == ""


def test_a_patient_is_never_in_two_places(clinic):
    visit = booked(clinic)
    another_chair = clinic.chairs.all()[1].pk
    assert raw_insert(visit, chair_id=another_chair) == walls.PATIENT
    assert raw_insert(visit, chair_id=None) == walls.PATIENT
    assert (
        raw_insert(visit, chair_id=None, starts_at=visit.ends_at, ends_at=visit.ends_at + timedelta(hours=1))
        == ""
    )


def test_follow_ups_without_a_chair_do_not_collide_with_each_other(clinic):
    visit = booked(clinic, kind="follow_up")
    for _ in range(3):
        assert raw_insert(visit, chair_id=None, patient_id=make_patient(clinic).pk) == ""


def test_an_update_runs_into_the_same_walls(clinic):
    first = booked(clinic)
    same_chair_later = booked(clinic, NINE + timedelta(hours=3))
    assert raw_update(same_chair_later, starts_at=NINE + timedelta(hours=2, minutes=59)) == walls.CHAIR
    other_chair = booked(clinic, chair=1)
    assert raw_update(other_chair, chair_id=first.chair_id) == walls.CHAIR
    assert raw_update(other_chair, patient_id=first.patient_id) == walls.PATIENT
    assert raw_update(first, ends_at=NINE + timedelta(hours=3, minutes=1)) == walls.CHAIR


def test_a_cancelled_visit_may_not_be_revived_over_another(clinic):
    gone = booked(clinic, status="cancelled")
    booked(clinic)
    assert raw_update(gone, status="booked") == walls.CHAIR
    assert raw_update(gone, chair_id=clinic.chairs.all()[2].pk, status="booked") == ""


def test_a_visit_may_be_changed_where_it_stands(clinic):
    visit = booked(clinic)
    assert raw_update(visit, starts_at=NINE + timedelta(minutes=30)) == ""
    assert raw_update(visit, status="arrived") == ""


def test_one_statement_for_many_rows_meets_the_wall_too(clinic):
    visit = booked(clinic)
    booked(clinic, chair=1)
    statement = "UPDATE scheduling_visit SET chair_id = %s"
    assert written(statement, [visit.chair_id]) == walls.CHAIR


def test_a_bulk_write_of_the_model_meets_the_wall_too(clinic):
    visit = booked(clinic)
    course = make_course(make_patient(clinic))
    copy = Visit(
        clinic=clinic,
        patient=course.patient,
        kind="infusion",
        planned_infusion=course.planned_infusions.first(),
        chair=visit.chair,
        nurse=visit.nurse,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
    )
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Visit.objects.bulk_create([copy])
    assert walls.broken(refused.value) == walls.CHAIR


def test_a_planned_infusion_is_booked_once(clinic):
    visit = booked(clinic)
    later = {"starts_at": NINE + timedelta(days=1), "ends_at": NINE + timedelta(days=1, hours=3)}
    again = raw_insert(visit, kind="infusion", planned_infusion_id=visit.planned_infusion_id, **later)
    assert again == walls.BOOKED_ONCE
    assert raw_update(visit, status="cancelled") == ""
    assert (
        raw_insert(
            visit, kind="infusion", planned_infusion_id=visit.planned_infusion_id, status="booked", **later
        )
        == ""
    )


@pytest.mark.parametrize(
    ("starts", "ends", "wall"),
    [
        (NINE + timedelta(seconds=1), NINE + timedelta(hours=1), walls.MINUTES),
        (NINE, NINE + timedelta(hours=1, microseconds=1), walls.MINUTES),
        (NINE, NINE, walls.ORDER),
        (NINE, NINE - timedelta(minutes=1), walls.ORDER),
        (NINE, NINE + timedelta(hours=16), ""),
        (NINE, NINE + timedelta(hours=16, minutes=1), walls.LENGTH),
    ],
)
def test_times_are_whole_minutes_in_order_and_not_too_long(clinic, starts, ends, wall):
    visit = booked(clinic, NINE + timedelta(days=30))
    assert raw_update(visit, starts_at=starts, ends_at=ends) == wall
    assert raw_insert(visit, starts_at=starts, ends_at=ends, status="cancelled") == wall


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "text",
    [
        "2031-03-03T09:00:00",
        "2031-03-03 09:00",
        "2031-03-03 09:00:00.000000",
        "2031-03-03 09:00:00+00:00",
        "2031-02-30 09:00:00",
        "2031-3-3 09:00:00",
        "now",
        "",
        1930554000,
    ],
)
def test_a_time_written_in_another_way_is_refused(clinic, text):
    visit = booked(clinic)
    later = stamp(NINE + timedelta(days=2))
    assert raw_insert(visit, starts_at=text, ends_at=later) == walls.MINUTES
    assert raw_update(visit, starts_at=text) == walls.MINUTES


def test_the_versions_of_a_visit_are_never_changed(clinic):
    booked(clinic)
    for statement in (
        "UPDATE scheduling_visitversion SET reason = 'other'",
        "DELETE FROM scheduling_visitversion",
    ):
        with pytest.raises(DatabaseError, match=FIXED), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError), transaction.atomic():
        VisitVersion.objects.update(reason="other")
    assert VisitVersion.objects.get().reason == ""


@pytest.mark.sqlite
def test_a_version_is_not_replaced_either(clinic):
    booked(clinic)
    with pytest.raises(DatabaseError, match=FIXED), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("REPLACE INTO scheduling_visitversion SELECT * FROM scheduling_visitversion")


@pytest.mark.postgresql
def test_versions_are_not_truncated(clinic):
    booked(clinic)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE scheduling_visitversion CASCADE")


def test_walls_put_up_twice_stand_once_and_come_down_whole(clinic):
    visit = booked(clinic)
    other = make_patient(clinic).pk
    connection.check_constraints()
    walls.install(connection)
    assert raw_insert(visit, patient_id=other) == walls.CHAIR
    walls.remove(connection)
    too_long = {"status": "cancelled", "ends_at": visit.starts_at + timedelta(hours=17)}
    assert raw_update(visit, **too_long) == ""
    assert raw_update(visit, status="booked", ends_at=visit.ends_at) == ""
    connection.check_constraints()
    walls.install(connection)
    assert raw_update(visit, **too_long) == walls.LENGTH
    assert raw_insert(visit, patient_id=other) == walls.CHAIR


@pytest.mark.sqlite
def test_walls_stand_again_after_a_migration_rebuilds_the_table(clinic):
    visit = booked(clinic)
    walls.remove(connection)
    assert raw_insert(visit, patient_id=make_patient(clinic).pk) == ""
    raw_update(visit, status="cancelled")
    call_command("migrate", verbosity=0)
    assert raw_update(visit, status="booked") == walls.CHAIR


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(0, 2), st.integers(0, 2), st.booleans()),
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=SPANS)
def test_what_stands_never_overlaps_whatever_is_written(clinic, spans):
    chairs = [chair.pk for chair in clinic.chairs.all()]
    with transaction.atomic():
        like = booked(clinic, NINE - timedelta(days=30))
        patients = [make_patient(clinic).pk for _ in range(3)]
        standing = []
        for start, length, chair, patient, stands in spans:
            clash = stands and any(
                start < end and begin < start + length and (chair == seat or patient == who)
                for begin, end, seat, who in standing
            )
            answer = raw_insert(
                like,
                starts_at=NINE + timedelta(minutes=start * 5),
                ends_at=NINE + timedelta(minutes=(start + length) * 5),
                chair_id=chairs[chair],
                patient_id=patients[patient],
                status="booked" if stands else "cancelled",
            )
            assert bool(answer) == clash
            if stands and not clash:
                standing.append((start, start + length, chair, patient))
        transaction.set_rollback(True)
