"""A clinic's own words around the facts of a message: where they may stand, what they may hold, and filling them in.

The facts (date, time, place, telephone) are written by the software whatever the clinic's words are.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Formatter
from typing import Any

from clinics.domain.refusals import Refusal
from clinics.domain.text import problem_with_text

from .kinds import (
    ARRANGE,
    BOOKED,
    CANCELLED,
    EARLY,
    FOR_PATIENTS,
    INVITED,
    LATE,
    MOVED,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    Kind,
)

DATA = Path(__file__).parent.parent / "data"
PRIVATE: Mapping[str, Any] = json.loads((DATA / "private_words.json").read_text(encoding="utf-8"))

FIELDS = ("subject", "opening", "closing")
LONGEST = {"subject": 100, "opening": 600, "closing": 600}
"""Letters; product defaults."""
WORDED = (BOOKED, MOVED, CANCELLED, EARLY, LATE, ARRANGE, WAITLIST_OFFER, WAITLIST_GONE, INVITED)
KINDS_WORDED: tuple[Kind, ...] = tuple(kind for kind in FOR_PATIENTS if kind.code in WORDED)
ABOUT_ONE_VISIT = frozenset({EARLY, LATE})
"""A notice may tell of several visits, so no single date could stand in its words."""
WHY_PRIVATE = {
    "drug": "names a medicine",
    "condition": "names an illness",
    "speciality": "says what the clinic treats",
    "treatment": "says what a visit is for",
}


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A subject, and what is said before and after the facts; where one is empty, the standard text holds."""

    subject: str = ""
    opening: str = ""
    closing: str = ""

    @property
    def is_standard(self) -> bool:
        return not any(asdict(self).values())


STANDARD = OwnWords()


def places_of(kind: str, field: str) -> tuple[str, ...]:
    """What may be put in a text by its name in braces. A clinic's name can say what it treats, so no subject has it."""
    when = ("date", "time") if kind in ABOUT_ONE_VISIT else ()
    return ("name", *when) if field == "subject" else ("name", "clinic", *when, "phone")


def problems(kind: str, words: OwnWords) -> list[Refusal]:
    """What is wrong with a clinic's words, each beside its field."""
    found = []
    for field, text in asdict(words).items():
        problem = _length_problem(field, text) or problem_with_text(text)
        problem = problem or _places_problem(text, places_of(kind, field)) or _private_problem(text)
        if problem:
            found.append(Refusal(f"bad_{field}", problem, field))
    return found


def _length_problem(field: str, text: str) -> str:
    if len(text) > LONGEST[field]:
        return f"This is {len(text)} letters long. At most {LONGEST[field]} fit."
    if field == "subject" and any(mark in text for mark in "\r\n\t"):
        return "A subject is one line."
    return ""


def _places_problem(text: str, allowed: tuple[str, ...]) -> str:
    may = ", ".join(f"{{{name}}}" for name in allowed)
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return f"A brace is not closed or not opened. In braces may stand: {may}."
    for _literal, name, spec, conversion in parts:
        if name is not None and (name not in allowed or spec or conversion):
            written = name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            return f"{{{written}}} is not known here. In braces may stand: {may}."
    return ""


def _plain(text: str) -> str:
    """Without accents, capitals and letters that nobody sees, so that no spelling hides a word."""
    seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    parted = unicodedata.normalize("NFKD", seen)
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


def _pattern(word: str) -> str:
    stem = re.escape(word.removesuffix("*"))
    return rf"{stem}\w*" if word.endswith("*") else stem


_PATTERNS = {
    why: re.compile(rf"\b(?:{'|'.join(_pattern(word) for word in words)})\b", re.IGNORECASE)
    for why, words in PRIVATE["words"].items()
}
_SHORT = re.compile(rf"\b(?:{'|'.join(PRIVATE['abbreviations'])})\b")


def _private_problem(text: str) -> str:
    plain = _plain(text)
    for why, pattern in _PATTERNS.items():
        if found := pattern.search(plain):
            return _not_said(found.group(), WHY_PRIVATE[why])
    if found := _SHORT.search(plain):
        return _not_said(found.group(), WHY_PRIVATE["condition"])
    return ""


def _not_said(word: str, why: str) -> str:
    return f"“{word}” {why}. A message lies open in an inbox: leave it out."


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in their places. Nothing else is read from a name in braces than the name."""
    return "".join(
        literal + (values[name] if name is not None else "")
        for literal, name, _spec, _conversion in Formatter().parse(text)
    )
