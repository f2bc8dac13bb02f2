"""What the bedside page is made of: its figures in words, and what each form begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from clinics.domain.calendar import local_date
from regimens.domain.rates import in_exact_words

from .domain.chart import Entry, Kind, Line
from .domain.judging import resume_at
from .domain.rules import Grade
from .domain.running import at_rate_since, minutes
from .domain.steps import ARRIVED, DONE, IN_TREATMENT
from .domain.vitals import readings
from .forms import ChartForm
from .forms.charting import new_key
from .queries import Shown, given_by, regimen_of

ROUND = 1


def figure(value: Fraction | None) -> str:
    """A figure for the eye: at most one decimal."""
    return "" if value is None else f"{float(round(value, ROUND)):g}"


@dataclass(frozen=True, slots=True)
class Stop:
    """One stage of the day on the page's line of stages: over, current or still to come, and when it was reached."""

    words: str
    icon: str
    word: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the chart in words. ``late``: it was typed later than it happened."""

    line: Line
    title: str
    words: str
    marked: bool
    late: bool
    before: tuple[tuple[Entry, str], ...]


def stages(shown: Shown) -> list[Stop]:
    """The stages of the day in order."""
    order = [ARRIVED, *IN_TREATMENT, DONE]
    reached = {
        "arrived": shown.record.arrived_at if shown.record else None,
        "in_chair": shown.record.in_chair_at if shown.record else None,
        "premedicating": _at(shown.chart.first(Kind.PREMEDICATION)),
        "infusing": shown.chart.began_at,
        "observing": shown.chart.ended_at,
        "done": shown.record.done_at if shown.record else None,
    }
    place = order.index(shown.stage) if shown.stage in order else -1
    words = ("over", "current", "ahead")
    return [
        Stop(
            stage.words,
            stage.icon,
            words[0] if number < place or shown.stage == DONE else words[1] if number == place else words[2],
            reached[stage.code],
        )
        for number, stage in enumerate(order)
    ]


def _at(entry: Entry | None) -> datetime | None:
    return entry.happened_at if entry is not None else None


def rows(shown: Shown) -> list[Row]:
    """The chart, newest first, in words."""
    late = shown.rules.time("late_after")
    found = []
    for line in shown.written:
        entry = line.entry
        words, marked = say(entry, shown)
        before = tuple((each, say(each, shown)[0]) for each in line.replaced)
        kind = entry.kind
        found.append(
            Row(line, TITLES[kind], words, marked, entry.recorded_at - entry.happened_at > late, before)
        )
    return found


TITLES: Mapping[Kind, str] = {
    Kind.IDENTITY: "Identity confirmed",
    Kind.WEIGHT: "Weight",
    Kind.PREMEDICATION: "Premedication started",
    Kind.MEDICINE: "Given",
    Kind.PRODUCT: "Product",
    Kind.RATE: "Rate",
    Kind.PAUSE: "Paused",
    Kind.STOP: "Infusion ended",
    Kind.VITALS: "Vital signs",
    Kind.REACTION: "Reaction",
    Kind.NOTE: "Note",
    Kind.DISCHARGE: "Discharged",
}


def say(entry: Entry, shown: Shown) -> tuple[str, bool]:
    """An entry in words, and whether something in it is out of range."""
    given = entry.payload
    if entry.is_void:
        return "Taken back: it never happened.", False
    if entry.kind == Kind.VITALS:
        return _vitals(given, shown)
    words = {
        Kind.IDENTITY: lambda: ", ".join(str(each).replace("_", " ") for each in given["confirmed"]),
        Kind.WEIGHT: lambda: f"{given['kg']} kg. {given.get('dose', '')}".rstrip(". ") + ".",
        Kind.PREMEDICATION: lambda: f"Gate: {given['gate'].lower()}",
        Kind.MEDICINE: lambda: " ".join(filter(None, (given["drug"], given["dose"], given["route"]))),
        Kind.PRODUCT: lambda: (
            f"{given['product']}, lot {given['lot']}, expires {given['expires_on']}, {given['volume_ml']} mL"
            + _because(given)
        ),
        Kind.RATE: lambda: f"{given['mg_h']} mg/h" + _ml(Fraction(given["mg_h"]), shown) + _because(given),
        Kind.PAUSE: lambda: given.get("reason") or "The flow is stopped.",
        Kind.STOP: lambda: _ended(given, shown),
        Kind.REACTION: lambda: _reaction(given, shown),
        Kind.NOTE: lambda: given["text"],
        Kind.DISCHARGE: lambda: given.get("reason") or "Observation was over.",
    }[entry.kind]()
    return str(words), entry.kind == Kind.REACTION


def _because(given: Mapping[str, Any]) -> str:
    return f". {given['reason']}" if given.get("reason") else ""


def _ml(mg_h: Fraction, shown: Shown) -> str:
    return f" ({figure(mg_h / shown.concentration)} mL/h)" if shown.concentration else ""


def _ended(given: Mapping[str, Any], shown: Shown) -> str:
    if given["complete"]:
        return f"The whole dose of {figure(shown.dose_mg)} mg was given."
    dose = given.get("dose_mg") or figure(shown.given_mg)
    return f"{dose} mg of {figure(shown.dose_mg)} mg were given{_because(given)}"


def _reaction(given: Mapping[str, Any], shown: Shown) -> str:
    names = {choice.code: choice.label for choice in shown.rules.symptoms}
    acts = {choice.code: choice.label for choice in shown.rules.acts}
    seen = [names.get(code, code) for code in given.get("symptoms", [])]
    words = ", ".join([*seen, *([given["text"]] if given.get("text") else [])])
    return f"Grade {given['grade']}: {words}. {acts.get(given['act'], '')}."


def _vitals(given: Mapping[str, Any], shown: Shown) -> tuple[str, bool]:
    taken = signs(given, shown)
    words = [f"{name} {value}{f' ({mark})' if mark else ''}" for name, value, mark in taken]
    return ", ".join(words), any(mark for _, _, mark in taken)


def signs(given: Mapping[str, Any], shown: Shown) -> list[tuple[str, str, str]]:
    """The signs of one entry as (name, value, low or high): the two blood pressures are written as one."""
    found: list[tuple[str, str, str]] = []
    for each in readings(given, shown.rules.signs):
        if found and found[-1][0] == each.sign.short:
            name, value, mark = found.pop()
            found.append((name, f"{value}/{each.value}", mark or each.mark))
        else:
            found.append((each.sign.short, str(each.value), each.mark))
    return found


def begin_with(shown: Shown) -> dict[str, dict[str, Any]]:
    """What each form begins with: the next planned rate, half the rate for a reaction, the usual product."""
    coming, usual = shown.ahead.next, shown.day.last_product if shown.day else ""
    product = shown.chart.last(Kind.PRODUCT)
    begun = dict(product.payload) if product is not None else {"product": usual}
    rate: dict[str, Any] = {}
    if coming is not None:
        rate = {"mg_h": figure(coming.mg_h)}
    elif not shown.chart.changes:
        rate = {"mg_h": _first_rate(shown)}
    slowed = {"mg_h": figure(shown.rate / 2)} if shown.rate else {}
    return {"rate": rate, "reaction": slowed, "product": {**begun, "reason": ""}, "stop": {"complete": "yes"}}


def _first_rate(shown: Shown) -> str:
    return figure(Fraction(shown.day.plan.steps[0].rate_mg_h)) if shown.day else ""


# Which forms a stage offers, in order; the first opens itself where it is what comes next.
OFFERED: Mapping[str, tuple[str, ...]] = {
    "arrived": ("identity", "weight", "vitals", "note"),
    "in_chair": ("identity", "weight", "vitals", "note"),
    "premedicating": ("product", "vitals", "medicine", "rate", "reaction", "weight", "note"),
    "infusing": ("vitals", "reaction", "rate", "pause", "stop", "product", "medicine", "note"),
    "observing": ("vitals", "reaction", "medicine", "note"),
    "done": ("note", "vitals", "reaction"),
}
FORM_WORDS: Mapping[str, tuple[str, str]] = {
    "identity": ("Confirm identity", "person-check"),
    "weight": ("Weight", "activity"),
    "vitals": ("Vital signs", "heart-pulse"),
    "product": ("Product, lot and dilution", "bag"),
    "medicine": ("Another medicine", "capsule"),
    "rate": ("Another rate, or another time", "droplet"),
    "pause": ("Pause, with reason or time", "pause-circle"),
    "stop": ("End the infusion", "slash-circle"),
    "reaction": ("Reaction", "exclamation-triangle"),
    "note": ("Note", "chat-left-text"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """A form of the bedside: open where it is what comes next, or where what was typed is refused."""

    form: ChartForm
    title: str
    icon: str
    open: bool


def acts(shown: Shown, forms: Mapping[str, ChartForm]) -> list[Act]:
    """The forms that the stage offers."""
    found = []
    for kind in OFFERED.get(shown.stage.code, ()):
        title, icon = FORM_WORDS[kind]
        found.append(Act(forms[kind], title, icon, forms[kind].is_bound or _comes_next(kind, shown)))
    return found


def proposed_rates(shown: Shown, forms: Mapping[str, ChartForm]) -> list[SafeString]:
    """The rates that the stage's forms propose, to be exchanged in place: a form stands while the infusion goes on."""
    offered = OFFERED.get(shown.stage.code, ())
    return [
        forms[kind]["mg_h"].as_widget(attrs={"hx-swap-oob": "true"})
        for kind in ("rate", "reaction")
        if kind in offered
    ]


