"""One run: a database for each engine and size, a fresh copy of it and a process of its own for each section."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import engines
from bench.cells import A_DAY, SIZES
from bench.sections import SECTIONS, Section
from infusion.demo import leash
from tests import programs


class Run:
    """Collects the figures of the sections asked for; a section that fails is named in ``failed``."""

    def __init__(self, directory: Path, only: list[str], size: str | None) -> None:
        self.directory, self.only, self.size = directory, only, size
        self.figures: dict[str, Any] = {}
        self.failed: list[str] = []
        self.key = secrets.token_urlsafe(40)

    def engine(self, name: str) -> None:
        """Every section that needs a database, on one engine."""
        wanted = [section for section in self._sections() if section.sizes]
        if not wanted:
            return
        self._say(f"{name}: an empty database …")
        place = engines.start(name, self.directory / name)
        try:
            self._run([sys.executable, "manage.py", "migrate", "--verbosity=0"], place.url("empty"))
            for size in SIZES:
                here = [section for section in wanted if size in self._sizes(section)]
                if here:
                    self._size(place, size, here)
        finally:
            place.stop()

    def without_engine(self) -> None:
        """The sections that compute alone."""
        for section in self._sections():
            if not section.sizes:
                self._measure(section, "", "sqlite:///:memory:")

    def _size(self, place: engines.Engine, size: str, sections: list[Section]) -> None:
        plan = SIZES[size]
        self._say(f"{place.name} {size}: filling …")
        place.copy("empty", "loaded")
        told = self._run([sys.executable, "-m", "bench.loading", size], place.url("loaded"))
        loaded = json.loads(told)
        self._say(
            f"{place.name} {size}: {loaded['bookings']} bookings, {loaded['ahead']} of them ahead, "
            f"{loaded['patients']} patients, {plan.nurses} nurses (visits begin on the half hour, one start for each "
            f"nurse), loaded in {loaded['people_seconds'] + loaded['booking_seconds']:.0f} s"
        )
        end = f"{place.name}_{size}"
        self.figures |= {
            f"data_bookings_{end}": loaded["bookings"],
            f"data_ahead_{end}": loaded["ahead"],
            f"data_ahead_cells_share_{end}": round(loaded["minutes_ahead"] / (30 * A_DAY * plan.days), 3),
            f"data_nurses_{end}": plan.nurses,
            f"data_load_s_{end}": loaded["booking_seconds"],
        }
        for section in sections:
            place.copy("loaded", "copied")
            self._measure(section, size, place.url("copied"), place.name)
            place.drop("copied")
        place.drop("loaded")

    def _measure(self, section: Section, size: str, url: str, engine: str = "") -> None:
        name = " ".join(word for word in (engine, size, section.name) if word)
        began = time.monotonic()
        try:
            told = self._run([sys.executable, "-m", "bench.section", section.name, size], url)
        except subprocess.CalledProcessError as problem:
            self.failed.append(name)
            self._say(f"{name}: FAILED\n{problem.stderr[-4000:]}")
            return
        self.figures |= json.loads(told)
        self._say(f"{name}: {time.monotonic() - began:.0f} s")

    def _sections(self) -> list[Section]:
        return [section for section in SECTIONS if section.name in self.only]

    def _sizes(self, section: Section) -> tuple[str, ...]:
        """A section's sizes; the one asked for, where it is tiny or among them."""
        if self.size is None:
            return section.sizes
        return (self.size,) if self.size == "tiny" or self.size in section.sizes else ()

    def _run(self, command: list[str], url: str) -> str:
        """Run one of our programs on a database and return what it wrote."""
        environment = {
            **os.environ,
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "infusion.settings",
            "INFUSION_SECRET_KEY": self.key,
            "INFUSION_BROKER_URL": "",
        }
        program = subprocess.Popen(
            command,
            env=environment,
            cwd=programs.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = (told.decode() for told in program.communicate())
        finally:
            leash.finish(program)
        if program.returncode:
            raise subprocess.CalledProcessError(program.returncode, command, out, err)
        return out

    @staticmethod
    def _say(words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {words}", file=sys.stderr, flush=True)
