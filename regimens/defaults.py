"""The regimens delivered with the product: drafts that a clinic's prescriber and pharmacist must approve."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from regimens.domain.definition import Regimen
from regimens.domain.parsing import parse_regimen, standalone

DEFAULT_CODE = "STANDARD"
"""The regimen that is the product's default for all seven conditions."""

_FILE = Path(__file__).parent / "data" / "regimens.json"


@cache
def _library() -> str:
    return _FILE.read_text(encoding="utf-8")


def library() -> dict[str, Any]:
    """The whole file, a fresh copy at each call."""
    found: dict[str, Any] = json.loads(_library())
    return found


def default_definition(code: str) -> dict[str, Any] | None:
    """The self-contained definition of a delivered regimen, or None where there is none of that code."""
    return standalone(library(), code)


def default_regimens() -> dict[str, Regimen]:
    """The regimens delivered, by code. RuntimeError where the delivered file itself is at fault."""
    found: dict[str, Regimen] = {}
    for raw in library()["regimens"]:
        regimen = parse_regimen(default_definition(raw["id"]) or {})
        if not isinstance(regimen, Regimen):
            raise RuntimeError(f"{_FILE.name}: {regimen}")
        found[regimen.code] = regimen
    return found
