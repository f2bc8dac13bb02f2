"""A clinic's own words with everything in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from clinics.models import Clinic
from patients.phones import readable

from ..domain.wording import OwnWords, fill
from .lines import Line, one_line


def filled(own: OwnWords, name: str, clinic: Clinic, lines: Sequence[Line]) -> OwnWords:
    """The words as this reader gets them; ``lines`` are the visits that the message tells of."""
    values = {
        "name": name,
        "clinic": one_line(clinic.name),
        "phone": readable(clinic.phone),
        "date": lines[0].date if lines else "",
        "time": lines[0].time if lines else "",
    }
    return OwnWords(**{field: fill(text, values).strip() for field, text in asdict(own).items()})
