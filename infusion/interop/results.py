"""Laboratory results in: each is matched with a patient of the clinic, checked, then shown or written.

Results that are entered once serve every purpose: the gate, the surveillance, the picture of the response.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from clinics.domain.refusals import Refusal
from clinics.models import Clinic, User
from evaluation.actions import import_results
from patients.models import Patient

from . import queries
from .domain.incoming import Unreadable
from .domain.observations import (
    Checked,
    IncomingObservation,
    NotUsed,
    WhoseResult,
    check_observation,
    kind_called,
    problem_with_person,
)
from .domain.report import ADDED, NOT_USED, REFUSED, UNCHANGED, UPDATED, Outcome
from .importing import Import
from .readers import read_results_file

FATES = {"added": ADDED, "amended": UPDATED, "unchanged": UNCHANGED}


def preview(*, clinic: Clinic, files: Sequence[tuple[str, bytes]], now: datetime) -> Import:
    """What importing these files (names and contents) would do. Everything is done and taken back, patient by
    patient, so that it is just what the import does; nothing is written.
    """
    return _Run(clinic, files, now).take_in(by=None, keep=False)


def run(*, clinic: Clinic, files: Sequence[tuple[str, bytes]], by: User | None, now: datetime) -> Import:
    """Import the files: good rows go in, bad ones are named. Each patient's rows are one transaction."""
    return _Run(clinic, files, now).take_in(by=by, keep=True)


class _Run:
    def __init__(self, clinic: Clinic, files: Sequence[tuple[str, bytes]], now: datetime) -> None:
        self.clinic, self.now = clinic, now
        self.today: date = now.astimezone(clinic.zone).date()
        contents = [(name, read_results_file(name, content)) for name, content in files]
        self.strays = tuple((name, part) for name, content in contents for part in content.left_out)
        self.records = [row for _, content in contents for row in content.records]
        stated = [row.whose for row in self.records if isinstance(row, IncomingObservation)]
        self.by_number, self.by_source = queries.patients_named(
            clinic, [one.record_number for one in stated], [one.source_id for one in stated]
        )

    def take_in(self, *, by: User | None, keep: bool) -> Import:
        outcomes: dict[int, Outcome] = {}
        ready: dict[int, list[tuple[int, IncomingObservation, Checked]]] = defaultdict(list)
        people: dict[int, Patient] = {}
        for number, row in enumerate(self.records):
            checked = self._checked(row)
            if checked is None:
                continue
            if isinstance(checked, Outcome):
                outcomes[number] = checked
            else:
                patient, found = checked
                people[patient.pk] = patient
                ready[patient.pk].append((number, _observation(row), found))
        for key, rows in ready.items():
            outcomes |= self._of_patient(people[key], rows, by, keep)
        return Import(tuple(outcomes[number] for number in sorted(outcomes)), self.strays)

    def _checked(self, row: IncomingObservation | Unreadable) -> Outcome | tuple[Patient, Checked] | None:
        if isinstance(row, Unreadable):
            return Outcome(
                row.source, row.place, REFUSED, field=row.field, reason=row.reason, columns=row.columns
            )
        patient = self._patient(row.whose)
        if row.is_withdrawn:
            return self._withdrawn(row, patient)
        if isinstance(patient, Refusal):
            return _refused(row, Refusal(patient.code, patient.message, row.named(patient.field)))
        found = check_observation(row, today=self.today, born=patient.birth_date)
        if isinstance(found, Refusal):
            return _refused(row, found, patient)
        if isinstance(found, NotUsed):
            return _outcome(row, NOT_USED, patient, found.called)
        return patient, found

    def _withdrawn(self, row: IncomingObservation, patient: Patient | Refusal) -> Outcome | None:
        """A result that its source takes back is named where it stands on record: a person corrects it."""
        if isinstance(patient, Refusal) or not queries.came_from(patient, row.source_id):
            return None
        words = "Its source has withdrawn it, and it stands on record here. Correct it there."
        return _refused(row, Refusal("withdrawn", words, "source_id"), patient)

    def _patient(self, whose: WhoseResult) -> Patient | Refusal:
        """The patient of this clinic a row names. Nobody is matched by guessing; the dead are not at all."""
        if not whose.is_named:
            return Refusal("patient_missing", "It does not say whose result this is.", "record_number")
        found = self.by_number.get(whose.record_number) if whose.record_number else None
        if found is None and not whose.record_number:
            found = self.by_source.get(whose.source_id)
        if found is None:
            named = whose.record_number or whose.source_id
            words = f"No patient of this clinic has the record number {named[:40]}."
            return Refusal("patient_unknown", words, "record_number")
        if words := problem_with_person(whose, birth_date=found.birth_date, family_name=found.family_name):
            field = "birth_date" if whose.birth_date.strip() else "family_name"
            return Refusal("another_person", words, field)
        if found.deceased:
            return Refusal("deceased", "This patient has died. Nothing is added.", "record_number")
        return found

    def _of_patient(
        self,
        patient: Patient,
        rows: list[tuple[int, IncomingObservation, Checked]],
        by: User | None,
        keep: bool,
    ) -> dict[int, Outcome]:
        with transaction.atomic():
            done = import_results(
                clinic=self.clinic,
                patient=patient,
                rows=[checked.incoming for _, _, checked in rows],
                by=by,
                now=self.now,
            )
            transaction.set_rollback(not keep)
        refused = dict(done.refused)
        outcomes = {}
        for place, (number, row, checked) in enumerate(rows):
            if place in refused:
                why = refused[place]
                outcomes[number] = _refused(
                    row, Refusal(why.code, why.message, row.named(why.field)), patient
                )
            else:
                kind = FATES[done.fates[place]]
                outcomes[number] = _outcome(row, kind, patient, checked.words)
        return outcomes


def _observation(row: IncomingObservation | Unreadable) -> IncomingObservation:
    assert isinstance(row, IncomingObservation)
    return row


def _outcome(row: IncomingObservation, kind: str, patient: Patient, words: str) -> Outcome:
    return Outcome(
        source=row.source,
        place=row.place,
        kind=kind,
        record_number=patient.record_number,
        name=str(patient),
        changes=(words,),
        results_not_used=int(kind == NOT_USED),
        fingerprint=hashlib.sha256(f"{patient.pk} {words}".encode("utf-8", "replace")).hexdigest(),
    )


def _refused(row: IncomingObservation, why: Refusal, patient: Patient | None = None) -> Outcome:
    kind = kind_called(row.test)
    stated = " ".join(part for part in (*row.values[:1], *row.units[:1]) if part)
    return Outcome(
        source=row.source,
        place=row.place,
        kind=REFUSED,
        record_number=patient.record_number if patient else row.whose.record_number[:40],
        name=str(patient) if patient else "",
        field=why.field,
        reason=why.message,
        changes=(f"{kind.label if kind else row.called}: {stated}",),
        columns=row.columns,
    )
