"""What the bench measures, section by section; each runs in a process of its own, on a copy of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its name, the sizes it is measured at (none: it needs no database), and what it shows."""

    name: str
    sizes: tuple[str, ...]
    title: str

    @property
    def measure(self) -> Callable[[str], dict[str, Any]]:
        """The function that measures it at a size."""
        return import_module(f"bench.sections.{self.name}").measure


SECTIONS = (
    Section("free", ("10k", "100k", "1M", "real"), "Free starts of every chair"),
    Section("course", ("10k", "100k", "real"), "A whole course in one search"),
    Section("bookings", ("100k",), "Bookings a second, eight clients"),
    Section("race", ("100k",), "Many racers for one slot, others beside them"),
    Section("pages", ("100k", "real"), "Queries a request, and memory"),
    Section("reminders", ("tiny",), "Reminders: lost, doubled, how many a second, what a sweep costs"),
    Section("replan", (), "A full day planned anew"),
    Section("online", (), "Callers one after another, against hindsight"),
    Section("chti", (), "Ten instances of a real hospital"),
)
