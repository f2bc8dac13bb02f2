"""Questions that every click asks: compiled to SQL once, then asked again and again with other values.

Building a queryset and compiling it costs many times what the database needs to answer it. A queryset says what is
read here too; only what differs from one click to the next is left open::

    CHAIRS = Prepared(lambda: Chair.objects.of(Given("clinic")).order_by("pk").values_list("pk", "name"))
    CHAIRS.all(clinic=clinic.pk)

Only where it was measured to matter. The rest of the house asks plain querysets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, TypeVar

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql import InsertQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error
from psycopg.types.numeric import Int8

Written = TypeVar("Written", bound=Model)
BIGGEST = 1 << 63
Row = Any
"""An instance of the queryset's model, or a tuple of values."""


class Given(Expression):
    """Stands in a prepared question for a value that is told when it is asked; never for None."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        return "%s", (self,)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A question in an engine's words: its text, what stands in its places (a ``Given``, or a value that is always the
    same), how single columns are read, what makes an answer of a row, and whether it locks what it reads.
    """

    sql: str
    params: tuple[Any, ...]
    columns: tuple[tuple[int, list[Callable[[Any, Any, Any], Any]], Any], ...]
    answer: Callable[[list[Any]], Row]
    locks: bool


class Prepared:
    """A question compiled once. ``build`` makes its queryset: rows of a model, with ``select_related``, ``only`` and
    ``defer``, or of ``values_list``. What is joined or left out, and how many values there are, stays as it is built.
    """

    def __init__(self, build: Callable[[], QuerySet]) -> None:
        self._build = build

    def all(self, **given: Any) -> list[Row]:
        """Every row, asked with these values."""
        question, link = self._question, connections[DEFAULT_DB_ALIAS]
        with asking(link) as cursor:
            cursor.execute(*self.told(**given))
            rows = cursor.fetchall()
        return [question.answer(each) for each in _read(rows, question.columns, link)]

    def told(self, **given: Any) -> tuple[str, list[Any]]:
        """The question's text and values, for a cursor that reads the rows as the engine gives them."""
        question, link = self._question, connections[DEFAULT_DB_ALIAS]
        if question.locks and link.get_autocommit():
            raise TransactionManagementError("rows are locked inside a transaction only")
        return question.sql, [
            _adapted(given[each.name], link) if isinstance(each, Given) else each for each in question.params
        ]

    @cached_property
    def _question(self) -> _Compiled:
        return _compile(self._build())

    def first(self, **given: Any) -> Row | None:
        """The first row, or None. What no engine can count as high as is nobody's key."""
        try:
            return next(iter(self.all(**given)), None)
        except OverflowError:
            return None


def insert(row: Written) -> Written:
    """Write one new row as ``create`` does, by its model's one statement; nobody listens to these models' signals."""
    statement, fields = _insertion(type(row))
    link = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(field.pre_save(row, add=True), link) for field in fields]
    with mark_for_rollback_on_error(link.alias), asking(link) as cursor:
        cursor.execute(statement, values)
        row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, link.alias
    return row


@cache
def _insertion(model: type[Model]) -> tuple[str, list[Field]]:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    query = InsertQuery(model)
    query.insert_values(fields, [model()])
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    compiler.returning_fields = [model._meta.pk]
    ((statement, _),) = compiler.as_sql()
    return statement, fields


def asking(link: BaseDatabaseWrapper) -> CursorWrapper:
    """A cursor for what is asked again and again. PostgreSQL is told the values beside the text, so that it keeps its
    plan: for the booking's questions planning costs three times what answering does.
    """
    cursor = link.cursor()
    if link.vendor == "postgresql":
        cursor.cursor = psycopg.Cursor(link.connection)
    return cursor


def _adapted(value: Any, link: BaseDatabaseWrapper) -> Any:
    # One sort of number for all keys: each sort would have a plan of its own.
    if type(value) is int and link.vendor == "postgresql" and abs(value) < BIGGEST:
        return Int8(value)
    return link.ops.adapt_unknown_value(value)


def _read(
    rows: Iterable[Any], columns: Iterable[tuple[int, list[Any], Any]], link: BaseDatabaseWrapper
) -> Iterable[list[Any]]:
    for row in map(list, rows):
        for place, converters, expression in columns:
            value = row[place]
            for convert in converters:
                value = convert(value, expression, link)
            row[place] = value
        yield row


def _compile(rows: QuerySet) -> _Compiled:
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    sql, params = compiler.as_sql()
    columns = compiler.get_converters([column for column, *_ in compiler.select])
    kind = rows._iterable_class
    if kind is ModelIterable:
        answer = _instances(compiler)
    elif kind is ValuesListIterable:
        answer = tuple
    else:
        raise TypeError(f"{kind.__name__} is not read by prepared questions")
    return _Compiled(
        sql,
        tuple(params),
        tuple((place, converters, column) for place, (converters, column) in columns.items()),
        answer,
        rows.query.select_for_update,
    )


def _instances(compiler: Any) -> Callable[[list[Any]], Row]:
    """Makes models of rows as a queryset does, the joined ones with them."""
    told, alias = compiler.klass_info, compiler.connection.alias
    first, last = told["select_fields"][0], told["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in compiler.select[first:last]]
    # The types are a version ahead of Django's code.
    joined = get_related_populators(told, compiler.select, alias)  # type: ignore[call-arg]

    def instance(row: list[Any]) -> Row:
        found = told["model"].from_db(alias, names, row[first:last])
        for each in joined:
            each.populate(row, found)
        return found

    return instance
