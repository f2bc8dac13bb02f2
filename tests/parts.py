"""The real parts a test may need, where they are found, and what happens when one is missing."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from infusion.demo.broker import NoBroker, find_server

REQUIRED = bool(os.environ.get("INFUSION_REQUIRE_ALL"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# A browser for tests: no sandbox (root in a container has none) and no talk with its maker.
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """Path of the Chromium named by INFUSION_CHROMIUM, else of one on PATH."""
    if named := os.environ.get("INFUSION_CHROMIUM"):
        return named if Path(named).exists() else None
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def broker() -> str | None:
    """The broker tests would use: the one named in the environment, else a server's path."""
    if named := os.environ.get("INFUSION_BROKER_URL"):
        return named
    try:
        return find_server()
    except NoBroker:
        return None


def missing(part: str) -> NoReturn:
    """Skips the test for want of a part, or fails it where every part is required."""
    message = f"MISSING: {part}"
    if REQUIRED:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
