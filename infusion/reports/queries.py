"""Reading how a patient responds: scores, steroid dose, relapses and infusions, across rooms; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from clinics.models import Clinic
from evaluation.domain.kinds import KINDS, Kind
from evaluation.domain.requirements import Threshold
from evaluation.domain.scores import SCORES, Band, Score
from evaluation.domain.values import plain
from evaluation.rule_queries import catalogue_of
from evaluation.score_queries import Compared, Dated, band_of, compared, conditions, over_time
from patients.models import Patient
from scheduling.queries import history

from .domain.picture import NARROW, WIDE, Course, Limit, Picture, Point, draw

YEAR = timedelta(days=365)
BESIDES = ["steroid_dose", "relapse", "neda_3", "aiha_response"]


@dataclass(slots=True)
class Row:
    """One day of the table: what the picture shows of it, in words."""

    on: date
    infusion: str = ""
    values: list[tuple[str, Band | None]] = field(default_factory=list)
    steroids: list[str] = field(default_factory=list)
    relapses: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Response:
    """How a patient responds by one measure, with everything the page says about it."""

    kind: Kind
    score: Score | None
    choices: tuple[Kind, ...]
    wide: Picture | None
    narrow: Picture | None
    rows: tuple[Row, ...]
    latest: Dated | None
    latest_band: Band | None
    thresholds: tuple[Threshold, ...]
    since_baseline: Compared | None
    since_previous: Compared | None
    first_infusion: date | None
    infusions: int
    relapses_last_year: int
    relapses_year_before: int | None
    steroids_now: Dated | None
    steroids_then: Dated | None

    @property
    def held_against(self) -> list[tuple[Threshold, str]]:
        """The thresholds, each with its number in plain digits."""
        return [(each, plain(each.value)) for each in self.thresholds]

    @property
    def has_others(self) -> bool:
        return any(row.others for row in self.rows)


def response(patient: Patient, *, asked: str = "", today: date) -> Response | None:
    """The response by the measure asked for, else by the first of the patient's conditions that has values.

    None where no measure is known for any of the patient's confirmed conditions and none was recorded.
    """
    charted = list(dict.fromkeys(kind for kinds in SCORES.charts.values() for kind in kinds))
    found = over_time(patient, [*charted, *SCORES.beside, *BESIDES])
    own = [kind for condition in conditions(patient) for kind in SCORES.charts.get(condition, ())]
    scored = [kind for kind in charted if found[kind] and KINDS[kind].shape == "score"]
    choices = list(dict.fromkeys([*own, *scored, *(kind for kind in SCORES.beside if found[kind])]))
    if not choices:
        return None
    filled = [kind for kind in choices if found[kind]]
    kind = asked if asked in choices else (filled or choices)[0]
    return _response(patient, KINDS[kind], tuple(KINDS[each] for each in choices), found, today)


def _response(
    patient: Patient, kind: Kind, choices: tuple[Kind, ...], found: dict[str, list[Dated]], today: date
) -> Response:
    given = [day for day in history(patient).given if day <= today]
    values, steroids, relapses = found[kind.code], found["steroid_dose"], found["relapse"]
    thresholds = _thresholds(patient.clinic, kind)
    course = Course(
        points=_points(values),
        steroids=_points(steroids),
        relapses=tuple(row.on for row in relapses),
        infusions=tuple(given),
        limits=_limits(kind, thresholds),
        from_zero=kind.shape == "score" or kind.code in SCORES.beside,
    )
    first = given[0] if given else None
    latest = values[-1] if values else None
    number = latest.number if latest else None
    baseline = _last(values, first)
    return Response(
        kind=kind,
        score=SCORES.of_kind(kind.code),
        choices=choices,
        wide=draw(course, WIDE, today=today),
        narrow=draw(course, NARROW, today=today),
        rows=_rows(kind, given, found),
        latest=latest,
        latest_band=band_of(kind.code, number),
        thresholds=thresholds,
        since_baseline=compared(
            kind.code, baseline if baseline is not latest else None, number, against="baseline"
        ),
        since_previous=compared(
            kind.code, values[-2] if len(values) > 1 else None, number, against="previous"
        ),
        first_infusion=first,
        infusions=len(given),
        relapses_last_year=sum(today - YEAR < row.on <= today for row in relapses),
        relapses_year_before=sum(first - YEAR <= row.on < first for row in relapses) if first else None,
        steroids_now=steroids[-1] if steroids else None,
        steroids_then=_last(steroids, first),
    )


def _points(rows: list[Dated]) -> tuple[Point, ...]:
    """The numbers of a kind, one a day: of two on one day the later entry counts."""
    by_day = {row.on: Point(row.on, row.number, row.words) for row in rows if row.number is not None}
    return tuple(by_day[day] for day in sorted(by_day))


def _limits(kind: Kind, thresholds: tuple[Threshold, ...]) -> tuple[Limit, ...]:
    """The cut-offs of a score, or what the requirements hold against a laboratory value."""
    score = SCORES.of_kind(kind.code)
    if score is None:
        return tuple(Limit(each.value, each.label) for each in thresholds)
    return tuple(Limit(band.upto, band.label) for band in score.bands if band.upto)


def _thresholds(clinic: Clinic, kind: Kind) -> tuple[Threshold, ...]:
    """What the clinic's requirements hold against a laboratory value, lowest first."""
    names = SCORES.beside.get(kind.code, ())
    found = [getattr(catalogue_of(clinic).thresholds, name) for name in names] if names else []
    return tuple(sorted(found, key=lambda each: each.value))


def _last(rows: list[Dated], on: date | None) -> Dated | None:
    """The last row on or before a day."""
    return next((row for row in reversed(rows) if on is not None and row.on <= on), None)


def _rows(kind: Kind, given: list[date], found: dict[str, list[Dated]]) -> tuple[Row, ...]:
    """The table, newest day first: it says everything that the picture shows."""
    rows: dict[date, Row] = {}

    def row(on: date) -> Row:
        return rows.setdefault(on, Row(on))

    for number, day in enumerate(given, start=1):
        row(day).infusion = f"{number}"
    for each in found[kind.code]:
        row(each.on).values.append((each.words, band_of(kind.code, each.number)))
    for each in found["steroid_dose"]:
        row(each.on).steroids.append(f"{plain(each.number or Decimal(0))} mg")
    for each in found["relapse"]:
        row(each.on).relapses.append(each.words)
    for code in ("neda_3", "aiha_response"):
        for each in found[code]:
            row(each.on).others.append(f"{KINDS[code].label}: {each.words}")
    return tuple(rows[day] for day in sorted(rows, reverse=True))