def _comes_next(kind: str, shown: Shown) -> bool:
    if kind == "identity":
        return not shown.chart.of(Kind.IDENTITY)
    return kind == "product" and not shown.chart.of(Kind.PRODUCT)


def page_shown(shown: Shown, forms: Mapping[str, ChartForm]) -> dict[str, Any]:
    """Everything the templates need."""
    visit, planned = shown.visit, shown.visit.planned_infusion
    assert planned is not None
    on = local_date(visit.starts_at, visit.clinic.zone)
    asked = {
        "on": on.isoformat(),
        "start": planned.course.start_on.isoformat(),
        "condition": planned.course.diagnosis.condition,
    }
    return {
        "shown": shown,
        "visit": visit,
        "day": on,
        "chart": shown.chart,
        "stage": shown.stage,
        "stages": stages(shown),
        "rows": rows(shown),
        "kinds": acts(shown, forms),
        "proposed_rates": proposed_rates(shown, forms),
        "forms": forms,
        "new_key": new_key,
        "check_url": f"{reverse('evaluation:check', args=[visit.patient_id])}?{urlencode(asked)}",
        "identity": shown.chart.last(Kind.IDENTITY),
        "weighed": shown.chart.last(Kind.WEIGHT),
        "plan": plan(shown),
        "taken": [
            (each.happened_at, signs(each.payload, shown)) for each in reversed(shown.chart.of(Kind.VITALS))
        ],
        "figures": figures(shown),
        "vital_times": [each for code, each in shown.rules.times.items() if code.startswith("vitals")],
        "vitals_in": _until(shown.vitals_due.at if shown.vitals_due else None, shown),
        "dilution_least": shown.rules.limits["dilution_least"],
        "dilution_most": shown.rules.limits["dilution_most"],
        "given_mg": figure(Fraction(given_by(visit, shown.chart))) if shown.chart.ended else "",
    } | flow(shown)


