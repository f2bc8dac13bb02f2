"""Standing visits read as fast as an engine gives them: one short text a row, and no model built."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connections
from django.db.models import Case, Func, IntegerField, Q, TextField, Value, When

from clinics.models import Clinic
from scheduling.domain.capacity import Handovers, Occupied, Phase
from scheduling.domain.filling import Reader, Row
from scheduling.models import STANDING, Visit

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 2_000
"""Rows taken from the driver at a time."""


class _Told(Func):
    """A visit's time and sort as one text, a JSON list: from, to, kind, phases, handovers, and whether nothing else
    may be offered then."""

    output_field = TextField()

    def __init__(self, elsewhere: Q | None) -> None:
        blocks = (
            Value(0)
            if elsewhere is None
            else Case(When(elsewhere, then=Value(1)), default=Value(0), output_field=IntegerField())
        )
        super().__init__("starts_at", "ends_at", "kind", "phases", "handovers", blocks)

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(each) for each in self.get_source_expressions()]
        starts, ends, kind, phases, handovers, blocks = (sql for sql, _ in parts)
        if connection.vendor == "postgresql":
            starts, ends = (f"date_part('epoch', {at})::bigint" for at in (starts, ends))
            sql = (
                f"""('["' || {starts} || '","' || {ends} || '","' || {kind} || '",' || {phases}::text || ',' """
                f"""|| {handovers}::text || ',' || {blocks} || ']')"""
            )
        else:
            sql = f"json_array({starts}, {ends}, {kind}, {phases}, {handovers}, {blocks})"
        return sql, tuple(value for _, values in parts for value in values)


def standing_rows(
    clinic: Clinic,
    spans: Iterable[tuple[datetime, datetime]],
    *,
    elsewhere: Q | None = None,
    without: Collection[int] = (),
) -> Iterator[Row]:
    """The clinic's standing visits that begin in one of the spans of instants, in no order: one query. ``elsewhere``
    says at whose time nothing else may be offered; ``without`` names visits to leave out.

    The rows pass by and are never all in memory: the queryset says what to read, the cursor reads it.
    """
    beginning = [Q(starts_at__gte=begin, starts_at__lt=end) for begin, end in spans]
    rows = Visit.objects.of(clinic).filter(reduce(or_, beginning), status__in=STANDING).order_by()
    if without:
        rows = rows.exclude(pk__in=list(without))
    told = rows.values_list(_Told(elsewhere), "chair_id", "nurse_id")
    sql, values = told.query.sql_with_params()
    with connections[told.db].cursor() as cursor:
        cursor.execute(sql, values)
        while some := cursor.fetchmany(CHUNK):
            yield from some


def reader() -> Reader:
    """Reads visits as rows tell them, without chair and nurse, and whether nothing else may be offered then. What is
    the same but for the time is read once.
    """
    known: dict[str, tuple[tuple[Phase, ...], bool, Handovers, bool]] = {}

    def read(text: str) -> tuple[Occupied, bool]:
        starts, ends, sort = text.split(",", 2)
        if sort not in known:
            kind, *lists, blocks = json.loads(f"[{sort}")
            # SQLite keeps lists as texts.
            phases, handovers = (json.loads(each) if isinstance(each, str) else each for each in lists)
            known[sort] = (
                tuple(Phase(*each) for each in phases),
                kind == "infusion",
                tuple((datetime.fromisoformat(at), nurse) for at, nurse in handovers),
                bool(blocks),
            )
        told, infusion, over, alone = known[sort]
        return Occupied(_instant(starts[2:-1]), _instant(ends[1:-1]), None, None, told, infusion, over), alone

    return read


def _instant(text: str) -> datetime:
    """Seconds since 1970, or the text SQLite keeps."""
    if text.isdigit():
        return EPOCH + timedelta(seconds=int(text))
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
