"""Is what was typed, or read from a file, a person we can keep? Each problem in words a receptionist
understands.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clinics.domain.text import problem_with_text

LONGEST_NAME = 150
LONGEST_RECORD_NUMBER = 40
LONGEST_EMAIL = 254
OLDEST_AGE = 130
# Plausible for an adult; product defaults, unverified. Kilograms and centimetres.
WEIGHT_KG = (Decimal(20), Decimal(400))
HEIGHT_CM = (Decimal(50), Decimal(250))
SEXES = {
    "female": "female",
    "f": "female",
    "male": "male",
    "m": "male",
    "other": "other",
    "unknown": "unknown",
    "": "unknown",
}
LANGUAGE_NAMES = {"english": "en", "spanish": "es", "español": "es"}

_FIELD_NAMES = {
    "record_number": "record number",
    "given_name": "given name",
    "family_name": "family name",
    "birth_date": "birth date",
    "sex": "sex",
    "email": "e-mail address",
    "phone": "telephone number",
    "language": "language",
    "weight_kg": "weight",
    "height_cm": "height",
}
_EXAMPLE = "Write it as year-month-day, for example 1980-02-28."
_RECORD_NUMBER = re.compile(r"[^\W_](?:[\w./-]*\w)?")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_OTHER_DATE = re.compile(r"([0-9]{1,2})[./ -]([0-9]{1,2})[./ -]([0-9]{4})")
_NUMBER = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")
_COMMA_NUMBER = re.compile(r"-?[0-9]{1,6},[0-9]{1,6}")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"{_ATOM}(?:\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]"
)
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]*|\([0-9][0-9 ./()-]*")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*")
# Characters that turn the reading direction, so that a screen shows another text than is stored.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, in words to be shown beside it."""

    field: str
    words: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person as checked. Language is empty where none was given; weight in kilograms, height in
    centimetres.
    """

    record_number: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    email: str = ""
    phone: str = ""
    language: str = ""
    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None


def check_person(raw: Mapping[str, object], *, today: date) -> Person | tuple[Problem, ...]:
    """The person, or every problem found, in the order of the fields of ``Person``.

    ``raw`` maps those names to text; what is missing counts as empty. Bounds: born 1900 or later and not in
    the future, at most 130 years old, 20-400 kg, 50-250 cm (product defaults, unverified). Never raises.
    """
    problems: list[Problem] = []
    texts: dict[str, str] = {}
    for name, plain_name in _FIELD_NAMES.items():
        value = raw.get(name)
        text = "" if value is None else unicodedata.normalize("NFC", str(value)).strip(" \u00a0")
        if words := problem_with_line(text):
            problems.append(Problem(name, f"The {plain_name} cannot be kept: {words[0].lower()}{words[1:]}"))
            text = ""
        texts[name] = text
    spoiled = {problem.field for problem in problems}
    checks = {
        "record_number": _record_number,
        "given_name": _name,
        "family_name": _name,
        "birth_date": _birth_date,
        "sex": _sex,
        "email": _email,
        "phone": _phone,
        "language": _language,
        "weight_kg": _weight,
        "height_cm": _height,
    }
    checked: dict[str, object] = {}
    for name, check in checks.items():
        if name in spoiled:
            continue
        answer = check(texts[name], _FIELD_NAMES[name], today)
        if isinstance(answer, Problem):
            problems.append(Problem(name, answer.words))
        else:
            checked[name] = answer
    if problems:
        order = list(_FIELD_NAMES)
        return tuple(sorted(problems, key=lambda problem: order.index(problem.field)))
    return Person(**checked)  # type: ignore[arg-type]


def problem_with_line(text: str) -> str:
    """Words for what is wrong with one line of text, or empty: control characters, half characters, turning
    marks.
    """
    if words := problem_with_text(text):
        return words
    if any(letter in "\n\r\t" for letter in text):
        return "it holds a tab or a line break."
    if any(letter in _TURNING for letter in text):
        return "it holds a hidden mark that turns the reading direction."
    return ""


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"


def _refuse(words: str) -> Problem:
    return Problem("", words)


def _record_number(text: str, plain_name: str, today: date) -> str | Problem:
    if not text:
        return _refuse("The record number is missing.")
    if len(text) > LONGEST_RECORD_NUMBER:
        return _refuse(
            f"The record number has {len(text)} characters; at most {LONGEST_RECORD_NUMBER} are kept."
        )
    if not _RECORD_NUMBER.fullmatch(text):
        return _refuse(
            f"The record number “{_shown(text)}” may hold letters, digits and . / - _ only, without blanks."
        )
    return text


def _name(text: str, plain_name: str, today: date) -> str | Problem:
    if not text:
        return _refuse(f"The {plain_name} is missing.")
    if len(text) > LONGEST_NAME:
        return _refuse(f"The {plain_name} has {len(text)} letters; at most {LONGEST_NAME} are kept.")
    if text[0] in "=+-@":
        return _refuse(
            f"The {plain_name} “{_shown(text)}” begins like a spreadsheet formula. Write the name only."
        )
    if "<" in text or ">" in text:
        return _refuse(f"The {plain_name} “{_shown(text)}” holds < or >. Write the name only.")
    if not any(letter.isalpha() for letter in text):
        return _refuse(f"The {plain_name} “{_shown(text)}” has no letter in it.")
    return text


def _birth_date(text: str, plain_name: str, today: date) -> date | Problem:
    if not text:
        return _refuse(f"The birth date is missing. {_EXAMPLE}")
    found = _ISO_DATE.fullmatch(text)
    if not found:
        return _refuse(_other_date(text))
    year, month, day = (int(part) for part in found.groups())
    born = _day(year, month, day)
    if born is None:
        return _refuse(f"The birth date {text} does not exist. {_EXAMPLE}")
    if born > today:
        return _refuse(f"The birth date {text} lies in the future.")
    if born.year < 1900 or today.year - born.year > OLDEST_AGE:
        return _refuse(f"The birth date {text} is too long ago: nobody is that old. Check the year.")
    return born


def _other_date(text: str) -> str:
    """Words for a birth date that is not written as year-month-day."""
    found = _OTHER_DATE.fullmatch(text)
    if not found:
        return f"The birth date “{_shown(text)}” cannot be read. {_EXAMPLE}"
    first, second, year = (int(part) for part in found.groups())
    readings = [reading for reading in (_day(year, second, first), _day(year, first, second)) if reading]
    if not readings:
        return f"The birth date {text} does not exist. {_EXAMPLE}"
    if len(set(readings)) == 1:
        return f"The birth date {text} is not written as year-month-day. Write {readings[0].isoformat()}."
    return (
        f"The birth date {text} can be read as {readings[0].isoformat()} or {readings[1].isoformat()}. "
        "Write it as year-month-day."
    )


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _sex(text: str, plain_name: str, today: date) -> str | Problem:
    sex = SEXES.get(text.casefold())
    return sex or _refuse(f"The sex “{_shown(text)}” is not known. Write female, male, other or unknown.")


def _email(text: str, plain_name: str, today: date) -> str | Problem:
    if not text:
        return ""
    if text.count("@") > 1:
        return _refuse(f"“{_shown(text)}” is more than one e-mail address. Write one only.")
    if len(text) > LONGEST_EMAIL or text[0] in "=+-@" or not _EMAIL.fullmatch(text):
        return _refuse(
            f"“{_shown(text)}” is not an e-mail address. Write it like name@example.org, or leave it empty."
        )
    return text


def _phone(text: str, plain_name: str, today: date) -> str | Problem:
    digits = sum(letter.isdigit() for letter in text)
    if not text:
        return ""
    if not _PHONE.fullmatch(text) or not 5 <= digits <= 15:
        return _refuse(
            f"“{_shown(text)}” is not a telephone number. Write it like +1 555 010 0199, or leave it empty."
        )
    return text


def _language(text: str, plain_name: str, today: date) -> str | Problem:
    named = LANGUAGE_NAMES.get(text.casefold(), text)
    if not named:
        return ""
    found = _LANGUAGE.fullmatch(named[:2].lower() + named[2:])
    if not found:
        return _refuse(f"The language “{_shown(text)}” is not known. Write its code, for example en or es.")
    return found[1]


def _weight(text: str, plain_name: str, today: date) -> Decimal | Problem | None:
    return _measure(text, plain_name, "kilograms", WEIGHT_KG)


def _height(text: str, plain_name: str, today: date) -> Decimal | Problem | None:
    return _measure(text, plain_name, "centimetres", HEIGHT_CM)


def _measure(
    text: str, plain_name: str, unit: str, bounds: tuple[Decimal, Decimal]
) -> Decimal | Problem | None:
    if not text:
        return None
    if _COMMA_NUMBER.fullmatch(text):
        return _refuse(
            f"The {plain_name} “{text}” is written with a comma. "
            f"Write {unit} with a point, like {_like(bounds)}."
        )
    if not _NUMBER.fullmatch(text):
        return _refuse(
            f"The {plain_name} “{_shown(text)}” is not a number. Write {unit} only, like {_like(bounds)}."
        )
    value = Decimal(text).quantize(Decimal("0.01"))
    low, high = bounds
    if not low <= value <= high:
        return _refuse(f"The {plain_name} {text} is not possible. Write {unit}, from {low} to {high}.")
    return value


def _like(bounds: tuple[Decimal, Decimal]) -> str:
    return "172.5" if bounds == HEIGHT_CM else "72.5"
