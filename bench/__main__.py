"""`python -m bench`: measure the booking engine on both engines, print a table, write var/bench.json.

--only free,race     these sections alone (see `bench.sections`)
--engine sqlite      one engine alone
--size 10k           one size alone, where a section has it
--output FILE        another file than var/bench.json; figures of a partial run are merged into it
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from bench import engines, table
from bench.cells import SIZES
from bench.running import Run
from bench.sections import SECTIONS
from infusion.demo import leash
from tests import postgresql, programs


class Stopped(Exception):
    """A stopping signal has come."""


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="sections, separated by commas")
    parser.add_argument("--engine", choices=engines.ENGINES)
    parser.add_argument("--size", choices=list(SIZES))
    parser.add_argument("--output", type=Path, default=programs.ROOT / "var" / "bench.json")
    found = parser.parse_args()
    known = [section.name for section in SECTIONS]
    found.only = [name for name in found.only.split(",") if name] or known
    if unknown := set(found.only) - set(known):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return found


def main() -> int:
    asked = _arguments()
    leash.Make()
    for number in leash.STOPPING:
        signal.signal(number, _stop)
    directory = Path(tempfile.mkdtemp(prefix="infusion-bench-"))
    run = Run(directory, asked.only, asked.size)
    began = time.monotonic()
    try:
        for name in [asked.engine] if asked.engine else engines.ENGINES:
            run.engine(name)
        run.without_engine()
    except Stopped as stopped:
        print(f"stopped by {stopped}", file=sys.stderr)
        return 1
    except postgresql.NoPostgreSQL as problem:
        print(f"NOT RUN on PostgreSQL: {problem}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    figures = {**_before(asked.output), **run.figures}
    asked.output.parent.mkdir(exist_ok=True)
    asked.output.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    print(table.of(run.figures))
    print(f"\n{len(run.figures)} figures in {time.monotonic() - began:.0f} s, written to {asked.output}")
    return 1 if run.failed else 0


def _before(file: Path) -> dict[str, object]:
    try:
        return dict(json.loads(file.read_text()))
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(main())
