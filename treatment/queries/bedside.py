"""Reading one infusion for its bedside page: the chart as it stands, and what follows from it at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from django.db.models import Max

from clinics.models import Clinic
from clinics.queries import or_404
from evaluation.domain.findings import Verdict
from patients.models import Allergy
from regimens.domain.definition import Premedication, RateProfile
from regimens.domain.length import PhaseMinutes, VisitPhase
from regimens.queries import premedication
from scheduling.domain.after_reaction import After
from scheduling.models import Visit

from ..domain import judging, running, vitals
from ..domain.chart import Chart, Entry, Kind, Line, read
from ..domain.judging import Day
from ..domain.rules import RULES, Bedside
from ..domain.steps import ARRIVED, DONE, IN_CHAIR, IN_TREATMENT, Stage
from ..models import ChartEntry, InfusionRecord
from .days import gate, record_of, stage
from .plan import judged_by, profile_of, regimen_of, reminded_by


@dataclass(frozen=True, slots=True)
class Given:
    """One medicine of the premedication: its place in the regimen's set, and when it was given (None: not yet)."""

    place: int
    medicine: Premedication
    unverified: bool
    entry: Entry | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One infusion at an instant. Figures are exact; ``concentration`` is None until the product is recorded."""

    visit: Visit
    record: InfusionRecord | None
    stage: Stage
    now: datetime
    sequence: int
    chart: Chart
    rules: Bedside
    verdict: Verdict | None
    profile: RateProfile
    day: Day | None
    dose_mg: Fraction
    given_mg: Fraction
    concentration: Fraction | None
    ahead: running.Ahead
    steps: tuple[running.Planned, ...]
    vitals_due: vitals.Due | None
    premedication: tuple[Given, ...]
    may_start_at: datetime | None
    observe_until: datetime | None
    allergies: tuple[str, ...]
    reminded: After | None

    @property
    def rate(self) -> Fraction | None:
        """The present rate (mg/h); 0 while paused, None before the start and after the end."""
        if not self.chart.changes or self.chart.ended is not None:
            return None
        return self.chart.changes[-1].mg_h

    @property
    def given_ml(self) -> Fraction | None:
        return running.volume_given(self.given_mg, self.concentration) if self.concentration else None

    @property
    def whole_ml(self) -> Fraction | None:
        return self.dose_mg / self.concentration if self.concentration else None

    @property
    def part(self) -> int:
        """The part of the dose that has flowed, in whole percent."""
        return int(self.given_mg * 100 / self.dose_mg)

    @property
    def is_through(self) -> bool:
        """By the rates of the chart the whole dose has flowed, and nobody has ended the infusion yet."""
        return bool(self.chart.changes) and self.chart.ended is None and self.given_mg >= self.dose_mg

    @property
    def written(self) -> tuple[Line, ...]:
        """The chart's lines, newest first."""
        return tuple(reversed(self.chart.lines))


def entries_of(visit: Visit) -> list[Entry]:
    """The visit's chart as it was written."""
    rows = ChartEntry.objects.of(visit.clinic).filter(visit=visit).select_related("by").order_by("id")
    return [
        Entry(
            ref=row.pk,
            kind=Kind(row.kind),
            payload=row.payload,
            happened_at=row.happened_at,
            recorded_at=row.recorded_at,
            by=str(row.by) if row.by is not None else "",
            key=row.key,
            corrects=row.corrects_id,
            reason=row.reason,
        )
        for row in rows
    ]


def chart_of(visit: Visit) -> Chart:
    """The visit's chart as it stands."""
    return read(entries_of(visit))


def entry_in(clinic: Clinic, visit: Visit, pk: int) -> ChartEntry:
    """One entry of the visit's chart, or 404."""
    row: ChartEntry = or_404(ChartEntry.objects.of(clinic).filter(visit=visit), pk=pk)
    return row


def sequence(visit: Visit) -> int:
    """The number of the chart's newest entry: a page that shows it has seen everything."""
    newest = ChartEntry.objects.of(visit.clinic).filter(visit=visit).aggregate(newest=Max("id"))["newest"]
    return newest or 0


def shown(visit: Visit, *, now: datetime) -> Shown:
    """The infusion as its bedside page shows it at an instant."""
    entries, record, at = entries_of(visit), record_of(visit), stage(visit)
    chart = read(entries)
    day = judged_by(visit, chart, now=now) if record is not None else None
    profile = profile_of(visit, chart)
    dose = Fraction(visit.planned_infusion.dose_mg) if visit.planned_infusion else Fraction(0)
    coming = running.Ahead((), None)
    steps: tuple[running.Planned, ...] = ()
    if day is not None:
        coming = running.ahead(chart, day.plan, dose, now)
        steps = running.beside(chart, day.plan, coming)
    medicines: Sequence[Premedication] = day.medicines if day is not None else ()
    return Shown(
        visit=visit,
        record=record,
        stage=at,
        now=now,
        sequence=max((entry.ref for entry in entries), default=0),
        chart=chart,
        rules=RULES,
        verdict=gate(visit, today=day.today) if day is not None and at in (ARRIVED, IN_CHAIR) else None,
        profile=profile,
        day=day,
        dose_mg=dose,
        given_mg=running.dose_given(chart, dose, now),
        concentration=_concentration(chart, dose),
        ahead=coming,
        steps=steps,
        vitals_due=_vitals_due(chart, coming, at),
        premedication=tuple(_given(visit, chart)),
        may_start_at=judging.may_start_at(chart, tuple(medicines)),
        observe_until=_observe_until(visit, chart, first=_is_first(visit, profile)),
        reminded=reminded_by(visit) if at in (ARRIVED, *IN_TREATMENT) else None,
        allergies=tuple(
            Allergy.objects.of(visit.clinic)
            .filter(patient=visit.patient_id)
            .values_list("substance", flat=True)
        ),
    )


def observe_until(visit: Visit) -> datetime | None:
    """Until when the patient is observed after the end; None before it."""
    chart = chart_of(visit)
    return _observe_until(visit, chart, first=_is_first(visit, profile_of(visit, chart)))


def _vitals_due(chart: Chart, coming: running.Ahead, at: Stage) -> vitals.Due | None:
    if at == DONE:
        return None
    return vitals.due(chart, RULES, next_change=coming.next.at if coming.next else None)


def _given(visit: Visit, chart: Chart) -> list[Given]:
    rows = chart.of(Kind.MEDICINE)
    assert visit.planned_infusion is not None
    version = visit.planned_infusion.course.regimen_version
    return [
        Given(
            place,
            row.medicine,
            row.unverified,
            next((each for each in rows if each.payload.get("place") == place), None),
        )
        for place, row in enumerate(premedication(version, regimen_of(visit)))
    ]


def _concentration(chart: Chart, dose: Fraction) -> Fraction | None:
    product = chart.last(Kind.PRODUCT)
    return dose / Fraction(product.payload["volume_ml"]) if product is not None else None


def _is_first(visit: Visit, profile: RateProfile) -> bool:
    return profile == regimen_of(visit).first_profile


def _observe_until(visit: Visit, chart: Chart, *, first: bool) -> datetime | None:
    """From the end on, for the minutes that were booked for it; a booking without them takes the settings."""
    if chart.ended_at is None:
        return None
    settings = PhaseMinutes()
    usual = settings.observation_first if first else settings.observation_later
    booked = {phase[0]: phase[1] for phase in visit.phases}
    return chart.ended_at + timedelta(minutes=max(booked.get(VisitPhase.OBSERVATION.value, 0), usual))
