"""Standing visits read as fast as an engine gives them: one short text a row, and no model built."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Case, Func, IntegerField, Q, TextField, Value, When

from clinics.models import Clinic
from clinics.prepared import Given, Prepared, asking
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
    spans: Collection[tuple[datetime, datetime]],
    *,
    patient: int | None = None,
    clinician: int | None = None,
    without: Collection[int] = (),
) -> Iterator[Row]:
    """The clinic's standing visits that begin in one of the spans of instants, in no order: one query. At the time of
    the ``patient``'s visits, and of the ``clinician``'s follow-ups, nothing else may be offered; ``without`` names
    visits to leave out.

    The rows pass by and are never all in memory: the queryset says what to read, the cursor reads it.
    """
    given: dict[str, Any] = {"clinic": clinic.pk, "patient": patient, "clinician": clinician}
    for place, (begin, end) in enumerate(spans):
        given |= {f"begin{place}": begin, f"end{place}": end}
    given |= {f"without{place}": key for place, key in enumerate(without)}
    question = _standing(len(spans), patient is not None, clinician is not None, len(without))
    with asking(connections[DEFAULT_DB_ALIAS]) as cursor:
        cursor.execute(*question.told(**given))
        while some := cursor.fetchmany(CHUNK):
            yield from some


@lru_cache(maxsize=64)
def _standing(spans: int, patient: bool, clinician: bool, without: int) -> Prepared:
    """The question for so many spans and visits to leave out."""
    beginning = [
        Q(starts_at__gte=Given(f"begin{place}"), starts_at__lt=Given(f"end{place}")) for place in range(spans)
    ]
    elsewhere = [Q(patient=Given("patient"))] if patient else []
    elsewhere += [Q(kind="follow_up", nurse=Given("clinician"))] if clinician else []
    told = _Told(reduce(or_, elsewhere) if elsewhere else None)
    left_out: list[Any] = [Given(f"without{place}") for place in range(without)]
    return Prepared(
        lambda: (
            Visit.objects.of(Given("clinic"))
            .filter(reduce(or_, beginning), status__in=STANDING)
            .exclude(pk__in=left_out)
            .order_by()
            .values_list(told, "chair_id", "nurse_id")
        )
    )


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
