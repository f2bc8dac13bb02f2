"""What comes of the entries of a disease score.

A formula is a sum of terms, weight × f(component) with f one of value, square root and natural logarithm. It is
calculated in decimals of 28 digits and rounded once, half up, to the decimals of the score's kind; that value
is kept, shown and compared with the cut-offs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text

from .kinds import KINDS, Kind
from .scores import SCORES, Also, Band, Component, Score
from .values import Value, parse_value, plain

DIGITS = Context(prec=28, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Calculated:
    """A score that came out: its value, its band, what was entered, and results of other kinds on the way."""

    score: Score
    value: Value
    band: Band | None
    entered: Mapping[str, str]
    also: tuple[Value, ...] = ()


def calculate(score: Score, given: Mapping[str, str]) -> Calculated | tuple[Refusal, ...]:
    """What comes of what was entered (texts by component; a measured one as "value unit").

    Refusals name the component each stands beside; a missing one says so.
    """
    read = {each.code: _read(each, given.get(each.code, "")) for each in score.components}
    refused = tuple(each for each in read.values() if isinstance(each, Refusal))
    if refused:
        return refused
    numbers = {code: each for code, each in read.items() if isinstance(each, Decimal)}
    entered: dict[str, str] = {}
    for each in score.components:
        found = read[each.code]
        if each.shape == "tick":
            entered |= {each.code: "yes"} if found else {}
        elif found != "":
            entered[each.code] = plain(found) if isinstance(found, Decimal) else str(found)
    kind = KINDS[score.kind]
    text = _response(score, numbers, entered) if score.response else plain(_total(score, kind, numbers))
    value = parse_value(kind, text, kind.unit.code if kind.unit else "")
    also = tuple(_also(each, numbers) for each in score.also)
    problems = [each for each in (value, *also) if isinstance(each, Refusal)]
    if problems or isinstance(value, Refusal):
        return tuple(Refusal(each.code, each.message, _beside(score)) for each in problems)
    band = score.band(value.number) if value.number is not None else None
    return Calculated(score, value, band, entered, tuple(each for each in also if isinstance(each, Value)))


def _beside(score: Score) -> str:
    return score.components[0].code


def _total(score: Score, kind: Kind, numbers: Mapping[str, Decimal]) -> Decimal:
    with localcontext(DIGITS):
        total = sum((term.of(numbers[term.component]) for term in score.terms), Decimal(0))
        if not score.is_calculated:
            return total
        return total.quantize(Decimal(1).scaleb(-kind.places))


def _also(also: Also, numbers: Mapping[str, Decimal]) -> Value | Refusal:
    kind = KINDS[also.kind]
    number = numbers[also.of[0]]
    if len(also.of) > 1:
        with localcontext(DIGITS):
            number = (number / numbers[also.of[1]]).quantize(Decimal(1).scaleb(-kind.places))
    return parse_value(kind, plain(number), kind.unit.code if kind.unit else "")


def _response(score: Score, numbers: Mapping[str, Decimal], entered: Mapping[str, str]) -> str:
    """Complete, partial or no response of an anaemia, by the rules in the data."""
    rules = score.response or {}
    haemoglobin, baseline = numbers["haemoglobin"], numbers["baseline"]
    quiet = entered["haemolysis"] == "no" and entered["transfused"] == "no"
    if haemoglobin >= numbers["normal_from"] and quiet:
        return "complete"
    risen = haemoglobin - baseline >= rules["partial_rise"]
    return "partial" if haemoglobin >= rules["partial_from"] or risen else "none"


def _read(component: Component, text: str) -> Decimal | str | Refusal:
    """What was entered for one component: a number, a choice, or why it cannot be."""
    text, code = text.strip(), component.code
    if problem := problem_with_text(text):
        return Refusal("text_unreadable", problem, code)
    if component.shape == "tick":
        return Decimal(text == "yes")
    if not text:
        return "" if component.optional else Refusal("component_missing", f"Give: {component.label}.", code)
    if component.shape == "choice":
        known = dict(component.choices)
        return text if text in known else Refusal("choice_unknown", "Choose one of these answers.", code)
    if component.shape == "measured":
        number, _, unit = text.partition(" ")
        read = parse_value(component.of_kind, number, unit)
        if isinstance(read, Refusal) or read.number is None:
            words = read.message if isinstance(read, Refusal) else "Write a plain number, for example 11.4."
            return Refusal("number_unreadable", words, code)
        return read.number
    return _number(component, text)


def _number(component: Component, text: str) -> Decimal | Refusal:
    read = _plain_number(text)
    if read is None:
        words = "Write a whole number." if component.shape == "count" else "Write a plain number: 3.5."
        return Refusal("number_unreadable", words, component.code)
    if component.shape == "count" and read != read.to_integral_value():
        return Refusal("number_unreadable", "Write a whole number.", component.code)
    if component.lowest is not None and component.highest is not None:
        if not component.lowest <= read <= component.highest:
            words = f"This lies between {plain(component.lowest)} and {plain(component.highest)}."
            return Refusal("number_impossible", words, component.code)
        if read != round(read, component.places) and component.shape == "number":
            words = f"Write at most {component.places} decimal{'s' if component.places > 1 else ''}."
            return Refusal("number_unreadable", words, component.code)
    return read


def _plain_number(text: str) -> Decimal | None:
    whole, _, part = text.partition(".")
    digits = whole + part
    if not (whole and digits.isascii() and digits.isdigit()) or len(digits) > 12 or text.endswith("."):
        return None
    return Decimal(text)


def entered_in_words(code: str, entered: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was entered for a score, by labels: numbers with their unit, ticks that were set."""
    score = SCORES.get(code)
    if score is None:
        return []
    return [
        (each.label, _in_words(each, entered[each.code])) for each in score.components if each.code in entered
    ]


def given_again(score: Score, entered: Mapping[str, str]) -> dict[str, str]:
    """What was kept of an entry, as it is read: a laboratory value with the unit it is kept in."""
    units = {each.code: KINDS[each.of_kind].unit for each in score.components if each.of_kind}
    return {
        code: f"{text} {unit.code}" if (unit := units.get(code)) else text for code, text in entered.items()
    }


def _in_words(component: Component, text: str) -> str:
    if component.shape == "tick":
        points = plain(component.weight)
        return f"{points} {'point' if points == '1' else 'points'}"
    if component.shape == "choice":
        return dict(component.choices).get(text, text)
    unit = KINDS[component.of_kind].unit if component.of_kind else None
    return f"{text} {unit.label if unit else component.unit}".strip()
