"""The figures as a table: one line for each, the engines and sizes side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.cells import SIZES
from bench.engines import ENGINES


def of(figures: Mapping[str, Any]) -> str:
    """A text table: names down the side, engine and size along the top; figures that have neither stand below."""
    cells: dict[str, dict[str, str]] = {}
    alone: list[str] = []
    columns: list[str] = []
    for name, figure in figures.items():
        row, column = _apart(name)
        if not column or (isinstance(figure, str) and len(figure) > 24):
            alone.append(f"{name}: {figure}")
            continue
        cells.setdefault(row, {})[column] = str(figure)
        if column not in columns:
            columns.append(column)
    columns.sort(
        key=lambda column: (column.split()[0], [*SIZES].index(column.split()[1]) if " " in column else -1)
    )
    widths = [max(len(column), 9) for column in columns]
    first = max((len(row) for row in cells), default=0)
    lines = [
        " " * first + "  " + "  ".join(name.rjust(width) for name, width in zip(columns, widths, strict=True))
    ]
    for row, found in cells.items():
        shown = (found.get(column, "").rjust(width) for column, width in zip(columns, widths, strict=True))
        lines.append(f"{row:<{first}}  " + "  ".join(shown))
    return "\n".join([*(lines if cells else []), "", *alone]).rstrip()


def _apart(name: str) -> tuple[str, str]:
    """A figure's own name, and its engine and size: ("free_day_http_ms", "sqlite 10k")."""
    for engine in ENGINES:
        front, found, size = name.partition(f"_{engine}")
        if found:
            size = size.removeprefix("_")
            if size in SIZES:
                return front, f"{engine} {size}"
            return f"{front}{'_' + size if size else ''}", engine
    return name, ""