def figures(shown: Shown) -> dict[str, str]:
    """The numbers of the page, each short enough for the eye."""
    coming, strength = shown.ahead.next, shown.concentration
    return {
        "dose": figure(shown.dose_mg),
        "given": figure(shown.given_mg),
        "rate": figure(shown.rate),
        "rate_ml": millilitres(shown.rate, shown),
        "given_ml": figure(shown.given_ml),
        "whole_ml": figure(shown.whole_ml),
        "strength": f"{float(round(strength, 2)):g}" if strength else "",
        "next": figure(coming.mg_h) if coming else "",
        "next_ml": millilitres(coming.mg_h, shown) if coming else "",
    }


def millilitres(mg_h: Fraction | None, shown: Shown) -> str:
    """A rate as the pump takes it (mL/h); empty until the dilution is known."""
    return figure(mg_h / shown.concentration) if mg_h is not None and shown.concentration else ""


def flow(shown: Shown) -> dict[str, Any]:
    """What is next: the change, the start, the resumption, the end of observation; and what is proposed."""
    proposal, resumed = proposed(shown), None
    if shown.rate == 0:
        resumed = resume_at(shown.chart, proposal)
    first = Fraction(shown.day.plan.steps[0].rate_mg_h) if shown.day else None
    return {
        "next_in": _until(shown.ahead.next.at if shown.ahead.next else None, shown),
        "since": at_rate_since(shown.chart.changes),
        "proposal": proposal,
        "reminded": shown.reminded,
        "slow_today": shown.profile == regimen_of(shown.visit).first_profile,
        "resume": figure(resumed),
        "resume_ml": millilitres(resumed, shown),
        "first_rate": figure(first),
        "first_ml": millilitres(first, shown),
        "not_given": [each for each in shown.premedication if each.entry is None],
        "may_start_in": _until(shown.may_start_at, shown),
        "ready_now": shown.may_start_at is None or shown.may_start_at <= shown.now,
        "observed": shown.observe_until is not None and shown.observe_until <= shown.now,
        "observe_in": _until(shown.observe_until, shown),
    }


def proposed(shown: Shown) -> Grade | None:
    """What the rules propose for the worst reaction of the day, or None without one."""
    worst = shown.chart.worst_grade
    return shown.rules.grades[worst] if worst else None


def plan(shown: Shown) -> list[dict[str, Any]]:
    """The planned steps beside those taken."""
    return [
        {
            "rate": figure(Fraction(each.step.rate_mg_h)),
            "ml": millilitres(Fraction(each.step.rate_mg_h), shown),
            "minutes": in_exact_words(each.step.minutes),
            "planned_at": each.planned_at,
            "taken_at": each.taken_at,
            "current": shown.rate == each.step.rate_mg_h,
        }
        for each in shown.steps
    ]


def _until(at: datetime | None, shown: Shown) -> int | None:
    """Whole minutes until an instant, counted up; zero or below once it has come."""
    return None if at is None else ceil(minutes(at - shown.now))
