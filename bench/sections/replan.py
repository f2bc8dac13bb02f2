"""A full day planned anew by the optimiser; no database is asked."""

from __future__ import annotations

from bench import replan
from bench.figures import Figures


def measure(size: str) -> Figures:
    """Every question of `bench.replan`."""
    return replan.measure()
