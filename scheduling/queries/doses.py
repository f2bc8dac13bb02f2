"""Doses by body surface in milligrams: the body as it was measured last, and what a course's doses come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from clinics.domain.refusals import Refusal
from patients.models import Patient
from patients.queries import latest_measurement
from regimens.domain.definition import Dose, DoseUnit, Regimen
from regimens.domain.dosing import Body, Reckoned, reckon, surface_m2
from scheduling.models import Course, PlannedInfusion

from .courses import regimen


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the doses of one course come to. ``body`` is None where no dose goes by body surface; ``known`` are the
    milligrams planned so far, by milligrams per square metre: they stay where nothing can be reckoned.
    """

    regimen: Regimen
    body: Body | None
    known: dict[Decimal, Decimal]

    def reckoned(self, dose: Dose) -> Reckoned | Refusal | None:
        """A dose by body surface with its reckoning, or why there is none; None for a dose in milligrams."""
        if dose.unit is not DoseUnit.MG_PER_M2 or self.body is None:
            return None
        return reckon(dose, self.regimen.dosing, self.body)

    def fields(self, dose: Dose) -> dict[str, Decimal | None] | Refusal:
        """A dose as a planned infusion keeps it; or why it cannot be reckoned."""
        found = self.reckoned(dose)
        if found is None:
            return {"dose_mg": dose.amount, "dose_per_m2": None}
        if isinstance(found, Reckoned):
            return {"dose_mg": found.mg, "dose_per_m2": dose.amount}
        if dose.amount in self.known:
            return {"dose_mg": self.known[dose.amount], "dose_per_m2": dose.amount}
        return found


def body_of(patient: Patient) -> Body:
    """The patient's latest weight and height."""
    weight, height = (latest_measurement(patient, kind) for kind in ("weight", "height"))
    return Body(
        weight.value if weight else None,
        height.value if height else None,
        weight.taken_on if weight else None,
        height.taken_on if height else None,
    )


def amounts_of(course: Course, rows: Iterable[PlannedInfusion] = ()) -> Amounts:
    """What a course's doses come to now; two queries where a dose goes by body surface, else none."""
    what = regimen(course)
    known = {row.dose_per_m2: row.dose_mg for row in rows if row.dose_per_m2 is not None}
    return Amounts(what, body_of(course.patient) if what.by_surface else None, known)


def body_refusal(what: Regimen, patient: Patient) -> Refusal | None:
    """Why a regimen that doses by body surface cannot be prescribed yet; None for every other."""
    if not what.by_surface or what.dosing is None:
        return None
    surface = surface_m2(what.dosing, body_of(patient))
    return surface if isinstance(surface, Refusal) else None
