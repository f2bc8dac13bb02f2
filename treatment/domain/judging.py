"""Whether an entry may stand in the chart: refusals in words beside their field, or that it stands there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from clinics.domain.refusals import Refusal
from regimens.domain.definition import Premedication
from regimens.domain.rates import RatePlan

from .chart import Change, Chart, Entry, Kind
from .rules import Bedside, Grade

IDENTIFIERS = ("name", "birth_date", "record_number")


@dataclass(frozen=True, slots=True)
class Day:
    """What an entry is judged against: the visit's own day, dose and plan, and what is known from before.

    ``at`` writes an instant in the clinic's words.
    """

    now: datetime
    today: date
    arrived_at: datetime
    dose_mg: Fraction
    plan: RatePlan
    medicines: tuple[Premedication, ...]
    last_product: str
    last_weight: Decimal | None
    weigh_first: bool
    at: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer: every reason why not, or ``merged`` where the chart says it already."""

    reasons: tuple[Refusal, ...] = ()
    merged: bool = False


FINE, MERGED = Judged(), Judged(merged=True)


def judge(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> Judged:
    """Whether the entry may be written beside what the chart holds."""
    wrong_time = _time(entry, day, rules)
    if wrong_time:
        return Judged((wrong_time,))
    if entry.is_void:
        return FINE
    judged = _JUDGES[entry.kind](entry, chart, day, rules)
    return judged if isinstance(judged, Judged) else Judged(judged)


def _time(entry: Entry, day: Day, rules: Bedside) -> Refusal | None:
    if entry.happened_at > day.now + rules.time("clock_grace"):
        return Refusal("in_future", f"{day.at(entry.happened_at)} is still to come.", "time")
    if entry.happened_at < day.arrived_at - timedelta(minutes=1):
        return Refusal(
            "before_arrival",
            f"{day.at(entry.happened_at)} is before the patient arrived ({day.at(day.arrived_at)}).",
            "time",
        )
    return None


def _identity(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    least = int(rules.limit("identifiers_least"))
    if len(set(entry.payload["confirmed"]) & set(IDENTIFIERS)) >= least:
        return ()
    words = f"Confirm at least {least} of them with the patient."
    return (Refusal("identity_thin", words, "confirmed"),)


def _weight(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    kg, last = Decimal(entry.payload["kg"]), day.last_weight
    if last is None or entry.payload.get("sure"):
        return ()
    if abs(kg - last) * 100 <= last * rules.limit("weight_change"):
        return ()
    words = f"The last weight was {last.normalize():f} kg. Weigh again, or confirm that {kg.normalize():f} kg is right."
    return (Refusal("weight_changed", words, "sure"),)


def _premedication(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> Judged | tuple[Refusal, ...]:
    if chart.of(Kind.PREMEDICATION):
        return MERGED
    if not chart.of(Kind.IDENTITY):
        return (Refusal("identity_missing", "Confirm the patient's identity first."),)
    if day.weigh_first and not chart.of(Kind.WEIGHT):
        return (Refusal("weight_missing", "The dose goes by body surface: weigh the patient first."),)
    return ()


def _medicine(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    if not chart.of(Kind.PREMEDICATION):
        return (Refusal("not_premedicating", "Start premedication first."),)
    drug = str(entry.payload["drug"]).casefold()
    for other in chart.of(Kind.MEDICINE):
        if str(other.payload["drug"]).casefold() == drug and not entry.payload.get("again"):
            words = (
                f"{other.payload['drug']} is on the chart already, given at {day.at(other.happened_at)} by {other.by}. "
                "Tick that it was given once more, if it was."
            )
            return (Refusal("given_already", words, "again"),)
    return ()


def _product(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    wrong, given = [], entry.payload
    if date.fromisoformat(given["expires_on"]) < day.today:
        wrong.append(Refusal("expired", "This vial has expired. Do not give it.", "expires_on"))
    strength = day.dose_mg / Fraction(given["volume_ml"])
    least, most = rules.limit("dilution_least"), rules.limit("dilution_most")
    if not Fraction(least) <= strength <= Fraction(most):
        words = (
            f"{_number(day.dose_mg)} mg in {given['volume_ml']} mL is {_number(strength)} mg/mL. "
            f"Allowed: {least} to {most} mg/mL, that is {_number(day.dose_mg / Fraction(most))} to "
            f"{_number(day.dose_mg / Fraction(least))} mL."
        )
        wrong.append(Refusal("dilution", words, "volume_ml"))
    switched = day.last_product and day.last_product.casefold() != str(given["product"]).casefold()
    if switched and not given.get("reason"):
        words = (
            f"The last infusion was {day.last_product}. If the change to {given['product']} is meant, say why; "
            "if not, change the product."
        )
        wrong.append(Refusal("switched", words, "reason"))
    return tuple(wrong)


def _rate(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> Judged | tuple[Refusal, ...]:
    mg_h, said = Fraction(entry.payload["mg_h"]), bool(entry.payload.get("reason"))
    most = rules.limit("rate_most")
    if not 0 < mg_h <= Fraction(most):
        return (Refusal("rate_impossible", f"A rate lies between 1 and {most} mg/h.", "mg_h"),)
    if not chart.of(Kind.PREMEDICATION):
        return (Refusal("not_premedicating", "Start premedication first."),)
    if not chart.of(Kind.PRODUCT):
        return (Refusal("product_missing", "Record the product, its lot and its dilution first."),)
    if chart.ended is not None and entry.happened_at >= chart.ended.happened_at:
        return (Refusal("ended", f"The infusion ended at {day.at(chart.ended.happened_at)}."),)
    now = in_force(chart, entry.happened_at)
    if now is not None and now.mg_h == mg_h:
        return MERGED
    if now is None:
        return () if said else _start_too_soon(entry, chart, day)
    refusal = _resumed(entry, mg_h, now, chart, rules) if now.mg_h == 0 else _too_fast(mg_h, now, day)
    return () if refusal is None or (said and refusal.code != "never_again") else (refusal,)


def may_start_at(chart: Chart, medicines: tuple[Premedication, ...]) -> datetime | None:
    """When the drug may begin by what was given before it: each medicine's shortest time. None before the first."""
    ends = [
        entry.happened_at + timedelta(minutes=min(medicines[entry.payload["place"]].minutes_before))
        for entry in chart.of(Kind.MEDICINE)
        if _is_planned(entry, medicines) and medicines[entry.payload["place"]].minutes_before
    ]
    return max(ends, default=None)


def not_given(chart: Chart, medicines: tuple[Premedication, ...]) -> tuple[Premedication, ...]:
    """The premedication that is not on the chart yet."""
    given = {entry.payload["place"] for entry in chart.of(Kind.MEDICINE) if _is_planned(entry, medicines)}
    return tuple(each for place, each in enumerate(medicines) if place not in given)


def _is_planned(entry: Entry, medicines: tuple[Premedication, ...]) -> bool:
    place = entry.payload.get("place")
    return isinstance(place, int) and 0 <= place < len(medicines)


def _start_too_soon(entry: Entry, chart: Chart, day: Day) -> tuple[Refusal, ...]:
    missing = not_given(chart, day.medicines)
    if missing:
        names = ", ".join(each.drug for each in missing)
        words = f"Not on the chart yet: {names}. Record it, or say why the infusion starts without it."
        return (Refusal("premedication_missing", words, "reason"),)
    ready = may_start_at(chart, day.medicines)
    if ready is not None and entry.happened_at < ready:
        words = (
            f"The premedication needs until {day.at(ready)}. Wait, or say why the infusion starts earlier."
        )
        return (Refusal("too_soon", words, "reason"),)
    return ()


def _too_fast(mg_h: Fraction, now: Change, day: Day) -> Refusal | None:
    following = [step.rate_mg_h for step in day.plan.steps if step.rate_mg_h > now.mg_h]
    fastest = min(following, default=now.mg_h)
    if mg_h <= fastest:
        return None
    words = f"The plan goes to {_number(Fraction(fastest))} mg/h next. Say why the rate rises faster."
    return Refusal("too_fast", words, "reason")


def _resumed(entry: Entry, mg_h: Fraction, now: Change, chart: Chart, rules: Bedside) -> Refusal | None:
    """A flow that begins again after a pause: at which rate, and whether it may at all after a reaction."""
    grade = _grade_before(chart, entry.happened_at, rules)
    if grade is None:
        return None
    if grade.again == "never":
        return Refusal("never_again", f"{grade.words} Source: {grade.source}.")
    before = next(
        (each.mg_h for each in reversed(chart.changes) if each.at <= now.at and each.mg_h > 0), None
    )
    if grade.again == "order":
        return Refusal("needs_order", f"{grade.words} Write down the order and who gave it.", "reason")
    if before is not None and mg_h > before * grade.resume:
        words = (
            f"Proposed after grade {grade.grade}: at most {_number(before * grade.resume)} mg/h. "
            "Say why it resumes faster."
        )
        return Refusal("too_fast", words, "reason")
    return None


def rate_before(chart: Chart, pause: Change) -> Fraction | None:
    """The rate that flowed before a pause."""
    return next(
        (each.mg_h for each in reversed(chart.changes) if each.at <= pause.at and each.mg_h > 0), None
    )


def resume_at(chart: Chart, grade: Grade | None) -> Fraction | None:
    """The rate proposed after the present pause: the one before or, after a reaction, the part that its grade allows.
    None where the drug must not flow again, or never flowed.
    """
    before = rate_before(chart, chart.changes[-1]) if chart.is_paused else None
    if before is None or grade is None:
        return before
    return None if grade.again == "never" else before * grade.resume


def _grade_before(chart: Chart, at: datetime, rules: Bedside) -> Grade | None:
    grades = [int(each.payload["grade"]) for each in chart.of(Kind.REACTION) if each.happened_at <= at]
    return rules.grades[max(grades)] if grades else None


def in_force(chart: Chart, at: datetime) -> Change | None:
    """The change in force at an instant."""
    return next((each for each in reversed(chart.changes) if each.at <= at), None)


def _pause(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> Judged | tuple[Refusal, ...]:
    now = in_force(chart, entry.happened_at)
    if now is None:
        return (Refusal("not_running", "The infusion has not begun yet."),)
    if chart.ended is not None and entry.happened_at >= chart.ended.happened_at:
        return (Refusal("ended", f"The infusion ended at {day.at(chart.ended.happened_at)}."),)
    return MERGED if now.mg_h == 0 else ()


def _stop(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> Judged | tuple[Refusal, ...]:
    if chart.ended is not None:
        return MERGED
    if in_force(chart, entry.happened_at) is None:
        return (Refusal("not_running", "The infusion has not begun yet."),)
    if entry.payload["complete"]:
        return ()
    wrong, typed = [], entry.payload.get("dose_mg")
    if typed and not 0 <= Fraction(typed) <= day.dose_mg:
        words = f"The dose given lies between 0 and {_number(day.dose_mg)} mg."
        wrong.append(Refusal("dose_impossible", words, "dose_mg"))
    if not entry.payload.get("reason"):
        wrong.append(Refusal("reason_missing", "Say why the dose is not complete.", "reason"))
    return tuple(wrong)


def _vitals(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    wrong = []
    for sign in rules.signs:
        text = entry.payload.get(sign.code)
        if text and not sign.least <= Decimal(text) <= sign.most:
            words = f"{text} is not possible. Write {sign.least} to {sign.most} {sign.unit}."
            wrong.append(Refusal("sign_impossible", words, sign.code))
    upper, lower = entry.payload.get("systolic"), entry.payload.get("diastolic")
    if upper and lower and not wrong and Decimal(lower) >= Decimal(upper):
        wrong.append(Refusal("pressure_crossed", "The lower value must be below the upper one.", "diastolic"))
    if not any(entry.payload.get(sign.code) for sign in rules.signs):
        wrong.append(Refusal("nothing_taken", "Write at least one value.", rules.signs[0].code))
    return tuple(wrong)


def _reaction(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    wrong, given = [], entry.payload
    if int(given["grade"]) not in rules.grades:
        wrong.append(Refusal("grade_impossible", "A reaction is graded from 1 to 4.", "grade"))
    if not given.get("symptoms") and not given.get("text"):
        wrong.append(Refusal("reaction_without_words", "Tick or write what was seen.", "symptoms"))
    return tuple(wrong)


def _free(entry: Entry, chart: Chart, day: Day, rules: Bedside) -> tuple[Refusal, ...]:
    return ()


def _number(value: Fraction) -> str:
    """A figure for a sentence: at most two decimals."""
    return f"{float(round(value, 2)):g}"


_JUDGES: Mapping[Kind, Callable[[Entry, Chart, Day, Bedside], Judged | tuple[Refusal, ...]]] = {
    Kind.IDENTITY: _identity,
    Kind.WEIGHT: _weight,
    Kind.PREMEDICATION: _premedication,
    Kind.MEDICINE: _medicine,
    Kind.PRODUCT: _product,
    Kind.RATE: _rate,
    Kind.PAUSE: _pause,
    Kind.STOP: _stop,
    Kind.VITALS: _vitals,
    Kind.REACTION: _reaction,
    Kind.NOTE: _free,
    Kind.DISCHARGE: _free,
}
