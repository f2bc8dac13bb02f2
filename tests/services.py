"""`python -m tests.services COMMAND…` runs a command beside a real PostgreSQL and a real Redis or Valkey.

Both listen on unix sockets in a private directory and are gone afterwards, however the command or
this program ends. The command finds them by DATABASE_URL and INFUSION_BROKER_URL; a service already
named there is used as it is. If one cannot be had, the command is not run and the exit status is 0
after a loud message, or 1 where INFUSION_REQUIRE_ALL is set.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from infusion.demo import leash
from infusion.demo.broker import Broker, NoBroker
from tests import postgresql

BANNER = "=" * 78


class Stopped(Exception):
    """A stopping signal has come."""


def stop_on(number: int, _frame: FrameType | None) -> None:
    """Turns a stopping signal into an exception, so that what was started is ended."""
    raise Stopped(signal.Signals(number).name)


def run(command: list[str]) -> int:
    """Runs the command beside the services and returns its exit status."""
    environment = dict(os.environ)
    directory = Path(tempfile.mkdtemp(prefix="infusion-"))
    programs: list[subprocess.Popen[bytes]] = []
    broker = None
    try:
        began = time.monotonic()
        if "DATABASE_URL" not in environment:
            server = postgresql.start(directory)
            programs.append(server.program)
            environment["DATABASE_URL"] = server.url
        if "INFUSION_BROKER_URL" not in environment:
            broker = Broker(log=directory / "broker.log")
            programs.append(broker.program)
            broker.wait()
            environment["INFUSION_BROKER_URL"] = broker.url
        print(f"services up after {time.monotonic() - began:.1f} s", flush=True)
        return _attend(command, environment)
    finally:
        leash.stop(programs)
        if broker is not None:
            broker.remove()
        shutil.rmtree(directory, ignore_errors=True)


def _attend(command: list[str], environment: dict[str, str]) -> int:
    parent = os.getpid()
    child = subprocess.Popen(
        command,
        env=environment,
        preexec_fn=lambda: leash.tie_to(parent, signal.SIGTERM),  # noqa: PLW1509 (one thread only)
    )
    try:
        return child.wait()
    finally:
        leash.finish(child)


def main() -> int:
    if not sys.argv[1:]:
        print(__doc__)
        return 2
    leash.Make()
    for number in leash.STOPPING:
        signal.signal(number, stop_on)
    try:
        return run(sys.argv[1:])
    except Stopped as stopped:
        print(f"stopped by {stopped}", file=sys.stderr)
        return 1
    except (postgresql.NoPostgreSQL, NoBroker) as problem:
        print(f"{BANNER}\nNOT RUN on PostgreSQL and Redis: {problem}\n{BANNER}", file=sys.stderr)
        return 1 if os.environ.get("INFUSION_REQUIRE_ALL") else 0


if __name__ == "__main__":
    sys.exit(main())
