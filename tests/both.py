"""`python -m tests.both` runs the suite in two lanes side by side, one for each of two processors.

The first lane is everything but the bench's own tests and the browser's journeys, on SQLite. The second is what writes
the database, again on PostgreSQL with a real broker, and then what the first leaves. The lanes share nothing: each run
has its own database, broker and files. What the second lane says is shown when both have ended. Further arguments go to
every run (`-k walls`, say). The exit status is 0 where all passed. `make test-postgresql` runs the pages and journeys
there, too.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infusion.demo import leash
from tests.services import Stopped, stop_on

LEFT = ("tests/repository/test_bench.py", "tests/journeys")
FIRST = ("tests/domain", "tests/repository", "tests/database", "tests/web", f"--ignore={LEFT[0]}")
PASSED = (0, 5)
"""pytest's exit status where all passed, and where the further arguments left nothing to run."""


def run(arguments: list[str]) -> int:
    """Runs both lanes, at once where there is a processor for each; returns the exit status of this program."""
    suite = [sys.executable, "-m", "pytest", *arguments]
    directory = Path(tempfile.mkdtemp(prefix="infusion-"))
    log = directory / "second.txt"
    began = time.monotonic()
    started: list[subprocess.Popen[bytes]] = []
    second = [sys.executable, "-m", "tests.both", "--second", *arguments]
    try:
        if (os.cpu_count() or 1) > 1:
            started.append(leash.start(second, log=log, env=os.environ))
        first = subprocess.Popen([*suite, *FIRST])
        try:
            passed = first.wait() in PASSED
        finally:
            leash.finish(first)
        print(f"first lane: {time.monotonic() - began:.0f} s\n", flush=True)
        if not started:
            started.append(leash.start(second, log=log, env=os.environ))
        passed = started[0].wait() == 0 and passed
        print(log.read_text(errors="replace"), end="")
        print(f"both lanes: {time.monotonic() - began:.0f} s", flush=True)
        return 0 if passed else 1
    finally:
        leash.stop(started, patience=15)
        shutil.rmtree(directory, ignore_errors=True)


def run_second(arguments: list[str]) -> int:
    """The second lane: the database's tests on PostgreSQL, then what the first leaves, on SQLite."""
    suite = [sys.executable, "-m", "pytest", *arguments]
    passed = True
    for command in (
        [sys.executable, "-m", "tests.services", *suite, "tests/database"],
        [*suite, *LEFT],
    ):
        running = subprocess.Popen(command)
        try:
            passed = running.wait() in PASSED and passed
        finally:
            leash.finish(running)
    return 0 if passed else 1


def main() -> int:
    leash.Make()
    for number in leash.STOPPING:
        signal.signal(number, stop_on)
    try:
        if sys.argv[1:2] == ["--second"]:
            return run_second(sys.argv[2:])
        return run(sys.argv[1:])
    except Stopped as stopped:
        print(f"stopped by {stopped}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
