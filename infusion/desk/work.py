"""What a kind of work looks like: rows with one page to act on each, under the roles whose work it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from clinics.domain.rights import Role
from patients.models import Patient

SHOWN = 25
"""Rows shown of one section; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to do: for whom, what, by when, and where. ``press`` says why it cannot wait, where it cannot; ``chip``
    (tone, icon, word) how far it is already.
    """

    title: str
    note: str
    href: str
    action: str
    due_on: date | None = None
    press: str = ""
    chip: tuple[str, str, str] | None = None


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
        return self.total - len(self.rows)


def section(
    code: str, title: str, icon: str, roles: Iterable[Role], rows: list[Row], nothing: str
) -> Section:
    return Section(code, title, icon, frozenset(roles), tuple(rows[:SHOWN]), len(rows), nothing)


def named(patient: Patient) -> str:
    return f"{patient} · {patient.record_number}"
