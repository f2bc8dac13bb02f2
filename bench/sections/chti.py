"""Ten instances of a real hospital, two of each size; no database is asked."""

from __future__ import annotations

from pathlib import Path

from bench import chti
from bench.figures import Figures

INSTANCES = Path(__file__).resolve().parent.parent / "data" / "cht-i"


def measure(size: str) -> Figures:
    """The instances beside this file (the whole set has forty; its licence, CC0, lies with them)."""
    return chti.measure(INSTANCES)
