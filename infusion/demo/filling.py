"""`python -m infusion.demo.filling` brings the demo's database up to date, and fills it when new.

A new database is made under another name and takes its own only when whole, so that a start that was
broken off begins again instead of going on with half a clinic.
"""

import hashlib
import os
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from infusion.demo import accounts, place


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def is_needed() -> bool:
    """Whether the database is new, or was last brought up to date for other migrations than today's.

    It knows nothing of Django, so that a second start need not load it once more to find nothing to do.
    """
    try:
        return not place.database().exists() or _mark().read_text() != _fingerprint()
    except FileNotFoundError:
        return True


def forget_heartbeats() -> None:
    """Takes away the last run's heartbeats, so that this run is called well by its own alone."""
    if place.database().exists():
        with closing(sqlite3.connect(place.database(), timeout=20)) as link, link:
            link.execute("DELETE FROM infusion_cache WHERE cache_key LIKE '%:heartbeat:%'")


def _mark() -> Path:
    return place.directory() / "migrated"


def _fingerprint() -> str:
    """Changes with every migration: ours by their content, the libraries' with their pinned versions."""
    sources = [*place.ROOT.glob("*/migrations/*.py"), *place.ROOT.glob("infusion/*/migrations/*.py")]
    digest = hashlib.sha256()
    for path in [place.ROOT / "requirements.txt", *sorted(sources)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _migrate() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _fill() -> None:
    from django.utils import timezone

    from infusion.demo import seed

    accounts.save(seed.fill(now=timezone.now()))


def main() -> None:
    """Migrates, and fills a new database."""
    import django
    from django.db import connections

    new = not place.database().exists()
    here = place.database().with_name("filling.sqlite3") if new else place.database()
    if new:
        for leftover in here.parent.glob(f"{here.name}*"):
            leftover.unlink()
        place.texts().unlink(missing_ok=True)
    os.environ["DATABASE_URL"] = f"sqlite:///{here}"
    django.setup()
    began = time.monotonic()
    if new:  # nothing is lost with a file that does not count until it is whole
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA synchronous=OFF")
    _migrate()
    if new:
        _say(f"database made in {time.monotonic() - began:.1f} s; filling the demo clinic …")
        began = time.monotonic()
        _fill()
        _say(f"filled in {time.monotonic() - began:.1f} s")
        connections.close_all()
        _settle(here)
        here.rename(place.database())
    _mark().write_text(_fingerprint())


def _settle(database: Path) -> None:
    """Makes sure that everything stands in the main file before it is renamed."""
    with closing(sqlite3.connect(database)) as link:
        link.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    main()
