"""Questions compiled once answer as the plain querysets do, with whatever values they are asked."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.transaction import TransactionManagementError

from clinics.models import AuditEntry, Chair, Closure, OpeningHours
from clinics.prepared import Given, Prepared, insert
from patients.models import Patient, Wishes
from tests.factory import make_clinic, make_patient

pytestmark = pytest.mark.django_db
NOW = datetime(2030, 1, 7, 9, 30, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic()


def test_values_are_read_as_a_queryset_reads_them(clinic):
    question = Prepared(
        lambda: (
            OpeningHours.objects.of(Given("clinic"))
            .filter(weekday__gte=Given("weekday"), closes__gt=Given("at"))
            .order_by("weekday")
            .values_list("weekday", "opens", "closes")
        )
    )
    for weekday, at in ((0, time(9)), (3, time(0)), (9, time(23, 59))):
        rows = OpeningHours.objects.of(clinic).filter(weekday__gte=weekday, closes__gt=at).order_by("weekday")
        assert question.all(clinic=clinic.pk, weekday=weekday, at=at) == list(
            rows.values_list("weekday", "opens", "closes")
        )


def test_rows_of_one_clinic_are_never_anothers(clinic):
    other = make_clinic(slug="other")
    question = Prepared(lambda: Chair.objects.of(Given("clinic")).order_by("pk"))
    for one in (clinic, other, clinic):
        assert question.all(clinic=one.pk) == list(Chair.objects.of(one).order_by("pk"))


def test_models_come_with_what_is_joined_and_without_what_is_deferred(clinic, django_assert_num_queries):
    patient = make_patient(clinic, phone="+12025550143")
    Wishes.objects.create(clinic=clinic, patient=patient, weekdays=[0, 2], not_before=time(10))
    question = Prepared(
        lambda: (
            Wishes.objects.of(Given("clinic"))
            .filter(patient=Given("patient"))
            .select_related("patient__clinic")
            .defer("weekdays", "patient__address")
        )
    )
    with django_assert_num_queries(1):
        (found,) = question.all(clinic=clinic.pk, patient=patient.pk)
        told = (found.not_before, found.patient.phone, found.patient.clinic)
    assert told == (time(10), patient.phone, clinic)
    assert found.get_deferred_fields() == {"weekdays"}
    assert found.patient.get_deferred_fields() == {"address"}
    assert found.weekdays == [0, 2]


def test_conditions_dates_and_instants_are_told_in_the_engines_own_way(clinic):
    for first, last in ((date(2030, 1, 1), date(2030, 1, 9)), (date(2030, 2, 1), date(2030, 2, 1))):
        Closure.objects.create(clinic=clinic, first_day=first, last_day=last, reason="Painting")
    insert(AuditEntry(clinic=clinic, at=NOW, actor_name="x", verb="saw", subject_kind="", changes={"a": 1}))
    closed = Prepared(
        lambda: (
            Closure.objects.of(Given("clinic"))
            .filter(Q(first_day=Given("day")) | Q(last_day__in=[Given("day"), Given("other")]))
            .exclude(reason=Given("reason"))
            .values_list("first_day")
        )
    )
    asked = {"clinic": clinic.pk, "day": date(2030, 2, 1), "other": date(2030, 1, 9)}
    assert closed.all(**asked, reason="Holiday") == [(date(2030, 1, 1),), (date(2030, 2, 1),)]
    assert closed.all(**asked, reason="Painting") == []
    seen = Prepared(lambda: AuditEntry.objects.of(Given("clinic")).filter(at=Given("at")))
    assert [row.changes for row in seen.all(clinic=clinic.pk, at=NOW)] == [{"a": 1}]
    assert seen.all(clinic=clinic.pk, at=NOW.replace(minute=31)) == []


def test_a_key_that_nothing_can_have_finds_nothing(clinic):
    question = Prepared(lambda: Patient.objects.of(Given("clinic")).filter(pk=Given("pk")))
    assert [question.first(clinic=clinic.pk, pk=key) for key in (0, 2**31, 2**63, 10**30)] == [None] * 4


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only(clinic):
    question = Prepared(lambda: Chair.objects.of(Given("clinic")).select_for_update(no_key=True))
    with transaction.atomic():
        inside = question.all(clinic=clinic.pk)
    assert inside == list(Chair.objects.of(clinic))
    with pytest.raises(TransactionManagementError):
        question.all(clinic=clinic.pk)


def test_dictionaries_are_not_read():
    question = Prepared(lambda: Chair.objects.of(Given("clinic")).values("pk"))
    with pytest.raises(TypeError):
        question.all(clinic=1)


def test_an_inserted_row_is_the_one_that_create_writes(clinic):
    told = {"clinic": clinic, "at": NOW, "actor_name": "A", "verb": "saw", "subject_kind": "visit"}
    ours = insert(AuditEntry(**told, changes={"page": ["ü", None]}))
    theirs = AuditEntry.objects.create(**told, changes={"page": ["ü", None]})
    rows = AuditEntry.objects.of(clinic).filter(pk__in=[ours.pk, theirs.pk]).values()
    one, two = ({name: value for name, value in row.items() if name != "id"} for row in rows)
    assert one == two
    assert (ours._state.adding, ours.pk == theirs.pk) == (False, False)


def test_a_refused_row_takes_its_transaction_with_it(clinic):
    insert(Chair(clinic=clinic, name="Once"))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Chair(clinic=clinic, name="Once"))
    assert Chair.objects.of(clinic).filter(name="Once").count() == 1


@pytest.mark.postgresql
def test_the_server_keeps_one_plan_which_outlives_a_new_column(clinic):
    question = Prepared(lambda: Chair.objects.of(Given("clinic")).filter(pk__gt=Given("pk")).order_by("pk"))
    kept = 'SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE \'%%"clinics_chair"."id" >%%\''
    for key in (0, 2**20, 2**40, 0):
        question.all(clinic=clinic.pk, pk=key)
    with connection.cursor() as cursor:
        cursor.execute(kept)
        assert cursor.fetchone() == (1,)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE clinics_chair ADD COLUMN colour text")
    assert question.all(clinic=clinic.pk, pk=0) == list(Chair.objects.of(clinic).order_by("pk"))
