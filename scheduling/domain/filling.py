"""Many visits into many days at once: each sort of visit at each time is worked out once, and then only counted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from .day import Day, Occupied
from .occupancy import raise_by

Row = tuple[str, int | None, int | None]
"""A text that says when a visit is and of what sort, its chair and its nurse."""
Reader = Callable[[str], tuple[Occupied, bool]]


def fill(days: Collection[Day], rows: Iterable[Row], read: Reader) -> None:
    """Add every visit that begins in one of the days, as adding each alone would.

    ``read`` turns a row's text into a visit without chair and nurse, and says whether nothing else may be offered at
    its time.
    """
    place = _places(days, read)
    known: dict[str, tuple[Any, ...]] = {}
    for text, chair, nurse in rows:
        try:
            seat, plane, planes, slot, hour, sat, staff, alone = known[text]
        except KeyError:
            seat, plane, planes, slot, hour, sat, staff, alone = known[text] = place(text)
        # What raise_by does to a first plane is written out here: this runs for every visit of half a year.
        counts = sat.get(chair)
        if counts is not None:
            have = counts[0]
            counts[0] = have ^ seat
            if have & seat:
                raise_by(counts, have & seat, 1)
        on = staff.get(nurse)
        if on is not None:
            counts, started = on
            have = counts[0]
            counts[0] = have ^ plane
            if have & plane:
                raise_by(counts, have & plane, 1)
            for bit, steps in planes:
                raise_by(counts, steps, bit)
            have = started[0]
            started[0] = have ^ slot
            if have & slot:
                raise_by(started, have & slot, 1)
        if hour is not None:
            raise_by(*hour)
        if alone is not None:
            day, visit = alone
            day.add(replace(visit, chair=chair, nurse=nurse))


def _places(days: Collection[Day], read: Reader) -> Callable[[str], tuple[Any, ...]]:
    """What a text's visits take of which day; visits with handovers are added alone."""
    ordered = sorted(days, key=lambda day: day.begins)
    begins = [day.begins for day in ordered]
    counts = [
        (
            {key: chair.sat for key, chair in day.chairs.items()},
            {key: (nurse.counts, nurse.started) for key, nurse in day.nurses.items()},
        )
        for day in ordered
    ]
    nowhere: tuple[Any, ...] = (0, 0, (), 0, None, {}, {}, None)

    def place(text: str) -> tuple[Any, ...]:
        visit, blocks = read(text)
        number = bisect_right(begins, visit.starts) - 1
        if number < 0 or visit.starts >= ordered[number].until:
            return nowhere
        day = ordered[number]
        if blocks:
            day.block(visit.starts, visit.ends)
        if visit.handovers:
            return (*nowhere[:-1], (day, visit))
        marks = day.marks(visit)
        planes = dict(marks.planes)
        first = planes.pop(0, 0)
        hour = (day.prepared, marks.hour) if marks.hour else None
        return marks.seat, first, tuple(planes.items()), marks.slot, hour, *counts[number], None

    return place
