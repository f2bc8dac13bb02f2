"""The bench's own honesty: what it books keeps to the rules it states, and its figures carry the names it promises."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from bench import table
from bench.cells import CHAIRS, SIZES, bookings
from bench.figures import percentile, spread
from tests.programs import ROOT


@pytest.mark.parametrize("name", ["tiny", "10k", "100k"])
def test_the_bookings_are_as_many_as_said_and_keep_to_the_nurse_rules(name):
    size = SIZES[name]
    found = list(bookings(size))
    assert (sum(each.day > 0 for each in found), sum(each.day < 0 for each in found)) == (
        size.ahead,
        size.past,
    )
    assert len({(each.day, each.half_hour, each.chair) for each in found}) == len(found)
    assert max(Counter((each.day, each.half_hour, each.nurse) for each in found).values()) == 1
    assert {each.chair for each in found} == set(range(CHAIRS))
    assert max(each.nurse for each in found) < size.nurses


def test_the_sizes_fill_the_cells_ahead_as_on_the_systems_compared_with():
    assert {name: round(SIZES[name].share, 2) for name in ("10k", "100k", "1M")} == {
        "10k": 0.14,
        "100k": 0.70,
        "1M": 0.70,
    }
    assert [SIZES[name].ahead + SIZES[name].past for name in ("10k", "100k", "1M")] == [
        10_000,
        100_000,
        1_000_000,
    ]


def test_a_table_sets_engines_and_sizes_side_by_side():
    shown = table.of(
        {"free_ms_sqlite_10k": 3, "free_ms_postgresql_10k": 4, "race_500_rows_sqlite": 1, "gap": 0.2}
    )
    lines = [line.split() for line in shown.splitlines()]
    assert lines == [
        ["postgresql", "10k", "sqlite", "sqlite", "10k"],
        ["free_ms", "4", "3"],
        ["race_500_rows", "1"],
        [],
        ["gap:", "0.2"],
    ]


def test_statistics_leave_the_first_call_apart():
    assert spread("x", [1.0, 0.01, 0.02, 0.03]) == {"x_first_ms": 1000.0, "x_ms": 20.0, "x_p95_ms": 29.0}
    assert percentile([5.0], 99) == 5.0


def test_the_smallest_run_writes_the_figures_it_promises(tmp_path):
    output = tmp_path / "bench.json"
    output.write_text('{"kept": 1}')
    command = [sys.executable, "-m", "bench", "--engine", "sqlite", "--size", "tiny", "--only", "free"]
    run = subprocess.run(
        [*command, "--output", str(output)],
        cwd=ROOT,
        env={**os.environ, "INFUSION_LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    figures = json.loads(output.read_text())
    names = {
        f"free_{what}_{part}ms_sqlite_tiny"
        for what in ("day_http", "7d_http", "day_inprocess", "7d_inprocess")
        for part in ("", "first_", "p95_")
    }
    assert names <= set(figures)
    assert (figures["kept"], figures["data_bookings_sqlite_tiny"]) == (1, 400)
    assert figures["free_7d_starts_sqlite_tiny"] > 0
    assert "free_day_http_ms" in run.stdout
