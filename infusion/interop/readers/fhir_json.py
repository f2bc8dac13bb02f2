"""Reaching into FHIR JSON of any shape: answers have the type asked for, or are empty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

DEEPEST = 60
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})?)?")

Json = dict[str, Any]


class Malformed(Exception):
    """The text is not JSON we can read; the words say where and why."""

    def __init__(self, place: str, reason: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(reason)


def parse(content: bytes) -> Any:
    """The JSON value of a file. Raises ``Malformed``; decimals keep their digits."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed("whole file", "The file is not UTF-8 text.") from error
    if not text.strip():
        raise Malformed("whole file", "The file is empty.")
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Malformed(
            f"line {error.lineno}, column {error.colno}", "The file is broken here: it is not valid JSON."
        ) from error
    except RecursionError as error:
        raise Malformed("whole file", "The file is nested too deeply to be read.") from error
    except ValueError as error:
        raise Malformed("whole file", "The file holds a number that cannot be read.") from error
    if _is_deeper(value, DEEPEST):
        raise Malformed("whole file", "The file is nested too deeply to be read.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _is_deeper(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def obj(value: Any) -> Json:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Json]:
    """The objects in a list; empty where it is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """The value where it is text, else empty."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def codings(concept: Any) -> list[Json]:
    """The codings of a CodeableConcept."""
    return objects(obj(concept).get("coding"))


def code_of(concept: Any) -> str:
    """The first code of a CodeableConcept, for concepts with one required code set."""
    return next((text(coding.get("code")) for coding in codings(concept)), "")


def words_of(concept: Any) -> str:
    """What a CodeableConcept is called: its text, else the first display, else the first code."""
    found = [text(obj(concept).get("text"))]
    found += [text(coding.get("display")) for coding in codings(concept)]
    found += [text(coding.get("code")) for coding in codings(concept)]
    return next((words.strip() for words in found if words.strip()), "")


def day(value: Any) -> date | None:
    """The calendar day of a FHIR date or dateTime as its author wrote it, or None where it names no single
    day.
    """
    found = _DATE.fullmatch(text(value))
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
