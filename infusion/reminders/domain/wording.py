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

from .kinds import BY_CODE, FOR_PATIENTS, SMS
from .texts import MOST_PARTS

DATA = Path(__file__).parent.parent / "data"
PRIVATE: Mapping[str, Any] = json.loads((DATA / "private_words.json").read_text(encoding="utf-8"))

MAIL_FIELDS = ("subject", "opening", "closing")
TEXT_FIELDS = ("text_opening", "text_closing")
LONGEST = {"subject": 100, "opening": 600, "closing": 600, "text_opening": 300, "text_closing": 300}
"""Letters; product defaults."""
OPEN_TO_ALL = frozenset({"subject", *TEXT_FIELDS})
"""What shows on a locked screen. A clinic's name can say what it treats, so none of these has it."""
WORDED = frozenset(kind.code for kind in FOR_PATIENTS)
WHY_PRIVATE = {
    "drug": "names a medicine",
    "condition": "names an illness",
    "speciality": "says what the clinic treats",
    "treatment": "says what a visit is for",
}


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A mail's subject and what is said before and after its facts, and the same two of a text message; where one is
    empty, the standard text holds.
    """

    subject: str = ""
    opening: str = ""
    closing: str = ""
    text_opening: str = ""
    text_closing: str = ""

    @property
    def is_standard(self) -> bool:
        return not any(asdict(self).values())

    @property
    def has_text(self) -> bool:
        return bool(self.text_opening or self.text_closing)


STANDARD = OwnWords()


def fields_of(kind: str) -> tuple[str, ...]:
    """Those of the words that a kind has: one that goes by mail alone has no text message."""
    return (*MAIL_FIELDS, *TEXT_FIELDS) if SMS in BY_CODE[kind].channels else MAIL_FIELDS


def places_of(kind: str, field: str) -> tuple[str, ...]:
    """What may be put in words by its name in braces. A message that may tell of several visits has no single date."""
    names = ("name",) if field in OPEN_TO_ALL else ("name", "clinic")
    when = ("date", "time") if BY_CODE[kind].one_visit else ()
    return (*names, *when) if field == "subject" else (*names, *when, "phone")


def problems(kind: str, words: OwnWords) -> list[Refusal]:
    """What is wrong with a clinic's words, each beside its field."""
    found = []
    for field, text in asdict(words).items():
        problem = _length_problem(field, text) or problem_with_text(text)
        problem = problem or _places_problem(text, places_of(kind, field)) or _private_problem(text)
        if problem:
            found.append(Refusal(f"bad_{field}", problem, field))
        elif text and field not in fields_of(kind):
            found.append(Refusal("no_text", "This message does not go as a text message.", field))
    return found


def too_many_parts(words: OwnWords, parts: int) -> Refusal | None:
    """Whether a clinic's own words make a text message too long: ``parts`` is what it goes in with them."""
    if not words.has_text or parts <= MOST_PARTS:
        return None
    said = f"With these words the text message goes in {parts} parts. At most {MOST_PARTS} may."
    return Refusal("too_many_parts", said, "text_closing" if words.text_closing else "text_opening")


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
