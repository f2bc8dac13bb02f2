"""The walls around visits: whatever code writes the row, the database refuses what must never be.

Two standing visits never share a chair, and no patient is in two places. On PostgreSQL the model's two
exclusion constraints refuse it; on SQLite the triggers below make the same check. Both engines also refuse a
time that is not a whole minute, an end that is not after the start, a visit longer than sixteen hours (which
keeps the search for overlaps short), and any change to a visit's versions or to the soft rules noted as broken.
"""

from __future__ import annotations

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from clinics import walls

VISITS, VERSIONS, BREACHES = "scheduling_visit", "scheduling_visitversion", "scheduling_rulebreach"
CHAIR, PATIENT, BOOKED_ONCE = (
    "visit_chair_no_overlap",
    "visit_patient_no_overlap",
    "planned_infusion_booked_once",
)
MINUTES, ORDER, LENGTH = "visit_whole_minutes", "visit_ends_after_start", "visit_at_most_16_hours"

_STANDING = "('pending', 'booked', 'arrived', 'fulfilled')"
_POSTGRESQL_CHECKS = {
    MINUTES: "extract(second FROM starts_at) = 0 AND extract(second FROM ends_at) = 0",
    LENGTH: "ends_at - starts_at <= interval '16 hours'",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the walls up on either engine; where they stand already, nothing changes."""
    if connection.vendor == "postgresql":
        _install_postgresql(connection)
    else:
        _install_sqlite(connection)
    kept = _append_only(connection)
    walls.remove(connection, kept)
    walls.install(connection, kept)


def _append_only(connection: BaseDatabaseWrapper) -> tuple[str, ...]:
    """Those of the tables of which no row is ever changed that stand already: migrations put them up one by one."""
    standing = connection.introspection.table_names()
    return tuple(table for table in (VERSIONS, BREACHES) if table in standing)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the walls down: for reversing the migration, and for tests that clear their tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in _POSTGRESQL_CHECKS:
                cursor.execute(f"ALTER TABLE {VISITS} DROP CONSTRAINT IF EXISTS {name}")
        else:
            for name in (f"{VISITS}_wall_insert", f"{VISITS}_wall_update", f"{VERSIONS}_no_replace"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
    walls.remove(connection, _append_only(connection))


def install_after_migrating(using: str, **_: object) -> None:
    """SQLite rebuilds a table to change it and drops its triggers with the old: put the walls up again."""
    from django.db import connections

    connection = connections[using]
    if {VISITS, VERSIONS} <= set(connection.introspection.table_names()):
        install(connection)


def broken(error: DatabaseError) -> str:
    """The name of the wall a refused write ran into (CHAIR, PATIENT, BOOKED_ONCE …), or an empty string."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    if name:
        return str(name)
    words = str(error)
    if "scheduling_visit.planned_infusion_id" in words:
        return BOOKED_ONCE
    return next((wall for wall in (CHAIR, PATIENT, MINUTES, ORDER, LENGTH) if wall in words), "")


def _install_postgresql(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name, check in _POSTGRESQL_CHECKS.items():
            cursor.execute(
                "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [name, VISITS]
            )
            if cursor.fetchone() is None:
                cursor.execute(f"ALTER TABLE {VISITS} ADD CONSTRAINT {name} CHECK ({check})")


def _install_sqlite(connection: BaseDatabaseWrapper) -> None:
    # A text is canonical when writing it anew to the minute gives the same text: then texts compare as times.
    canonical = " AND ".join(
        f"typeof(NEW.{column}) = 'text' "
        f"AND NEW.{column} IS strftime('%Y-%m-%d %H:%M:00', NEW.{column}, '+0 days')"
        for column in ("starts_at", "ends_at")
    )
    overlap = (
        f"NEW.status IN {_STANDING} AND EXISTS (SELECT 1 FROM {VISITS} "  # noqa: S608 (constants only)
        "WHERE {column} = NEW.{column} AND starts_at < NEW.ends_at "
        "AND starts_at > datetime(NEW.starts_at, '-16 hours') AND ends_at > NEW.starts_at "
        f"AND status IN {_STANDING} {{other}})"
    )
    with connection.cursor() as cursor:
        for verb, other in (("INSERT", ""), ("UPDATE", "AND id <> OLD.id")):
            refusals = {
                MINUTES: f"NOT ({canonical})",
                ORDER: "NEW.ends_at <= NEW.starts_at",
                LENGTH: "NEW.ends_at > datetime(NEW.starts_at, '+16 hours')",
                CHAIR: overlap.format(column="chair_id", other=other),
                PATIENT: overlap.format(column="patient_id", other=other),
            }
            checks = " ".join(
                f"SELECT RAISE(ABORT, '{name}') WHERE {when};" for name, when in refusals.items()
            )
            cursor.execute(
                f"CREATE TRIGGER IF NOT EXISTS {VISITS}_wall_{verb.lower()} BEFORE {verb} ON {VISITS} "
                f"BEGIN {checks} END"
            )
        # A row that is replaced is deleted without its triggers being asked.
        cursor.execute(
            f"CREATE TRIGGER IF NOT EXISTS {VERSIONS}_no_replace BEFORE INSERT ON {VERSIONS} "  # noqa: S608
            f"BEGIN SELECT RAISE(ABORT, 'rows of {VERSIONS} are never changed') "
            f"WHERE EXISTS (SELECT 1 FROM {VERSIONS} WHERE id = NEW.id "
            "OR (visit_id = NEW.visit_id AND version = NEW.version)); END"
        )
