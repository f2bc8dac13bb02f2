"""How the demo's patients came to where they are: scores, steroid doses and relapses over eighteen months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from clinics.models import Clinic, User
from evaluation import actions as evaluation
from evaluation.actions.scores import record_score
from patients.models import Patient
from patients.queries import earlier_infusion_dates

UNITS = {"steroid_dose": "mg/d", "igg": "g/L"}
# By family name: days from the first infusion, then what was entered. A text is a result, else a score's entries.
JOINTS = ("tender", "swollen", "esr", "general_health")
MARLOWE: list[tuple[int, str, str | dict[str, str]]] = [
    *(
        (days, "das28_esr", dict(zip(JOINTS, entries.split(), strict=True)))
        for days, entries in (
            (-16, "12 9 44 65"),
            (60, "8 6 30 50"),
            (120, "4 3 22 40"),
            (178, "5 4 26 45"),
            (270, "2 1 16 25"),
            (345, "4 3 24 38"),
            (420, "1 0 10 15"),
            (470, "2 1 14 20"),
        )
    ),
    *((days, "steroid_dose", dose) for days, dose in ((-16, "15"), (30, "10"), (100, "7.5"), (190, "5"))),
    *((days, "steroid_dose", dose) for days, dose in ((340, "10"), (375, "5"), (440, "2.5"))),
    *((days, "igg", level) for days, level in ((-16, "11.2"), (60, "10.1"), (178, "8.4"), (345, "7.3"))),
    (338, "relapse", "minor"),
]
NOVAK: list[tuple[int, str, str | dict[str, str]]] = [
    *((days, "edss", {"total": score, "walking_m": metres}) for days, score, metres in (
        (-20, "4", "480"), (90, "4", "500"), (175, "3.5", "700"), (260, "3.5", "900"), (330, "3", "1500"))),
    *((days, "relapse", grade) for days, grade in ((-210, "major"), (-75, "minor"), (110, "minor"))),
    (175, "neda_3", "no"),
    (330, "neda_3", "yes"),
]  # fmt: skip
ADEYEMI: list[tuple[int, str, str | dict[str, str]]] = [
    *((days, "bvas_wg", {"total": score}) for days, score in (
        (-10, "9"), (30, "5"), (75, "2"), (120, "1"), (160, "0"))),
    *((days, "steroid_dose", dose) for days, dose in (
        (-12, "60"), (7, "40"), (21, "25"), (45, "15"), (80, "10"), (130, "5"))),
    (-14, "relapse", "major"),
]  # fmt: skip
PEREIRA: list[tuple[int, str, str | dict[str, str]]] = [
    (-20, "sledai_2k", {"arthritis": "yes", "rash": "yes", "dna_binding": "yes", "proteinuria": "yes"}),
    (60, "sledai_2k", {"rash": "yes", "dna_binding": "yes", "low_complement": "yes"}),
    (120, "sledai_2k", {"dna_binding": "yes", "low_complement": "yes"}),
    *((days, "steroid_dose", dose) for days, dose in (
        (-20, "20"), (30, "12.5"), (75, "7.5"), (130, "5"), (168, "15"))),
    (165, "relapse", "minor"),
]  # fmt: skip
DEMIR: list[tuple[int, str, str | dict[str, str]]] = [
    *((days, "pdai_activity", {"total": score}) for days, score in (
        (-15, "38"), (30, "22"), (85, "11"), (140, "6"))),
    *((days, "steroid_dose", dose) for days, dose in (
        (-15, "80"), (20, "60"), (45, "40"), (80, "20"), (130, "10"))),
]  # fmt: skip
TOLD = {"Marlowe": MARLOWE, "Novak": NOVAK, "Adeyemi": ADEYEMI, "Pereira": PEREIRA, "Demir": DEMIR}


def tell(*, clinic: Clinic, nurse: User, today: date, now: datetime) -> None:
    """Record what happened to those who have a story, as far as it has happened yet."""
    for family, story in TOLD.items():
        patient = Patient.objects.of(clinic).get(family_name=family)
        first_on = earlier_infusion_dates(patient)[0]
        for days, kind, what in story:
            on = first_on + timedelta(days=days)
            if on < today:
                _record(patient, kind, what, on, nurse, now)


def _record(
    patient: Patient, kind: str, what: str | Mapping[str, str], on: date, by: User, now: datetime
) -> None:
    if isinstance(what, str):
        evaluation.record_result(
            clinic=patient.clinic,
            patient=patient,
            kind=kind,
            value=what,
            unit=UNITS.get(kind, ""),
            observed_on=on,
            by=by,
            now=now,
        )
    else:
        record_score(
            clinic=patient.clinic, patient=patient, score=kind, given=what, observed_on=on, by=by, now=now
        )
