"""The installation's own programs, started by tests as real ones beside the test database."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from infusion import pulse
from infusion.demo import leash

ROOT = Path(__file__).resolve().parent.parent
WORKER = ("worker", "--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle")


def until(condition: Callable[[], bool], *, seconds: float = 30.0, what: str = "the condition") -> None:
    """Returns as soon as the condition holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        time.sleep(0.02)


def database_url() -> str:
    """The address of the test database that this test uses."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    user, password = quote(known["USER"], safe=""), quote(known["PASSWORD"], safe="")
    port = f":{known['PORT']}" if known["PORT"] else ""
    # A socket's directory begins with a slash of its own, besides the one that begins the path.
    host = f"/{known['HOST']}" if known["HOST"].startswith("/") else known["HOST"]
    return f"postgres://{user}{':' + password if password else ''}@{host}{port}/{known['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """The environment in which a program sees this test's database, broker and mail server."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "infusion.settings",
        "DATABASE_URL": database_url(),
        "INFUSION_SECRET_KEY": settings.SECRET_KEY,
        "INFUSION_BROKER_URL": settings.BROKER_URL,
        "INFUSION_EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
        **more,
    }


def celery(*arguments: str, log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Starts a Celery program of the project (`*WORKER`, or `beat`), its output going to the log."""
    command = [sys.executable, "-m", "celery", "-A", "infusion", *arguments, "--loglevel=INFO"]
    return leash.start(command, log=log, env=env or environment(), cwd=ROOT)


def wait_for_heartbeat(program: str, running: subprocess.Popen[bytes], log: Path) -> None:
    """Returns once the program has shown a heartbeat; fails with its log if it ended or stayed silent."""

    def beats() -> bool:
        if running.poll() is not None:
            raise AssertionError(f"{program} ended:\n{log.read_text()}")
        return pulse.ages(program)[program] is not None

    until(beats, what=f"a heartbeat of {program}")
