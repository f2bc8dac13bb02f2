"""Reading one value: what was typed or sent, checked against its kind, turned exactly into the canonical
unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text

from .kinds import KINDS, Kind, Unit

_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST = date(1900, 1, 1)


@dataclass(frozen=True, slots=True)
class Value:
    """One value. ``text`` is what is kept: a decimal in the canonical unit, a choice, or a choice and its
    day.

    ``number`` and ``unit`` are canonical; ``entered`` and ``entered_unit`` are what came in.
    """

    kind: str
    text: str
    unit: str = ""
    number: Decimal | None = None
    choice: str = ""
    day: date | None = None
    entered: str = ""
    entered_unit: str = ""


def exact(fraction: Fraction) -> Decimal:
    """A fraction as a decimal without loss. Every factor in the data has a finite decimal expansion."""
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def plain(number: Decimal) -> str:
    """A decimal in plain digits: no exponent, no trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def read_day(text: str, field: str = "observed_on") -> date | Refusal:
    """A day written as 2026-03-31, or a refusal with words. Only that form: 03/04/2026 means two different
    days.
    """
    text = text.strip()
    if not _ISO_DAY.fullmatch(text):
        return Refusal("date_unreadable", "Write the date as year-month-day, for example 2026-03-31.", field)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return Refusal("date_impossible", f"There is no {text} in the calendar.", field)
    if day < _EARLIEST:
        return Refusal("date_impossible", "That is too long ago. Check the year.", field)
    return day


def problem_with_days(
    value: Value, observed_on: date, *, today: date, born: date | None = None
) -> Refusal | None:
    """Why these days cannot be: in the future, before birth, or a day inside the value after the observation."""
    if observed_on > today:
        return Refusal("date_in_future", "This date is in the future.", "observed_on")
    if observed_on < max(born or _EARLIEST, _EARLIEST):
        return Refusal("date_before_birth", "This date is before the patient was born.", "observed_on")
    if value.day and value.day > observed_on:
        return Refusal(
            "day_after_observation",
            "This day is later than the day on which it was asked or recorded.",
            "value",
        )
    if value.day and value.day < max(born or _EARLIEST, _EARLIEST):
        return Refusal("date_before_birth", "This day is before the patient was born.", "value")
    return None


def parse_value(kind: Kind | str, text: str, unit: str = "") -> Value | Refusal:
    """Read what was typed or sent for a kind. Refuses what is impossible or could mean two things, with
    words.

    The refusal's ``field`` is ``value`` or ``unit``. A dated choice is written with its day: ``given
    2026-03-31``.
    """
    if isinstance(kind, str):
        known = KINDS.get(kind)
        if known is None:
            return Refusal("kind_unknown", "This kind of result is not known.", "kind")
        kind = known
    for given, field in ((text, "value"), (unit, "unit")):
        if problem := problem_with_text(given):
            return Refusal("text_unreadable", problem, field)
    text = text.strip()
    if not text:
        return Refusal("value_missing", "Give a value.", "value")
    if len(text) > 60 or len(unit) > 30:
        return Refusal("value_too_long", "This is too long for a value.", "value")
    return _number(kind, text, unit) if kind.is_numeric else _choice(kind, text)


def read_stored(kind: str, text: str) -> Value | None:
    """A value as kept in the record, or None where it cannot be read (it is then as good as missing)."""
    known = KINDS.get(kind)
    if known is None:
        return None
    value = parse_value(known, text, known.unit.code if known.unit else "")
    return value if isinstance(value, Value) else None


def _number(kind: Kind, text: str, unit_name: str) -> Value | Refusal:
    if "," in text:
        return Refusal(
            "comma_ambiguous",
            "A comma can mean two things. Write a decimal point and no thousands mark: 1.72.",
            "value",
        )
    if re.fullmatch(r"[-−–]\s*[0-9].*", text):
        return Refusal("value_negative", "This cannot be less than zero.", "value")
    if text[0] in "<>≤≥~":
        return Refusal(
            "number_unreadable",
            "Write the number alone, without < or >, and keep the sign in the note.",
            "value",
        )
    if not _NUMBER.fullmatch(text):
        return Refusal("number_unreadable", "Write a plain number, for example 1.72.", "value")
    unit = kind.unit_called(unit_name)
    if unit is None:
        known = ", ".join(each.label for each in kind.units)
        words = (
            f"Say the unit: {known}."
            if not unit_name.strip()
            else f"This unit is not known here. Use {known}."
        )
        return Refusal("unit_unknown", words, "unit")
    entered = Decimal(text)
    number = exact(Fraction(entered) * unit.factor)
    if problem := _problem_with_number(kind, entered, number, unit):
        return problem
    canonical = kind.unit or unit
    return Value(
        kind=kind.code,
        text=plain(number),
        unit=canonical.code,
        number=number,
        entered=text,
        entered_unit=unit.code,
    )


def _problem_with_number(kind: Kind, entered: Decimal, number: Decimal, unit: Unit) -> Refusal | None:
    if not kind.lowest <= number <= kind.highest:
        canonical = kind.unit or unit
        words = f"{plain(entered)} {unit.label} is not possible: it lies between"
        words += f" {plain(kind.lowest)} and {plain(kind.highest)} {canonical.label}."
        other = next((u for u in kind.units if u != unit and _fits(kind, entered, u)), None)
        hint = f" Did you mean {plain(entered)} {other.label}?" if other else ""
        return Refusal("number_impossible", words + hint, "value")
    if number in kind.excluded or (kind.step and number % kind.step):
        return Refusal(
            "score_between_steps",
            f"This scale goes in steps of {plain(kind.step)}. {kind.help}".strip(),
            "value",
        )
    if kind.shape == "score" and not kind.step and number != round(number, kind.places):
        words = "Write a whole number." if not kind.places else f"Write at most {kind.places} decimals."
        return Refusal("score_between_steps", words, "value")
    return None


def _fits(kind: Kind, entered: Decimal, unit: Unit) -> bool:
    return kind.lowest <= exact(Fraction(entered) * unit.factor) <= kind.highest


def _choice(kind: Kind, text: str) -> Value | Refusal:
    words, _, rest = text.rpartition(" ")
    day: date | None = None
    if words and _ISO_DAY.fullmatch(rest):
        read = read_day(rest, "value")
        if isinstance(read, Refusal):
            return read
        day, text = read, words
    choice = kind.choice_called(text)
    if choice is None:
        known = ", ".join(each.label for each in kind.choices)
        return Refusal("choice_unknown", f"Choose one of: {known}.", "value")
    if choice.code in kind.dated and day is None:
        return Refusal("day_missing", "Give the day as well.", "value")
    if choice.code not in kind.dated and day is not None:
        return Refusal("day_unexpected", "A day does not belong to this answer.", "value")
    kept = f"{choice.code} {day.isoformat()}" if day else choice.code
    return Value(kind=kind.code, text=kept, choice=choice.code, day=day, entered=text[:60])


def long_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def describe(kind: str, text: str) -> str:
    """A kept value in words: ``1.2 ×10⁹/L``, ``Negative``, ``Given on 3 March 2026``; unreadable text as it
    is.
    """
    known, value = KINDS.get(kind), read_stored(kind, text)
    if known is None or value is None:
        return text
    if value.number is not None:
        number = plain(round(value.number, known.places + 1))
        label = known.unit.label if known.unit else ""
        return f"{number} {label}".strip()
    choice = known.choice_called(value.choice)
    label = choice.label if choice else value.choice
    return label.replace("…", long_day(value.day)) if value.day else label
