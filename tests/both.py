"""`python -m tests.both` runs the whole suite on SQLite and, beside it, all that asks a database on PostgreSQL.

The two runs share nothing but the processors: each has its own database, broker and files. What the second one
says is shown when both have ended. Further arguments go to both (`-k walls`, say). The exit status is 0 where both
passed.
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

ASKS_A_DATABASE = ("tests/database", "tests/web", "tests/journeys")


def run(arguments: list[str]) -> int:
    """Runs both suites, at once where there is a processor for each; returns the exit status of this program."""
    suite = [sys.executable, "-m", "pytest", *arguments]
    directory = Path(tempfile.mkdtemp(prefix="infusion-"))
    log = directory / "postgresql.txt"
    began = time.monotonic()
    first: subprocess.Popen[bytes] | None = None
    second: list[subprocess.Popen[bytes]] = []
    try:
        beside = [sys.executable, "-m", "tests.services", *suite, *ASKS_A_DATABASE]
        if (os.cpu_count() or 1) > 1:
            second.append(leash.start(beside, log=log, env=os.environ))
        first = subprocess.Popen(suite)
        passed = first.wait() == 0
        print(f"SQLite: {time.monotonic() - began:.0f} s\n", flush=True)
        if not second:
            second.append(leash.start(beside, log=log, env=os.environ))
        passed = second[0].wait() == 0 and passed
        print(log.read_text(errors="replace"), end="")
        print(f"both engines: {time.monotonic() - began:.0f} s", flush=True)
        return 0 if passed else 1
    finally:
        if first is not None:
            leash.finish(first)
        leash.stop(second, patience=15)
        shutil.rmtree(directory, ignore_errors=True)


def main() -> int:
    leash.Make()
    for number in leash.STOPPING:
        signal.signal(number, stop_on)
    try:
        return run(sys.argv[1:])
    except Stopped as stopped:
        print(f"stopped by {stopped}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
