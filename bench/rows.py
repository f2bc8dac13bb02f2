"""Rows written fast and past the models, into the real tables with their walls standing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

BATCH = 20_000


def write(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows, their keys included, by COPY or by prepared statements; the next key comes after them."""
    table, constants = model._meta.db_table, _constants(model, columns)
    names = ", ".join([*columns, *constants])
    rest = tuple(constants.values())
    rows = ((*row, *rest) for row in rows)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("?" * (len(columns) + len(constants)))
            statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
            for some in _batches(rows):
                cursor.connection.executemany(statement, some)
        for reset in connection.ops.sequence_reset_sql(no_style(), [model]):
            cursor.execute(reset)


def _constants(model: type[Model], columns: Sequence[str]) -> dict[str, Any]:
    """What the columns that are not named hold in every row: each field's default, or the moment of writing."""
    found: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.column in columns or field.null:
            continue
        value = timezone.now() if getattr(field, "auto_now_add", False) else field.get_default()
        if isinstance(value, list | dict):
            value = json.dumps(value)
        found[str(field.column)] = (
            value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
        )
    return found


def next_key(model: type[Model]) -> int:
    """The first key that no row has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {model._meta.db_table}")
        return int(cursor.fetchone()[0])


def settle() -> None:
    """Let the engine count its rows, as it does by itself within minutes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
        else:
            cursor.execute("ANALYZE")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    each = iter(rows)
    while some := list(islice(each, BATCH)):
        yield some
