"""What a kind of work looks like: rows with one page to act on each, under the roles whose work it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from clinics.domain.rights import Role
from patients.models import Patient

SHOWN = 25
"""Rows shown of one section; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to do: for whom, what, by when, and where. ``press`` says why it cannot wait, where it cannot; ``chip``
    (tone, icon, word) how far it is already. ``phone`` is shown where the work is a call; ``also`` is what else of this
    kind concerns the same patient, in the same box.
    """

    title: str
    note: str
    href: str
    action: str
    due_on: date | None = None
    press: str = ""
    chip: tuple[str, str, str] | None = None
    phone: object = ""
    also: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of work and the roles whose work it is."""

    code: str
    title: str
    icon: str
    roles: frozenset[Role]
    rows: tuple[Row, ...]
    total: int
    nothing: str

    def is_for(self, role: Role | str) -> bool:
        """Whether the role does this work; a manager looks after all of it."""
        return role == Role.MANAGER or role in self.roles

    @property
    def left_off(self) -> int:
        return self.total - sum(1 + len(row.also) for row in self.rows)


def section(
    code: str, title: str, icon: str, roles: Iterable[Role], rows: list[Row], nothing: str
) -> Section:
    return Section(code, title, icon, frozenset(roles), tuple(rows[:SHOWN]), len(rows), nothing)


def together(rows: Iterable[Row]) -> list[Row]:
    """The same rows with those of one person in one box, where the first of them stands."""
    boxes: dict[str, Row] = {}
    for row in rows:
        first = boxes.get(row.title)
        boxes[row.title] = replace(first, also=(*first.also, row)) if first else row
    return list(boxes.values())


def named(patient: Patient) -> str:
    return f"{patient} · {patient.record_number}"
