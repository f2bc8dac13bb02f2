"""Callers one after another, against the best plan in hindsight; no database is asked."""

from __future__ import annotations

from bench import online
from bench.figures import Figures


def measure(size: str) -> Figures:
    """Three loads, ten seeds each, every policy of `bench.online`."""
    return online.measure()
