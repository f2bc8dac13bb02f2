"""Patients in: each record is compared with what is on record, then shown or written as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from clinics.domain.refusals import Refused
from clinics.models import Clinic, User
from patients.actions import telephone
from patients.domain.checks import Person
from patients.domain.conditions import normalised_name

from . import queries, writing
from .domain import checking, comparison
from .domain.comparison import Changes, CheckedRecord, Known
from .domain.incoming import FileContent, IncomingPatient, LeftOut, Unreadable
from .domain.report import ADDED, REFUSED, UNCHANGED, UPDATED, Outcome
from .readers import read_file


@dataclass(frozen=True, slots=True)
class Import:
    """What came of every record, in order, and what in the files belongs to no record."""

    outcomes: tuple[Outcome, ...]
    strays: tuple[tuple[str, LeftOut], ...] = ()


def preview(*, clinic: Clinic, files: Sequence[tuple[str, bytes]], now: datetime) -> Import:
    """What importing these files (names and contents) would do. Writes nothing."""
    return _Run(clinic, files, now).preview()


def run(*, clinic: Clinic, files: Sequence[tuple[str, bytes]], by: User | None, now: datetime) -> Import:
    """Import the files. Each record is one transaction: it goes in as a whole or not at all."""
    return _Run(clinic, files, now).write(by)


@dataclass(frozen=True, slots=True)
class _Checked:
    incoming: IncomingPatient
    accepted: checking.Accepted

    @property
    def number(self) -> str:
        return self.accepted.record.person.record_number


class _Run:
    def __init__(self, clinic: Clinic, files: Sequence[tuple[str, bytes]], now: datetime) -> None:
        self.clinic, self.now = clinic, now
        self.today: date = now.astimezone(clinic.zone).date()
        contents = [(name, read_file(name, content)) for name, content in files]
        self.strays = tuple((name, part) for name, content in contents for part in content.left_out)
        self.records = [row for _, content in contents for row in self._checked(content)]
        taken = [row for row in self.records if isinstance(row, _Checked)]
        self.known = queries.known(clinic, [row.number for row in taken])
        self.people = queries.people_born_on(clinic, [row.accepted.record.person.birth_date for row in taken])
        for row in taken:
            self.people[_who(row.accepted.record.person)].add(row.number)

    def _checked(self, content: FileContent) -> Iterator[_Checked | Outcome]:
        """Each record checked by itself, and against those before it in the same file."""
        seen: dict[str, IncomingPatient] = {}
        for incoming in content.records:
            answer = _check(incoming, self.today)
            if isinstance(answer, _Checked):
                first = seen.setdefault(answer.number, answer.incoming)
                if not first.says_the_same(answer.incoming):
                    field = answer.incoming.named("record_number")
                    words = f"The record number {answer.number} stands in {first.place} already,"
                    words += " with other content. Which of the two is right?"
                    answer = _refused(answer.incoming, field, words)
            yield answer

    def preview(self) -> Import:
        return Import(tuple(self._planned(row) for row in self.records), self.strays)

    def _planned(self, row: _Checked | Outcome) -> Outcome:
        if isinstance(row, Outcome):
            return row
        known = self.known.get(row.number)
        outcome, changes = self._compared(row, known)
        if outcome.kind != REFUSED:
            self.known[row.number] = comparison.after(known, changes)
        return outcome

    def write(self, by: User | None) -> Import:
        return Import(tuple(self._written(row, by) for row in self.records), self.strays)

    def _written(self, row: _Checked | Outcome, by: User | None) -> Outcome:
        """Write one record. What changed since all were read is read again under the patient's lock."""
        if isinstance(row, Outcome):
            return row
        known = self.known.get(row.number)
        outcome, changes = self._compared(row, known)
        if outcome.kind in (REFUSED, UNCHANGED):
            return outcome
        try:
            with transaction.atomic():
                if known is not None:
                    writing.lock(self.clinic, row.number)
                    known = queries.known(self.clinic, [row.number]).get(row.number)
                    outcome, changes = self._compared(row, known)
                if outcome.kind in (ADDED, UPDATED):
                    writing.write(
                        clinic=self.clinic,
                        person=row.accepted.record.person,
                        is_new=known is None,
                        changes=changes,
                        by=by,
                        now=self.now,
                    )
        except Refused as refused:
            return _refused(row.incoming, "", f"{refused} Import this record again.")
        if outcome.kind != REFUSED:
            self.known[row.number] = comparison.after(known, changes)
        return outcome

    def _compared(self, row: _Checked, known: Known | None) -> tuple[Outcome, Changes]:
        record = row.accepted.record
        if known is not None and comparison.is_another_person(record, known):
            words = "belongs to somebody else here: neither the name nor the birth date is the same."
            field = row.incoming.named("record_number")
            return _refused(row.incoming, field, f"The record number {row.number} {words}"), Changes()
        changes = comparison.compare(record, known, today=self.today)
        kind = ADDED if known is None else UPDATED if changes else UNCHANGED
        outcome = Outcome(
            source=row.incoming.source,
            place=row.incoming.place,
            kind=kind,
            record_number=row.number,
            name=f"{record.person.given_name} {record.person.family_name}",
            changes=comparison.in_words(changes) if kind == UPDATED else (),
            questions=comparison.questions(comparison.after(known, changes)),
            left_out=row.accepted.left_out,
            results_not_used=row.accepted.results_not_used,
            same_as=tuple(sorted(self.people[_who(record.person)] - {row.number})),
            fingerprint=hashlib.sha256(repr(changes).encode("utf-8", "replace")).hexdigest(),
        )
        return outcome, changes


def _check(incoming: IncomingPatient | Unreadable, today: date) -> _Checked | Outcome:
    if isinstance(incoming, Unreadable):
        return Outcome(
            source=incoming.source,
            place=incoming.place,
            kind=REFUSED,
            field=incoming.field,
            reason=incoming.reason,
            columns=incoming.columns,
        )
    answer = checking.check_record(incoming, today=today)
    if isinstance(answer, checking.Refused):
        return _refused(incoming, answer.field, answer.reason)
    person = answer.record.person
    record: CheckedRecord = replace(answer.record, person=replace(person, phone=telephone(person.phone)))
    return _Checked(incoming, replace(answer, record=record))


def _refused(incoming: IncomingPatient, field: str, reason: str) -> Outcome:
    return Outcome(
        source=incoming.source,
        place=incoming.place,
        kind=REFUSED,
        field=field,
        reason=reason,
        columns=incoming.columns or _as_columns(incoming),
    )


def _as_columns(incoming: IncomingPatient) -> dict[str, str]:
    """A record that came without columns as a row of our own list, so that it too can be handed back."""
    person = {name: str(value or "") for name, value in incoming.person.items()}
    stated = "; ".join(row.text for row in incoming.diagnoses[:3])
    return {"mrn": person.pop("record_number", ""), **person, "diagnosis": stated}


def _who(person: Person) -> tuple[date, str]:
    return person.birth_date, normalised_name(f"{person.given_name} {person.family_name}")
