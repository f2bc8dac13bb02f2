"""What makes the demo's gates worth looking at: a hepatitis B that is handled, a reported infection, medicines, an
override.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clinics.domain.calendar import local_date
from clinics.models import Clinic, User
from evaluation import actions as evaluation
from infusion.demo.people import HEPATITIS, LONG_IN_TREATMENT, STARTING, TODAY, Invented
from patients import actions as patients
from patients.models import Patient
from scheduling import actions as scheduling
from scheduling import queries as schedule


@dataclass(frozen=True, slots=True)
class Gates:
    """Who records it, and when: as the clinic's staff would, after everything else."""

    clinic: Clinic
    nurse: User
    prescriber: User
    now: datetime

    def tell(self) -> None:
        self._hepatitis()
        self._infection()
        self._medicines()
        self._opened()

    @property
    def _today(self) -> date:
        return local_date(self.now, self.clinic.zone)

    def _named(self, who: Invented) -> Patient:
        return Patient.objects.of(self.clinic).get(given_name=who.given, family_name=who.family)

    def _record(
        self, patient: Patient, kind: str, value: str, by: User, *, unit: str = "", note: str = ""
    ) -> None:
        evaluation.record_result(
            clinic=self.clinic,
            patient=patient,
            kind=kind,
            value=value,
            unit=unit,
            note=note,
            observed_on=self._today,
            by=by,
            now=self.now,
        )

    def _hepatitis(self) -> None:
        """One patient whose old hepatitis B is handled before the first infusion, and one who waits for hepatology."""
        handled, waiting = self._named(STARTING[1]), self._named(HEPATITIS)
        started = self._today - timedelta(days=1)
        self._record(handled, "anti_hbc", "positive", self.nurse)
        self._record(handled, "hbv_dna", "not_detected", self.nurse)
        self._record(
            handled, "hbv_prophylaxis", f"entecavir {started}", self.prescriber, note="0.5 mg once a day"
        )
        self._record(
            handled, "hepatology", f"agreed {started}", self.prescriber, note="Dr Osei, liver clinic"
        )
        self._record(waiting, "hbv_dna", "detected", self.nurse, note="2 100 IU/mL")

    def _infection(self) -> None:
        evaluation.note_reported_infection(
            patient=self._named(STARTING[2]),
            on=self._today,
            words="Sore throat and a cough since yesterday",
            source_id="demo:report",
            by=None,
            now=self.now,
        )

    def _medicines(self) -> None:
        taken = (
            (LONG_IN_TREATMENT[2], ("Mycophenolate mofetil 500 mg twice a day", "Ramipril 5 mg once a day")),
            (
                STARTING[0],
                ("Methotrexate 15 mg once a week", "Folic acid 5 mg", "Leflunomide 20 mg once a day"),
            ),
        )
        for who, medicines in taken:
            for text in medicines:
                patients.add_medicine(
                    patient=self._named(who),
                    text=text,
                    started_on=self._today - timedelta(days=200),
                    by=self.nurse,
                    today=self._today,
                )

    def _opened(self) -> None:
        """A low count of today's third patient, infused all the same under a prescriber's name."""
        patient = self._named(TODAY[2])
        self._record(patient, "neutrophils", "1.3", self.nurse, unit="10*9/L")
        visits = list(schedule.upcoming_visits(patient, self.now - timedelta(days=1)))[:1]
        for visit_pk, verdict in schedule.gates_ahead(self.clinic, visits, today=self._today).items():
            low = [each.token for each in verdict.blocking if each.code == "blood_count"]
            if low:
                scheduling.open_gate(
                    visit=schedule.visit(self.clinic, visit_pk),
                    tokens=low,
                    reason="Stable at this level for a year; the flare needs the dose now.",
                    expires_on=self._today,
                    by=self.prescriber,
                    now=self.now,
                )
