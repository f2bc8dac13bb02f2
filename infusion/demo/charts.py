"""Charts for the demo's day, told from now backwards: one infusion is over, one runs, one has not begun."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from clinics.models import User
from scheduling.models import Visit
from treatment import actions, queries
from treatment.domain.chart import Kind
from treatment.domain.judging import Day

PRODUCT = {"product": "Truxima", "lot": "TX-4471", "volume_ml": "500", "reason": ""}
SIGNS = ("temperature", "systolic", "diastolic", "pulse", "breaths", "oxygen")
CALM = ("36.7", "124", "76", "74", "14", "98")
FLUSHED = ("37.2", "131", "80", "96", "16", "97")
FEVERISH = ("38.2", "142", "84", "114", "20", "96")
_number = count(1)


class Charting:
    """One visit's chart, written by one nurse in minutes before now."""

    def __init__(self, visit: Visit, nurse: User, now: datetime) -> None:
        self.visit, self.nurse, self.now = visit, nurse, now

    def at(self, ago: int) -> datetime:
        return self.now - timedelta(minutes=ago)

    def fresh(self) -> Visit:
        return queries.visit(self.visit.clinic, self.visit.pk)

    def write(
        self, kind: Kind, ago: int, payload: Mapping[str, Any], *, typed: int | None = None
    ) -> actions.Written:
        """An entry that happened ``ago`` minutes before now, and was typed then or ``typed`` minutes before now."""
        given: dict[str, Any] = {
            "visit": self.fresh(),
            "payload": payload,
            "happened_at": self.at(ago),
            "key": f"demo-entry-{next(_number):04}",
            "by": self.nurse,
            "now": self.at(ago if typed is None else typed),
        }
        if kind == Kind.REACTION:
            return actions.record_reaction(**given)
        return actions.add_entry(kind=kind, **given)

    def seat(self, ago: int) -> None:
        for step in (actions.arrive, actions.start):
            step(visit=self.fresh(), by=self.nurse, now=self.at(ago))

    def judged(self) -> Day:
        return queries.judged_by(self.fresh(), queries.chart_of(self.visit), now=self.now)

    def prepare(self, ago: int, *, given: int = 3) -> None:
        """Seated, identified, weighed, and as many medicines of the premedication as are given so far."""
        self.seat(ago + 6)
        self.write(Kind.IDENTITY, ago + 4, {"confirmed": ["name", "birth_date"]})
        self.write(Kind.WEIGHT, ago + 3, {"kg": "74.5"})
        self.signs(ago + 2, CALM)
        self.write(Kind.PREMEDICATION, ago + 1, {})
        for place, medicine in list(enumerate(self.judged().medicines))[:given]:
            drug, dose = (medicine.drug, str(medicine.dose)) if medicine.dose else (medicine.examples[0], "")
            given_now = {"place": place, "drug": drug, "dose": dose, "route": medicine.route or ""}
            self.write(Kind.MEDICINE, ago, given_now)

    def hang(self, ago: int) -> None:
        expires = (self.now + timedelta(days=240)).date().isoformat()
        self.write(Kind.PRODUCT, ago, {**PRODUCT, "expires_on": expires})

    def signs(self, ago: int, values: Iterable[str], *, typed: int | None = None) -> None:
        self.write(Kind.VITALS, ago, dict(zip(SIGNS, values, strict=True)), typed=typed)

    def rates(self, began: int, until: int) -> None:
        """The steps of the plan that begin before ``until`` minutes ago."""
        for step in self.judged().plan.steps:
            ago = began - int(step.start_minute)
            if ago >= until:
                self.write(Kind.RATE, ago, {"mg_h": str(step.rate_mg_h), "reason": ""})


def observing(visit: Visit, nurse: User, now: datetime) -> None:
    """An infusion that ended a few minutes ago."""
    chart = Charting(visit, nurse, now)
    chart.prepare(241)
    chart.hang(220)
    chart.rates(208, 12)
    for ago in (193, 178, 163, 148, 118, 88, 58, 28):
        chart.signs(ago, CALM)
    chart.write(Kind.STOP, 12, {"complete": True, "dose_mg": "", "reason": ""})
    chart.signs(10, CALM)


def infusing(visit: Visit, nurse: User, now: datetime) -> None:
    """An infusion in the middle: a mild reaction passed, one entry was typed late, one was corrected."""
    chart = Charting(visit, nurse, now)
    chart.prepare(128)
    chart.hang(110)
    chart.rates(95, 65)
    for ago, values in ((97, CALM), (80, CALM), (66, FLUSHED)):
        chart.signs(ago, values)
    seen = {"grade": 1, "symptoms": ["flushing", "itching"], "text": "", "act": "slow", "mg_h": "50"}
    chart.write(Kind.REACTION, 58, seen)
    chart.signs(56, FEVERISH)
    wrong = chart.write(Kind.VITALS, 45, {"pulse": "180"}, typed=38).entry
    assert wrong is not None
    actions.correct_entry(
        visit=chart.fresh(),
        entry=wrong,
        payload={"pulse": "88"},
        happened_at=wrong.happened_at,
        reason="Typed the wrong number.",
        key="demo-correction-1",
        by=nurse,
        now=chart.at(36),
    )


def premedicating(visit: Visit, nurse: User, now: datetime) -> None:
    """A patient who has been given two of the three medicines."""
    Charting(visit, nurse, now).prepare(14, given=2)
