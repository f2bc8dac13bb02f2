"""The walls around the chart: both engines refuse to change or delete what was written at the bedside."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from clinics import walls

ENTRIES = "treatment_chartentry"


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the walls up; where they stand already, nothing changes."""
    if ENTRIES in connection.introspection.table_names():
        walls.remove(connection, (ENTRIES,))
        walls.install(connection, (ENTRIES,))


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the walls down: for reversing the migration, and for tests that clear their tables."""
    if ENTRIES in connection.introspection.table_names():
        walls.remove(connection, (ENTRIES,))


def install_after_migrating(using: str, **_: object) -> None:
    """SQLite rebuilds a table to change it and drops its triggers with the old: put the walls up again."""
    from django.db import connections

    install(connections[using])
