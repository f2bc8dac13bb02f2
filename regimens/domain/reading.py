"""Reading untrusted JSON into plain values: every fault is collected with its place, nothing is raised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a definition: where (a JSON pointer) and why."""

    place: str
    reason: str


class Reader:
    """Collects faults while values are read; a value at fault reads as a harmless stand-in."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The faults so far, each once, in the order they were met."""
        return tuple(dict.fromkeys(self._problems))

    def fault(self, place: str, reason: str) -> None:
        """Note a fault."""
        self._problems.append(Problem(place, reason))

    def mapping(self, raw: Any, place: str) -> Mapping[str, Any]:
        """A JSON object."""
        if isinstance(raw, Mapping):
            return raw
        self.fault(place, "Must be an object.")
        return {}

    def members(self, raw: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The objects of a list that must not be empty, each with its place."""
        if not isinstance(raw, list) or not raw:
            self.fault(place, "Must be a list with at least one entry.")
            return
        for number, body in enumerate(raw):
            yield f"{place}/{number}", self.mapping(body, f"{place}/{number}")

    def text(self, raw: Any, place: str, *, max_length: int = 500, blank: bool = False) -> str:
        """A text without control characters."""
        if not isinstance(raw, str) or not (blank or raw.strip()):
            self.fault(place, "Must be a text.")
            return ""
        if len(raw) > max_length:
            self.fault(place, f"Must have at most {max_length} characters.")
            return ""
        if not raw.isprintable():
            self.fault(place, "Must not contain control characters.")
            return ""
        return raw

    def texts(self, raw: Any, place: str) -> tuple[str, ...]:
        """A list of texts, possibly empty."""
        if not isinstance(raw, list):
            self.fault(place, "Must be a list.")
            return ()
        return tuple(self.text(one, f"{place}/{number}") for number, one in enumerate(raw))

    def whole(self, raw: Any, place: str, lowest: int, highest: int) -> int:
        """A whole number between two bounds, both included."""
        if isinstance(raw, bool) or not isinstance(raw, int) or not lowest <= raw <= highest:
            self.fault(place, f"Must be a whole number from {lowest} to {highest}.")
            return lowest
        return raw

    def decimal(self, raw: Any, place: str, highest: Decimal) -> Decimal:
        """A number above zero with at most three decimal places, so that 0.1 stays 0.1."""
        reason = f"Must be a number above 0 and at most {highest}, with at most 3 decimal places."
        if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
            self.fault(place, reason)
            return Decimal(1)
        value = decimal_in(str(raw), highest)
        if value is None:
            self.fault(place, reason)
            return Decimal(1)
        return value

    def choice(self, choices: type[Choice], raw: Any, place: str) -> Choice:
        """One of a fixed set of words."""
        if isinstance(raw, str) and raw in set(choices):
            return choices(raw)
        self.fault(place, "Must be one of: " + ", ".join(choices) + ".")
        return next(iter(choices))


def decimal_in(written: str, highest: Decimal) -> Decimal | None:
    """``written`` as a number above 0 and at most ``highest`` with at most three decimals, or None."""
    whole, _, part = written.partition(".")
    if not (written.isascii() and whole.isdigit() and len(whole) <= 9):
        return None
    if "." in written and not (part.isdigit() and len(part) <= 3):
        return None
    value = Decimal(written)
    return value if 0 < value <= highest else None
