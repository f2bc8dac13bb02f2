"""The audit trail: append-only on both engines, sealed into a chain that shows any break."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from clinics.actions import record, seal_audit, verify_audit
from clinics.models import AuditEntry, AuditSeal
from tests import factory

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed():
    clinic = factory.make_clinic()
    for number in range(5):
        record(clinic=clinic, by=None, verb=f"did {number}")
    seal_audit(now=timezone.now())
    return clinic


def refused(sql: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError:
        return True
    return False


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE clinics_auditentry SET verb = 'x'",
        "DELETE FROM clinics_auditentry",
        "UPDATE clinics_auditseal SET digest = 'x'",
        "DELETE FROM clinics_auditseal",
    ],
)
def test_audit_rows_are_never_changed(sealed, sql):
    assert refused(sql)


@pytest.mark.sqlite
def test_audit_row_is_not_replaced_by_another_of_its_key(sealed):
    row = AuditEntry.objects.order_by("id").first()
    assert refused(
        "REPLACE INTO clinics_auditentry (id, at, actor_name, verb, subject_kind, subject_id, record_number, changes) "
        f"VALUES ({row.pk}, '2026-01-01 00:00:00', 'x', 'x', 'x', 'x', 'x', '{{}}')"
    )


def test_audit_chain_holds_and_sealing_twice_adds_nothing(sealed):
    assert seal_audit(now=timezone.now()) == 0
    assert verify_audit() == (AuditEntry.objects.count(), "")


def test_audit_chain_shows_an_edited_row(sealed):
    from clinics import walls

    walls.remove(connection)
    victim = AuditEntry.objects.order_by("id")[2]
    AuditEntry.objects.filter(pk=victim.pk).update(verb="something else")
    held, words = verify_audit()
    walls.install(connection)
    assert (held, words) == (
        AuditSeal.objects.get(entry=victim).position - 1,
        f"Entry {victim.pk} is not what was sealed at position {victim.seal.position}.",
    )


def test_audit_chain_shows_a_deleted_row(sealed):
    from clinics import walls

    walls.remove(connection)
    AuditSeal.objects.filter(position=2).delete()
    assert verify_audit() == (1, "Seal 2 is missing.")
    walls.install(connection)
