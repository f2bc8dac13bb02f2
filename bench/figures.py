"""Names of figures, and the few statistics the bench reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median, quantiles
from typing import Any

Figures = dict[str, Any]


def named(engine: str, size: str, figures: Figures) -> Figures:
    """Figures under names that end in the engine and, where there is one, the size: ``free_day_http_ms_sqlite_10k``."""
    end = f"_{engine}_{size}" if size else f"_{engine}"
    return {f"{name}{end}": figure for name, figure in figures.items()}


def ms(seconds: float) -> float:
    """Milliseconds, to three significant digits or so."""
    value = seconds * 1000
    return round(value, 0 if value >= 100 else 1 if value >= 10 else 2)


def spread(name: str, seconds: Sequence[float]) -> Figures:
    """The first (cold) of several timings, and the median and 95th percentile of the rest, in milliseconds."""
    later = list(seconds[1:]) or list(seconds)
    return {
        f"{name}_first_ms": ms(seconds[0]),
        f"{name}_ms": ms(median(later)),
        f"{name}_p95_ms": ms(percentile(later, 95)),
    }


def percentile(values: Iterable[float], wanted: int) -> float:
    """A percentile of some values; of a single one, that one."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return ordered[0] if ordered else 0.0
    return quantiles(ordered, n=100, method="inclusive")[wanted - 1]


def timed(times: int, what: Callable[[int], Any]) -> list[float]:
    """How long each of several calls took, in seconds; each is told its number."""
    found = []
    for number in range(times):
        began = time.perf_counter()
        what(number)
        found.append(time.perf_counter() - began)
    return found
