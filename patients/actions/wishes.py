"""Writing what a patient asks of their times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.models import User

from ..domain.wishes import in_words
from ..models import Patient, Wishes
from .trail import note as write_note

BACKWARDS = Refusal("wishes_backwards", "This lies before the earliest time.", "not_after")


def as_shown(wishes: Wishes | None) -> str:
    """The wishes as one text, by which a page says what it showed."""
    row = wishes or Wishes()
    values = (*sorted(row.weekdays), row.not_before, row.not_after, row.place, row.notice_hours, row.note)
    return "|".join("" if value is None else str(value) for value in values)


@transaction.atomic
def set_wishes(
    *,
    patient: Patient,
    by: User | None,
    weekdays: Iterable[int] = (),
    not_before: time | None = None,
    not_after: time | None = None,
    place: str = "",
    notice_hours: int = 24,
    note: str = "",
    shown: str | None = None,
) -> Wishes:
    """Keep what a patient asks of their times; returns them as they stand. ``shown`` is what the page showed.

    Refused where the day would end before it begins, and with stale where somebody changed them in between.
    """
    if not_before is not None and not_after is not None and not_after <= not_before:
        raise Refused(BACKWARDS)
    Patient.objects.of(patient.clinic).select_for_update(no_key=True).get(pk=patient.pk)
    row = Wishes.objects.of(patient.clinic).filter(patient=patient).first()
    wanted: dict[str, Any] = {
        "weekdays": sorted({*weekdays}),
        "not_before": not_before,
        "not_after": not_after,
        "place": place,
        "notice_hours": notice_hours,
        "note": note,
    }
    before = {name: getattr(row or Wishes(), name) for name in wanted}
    changes = {
        name: [_plain(before[name]), _plain(wanted[name])] for name in wanted if before[name] != wanted[name]
    }
    if not changes:
        return row or Wishes(clinic=patient.clinic, patient=patient)
    if shown is not None and shown != as_shown(row):
        now = "; ".join(in_words(*(before[name] for name in wanted))) or "none"
        words = (
            f"A colleague has changed the wishes meanwhile. They are now: {now}. Save again to replace them."
        )
        raise Refused(Refusal("stale", words))
    row = row or Wishes(clinic=patient.clinic, patient=patient)
    for name, value in wanted.items():
        setattr(row, name, value)
    row.save()
    write_note(patient, by, "changed wishes", row, **changes)
    return row


def _plain(value: Any) -> Any:
    return value.isoformat("minutes") if isinstance(value, time) else value
