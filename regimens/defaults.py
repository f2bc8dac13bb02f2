"""The regimens delivered with the product: drafts that a clinic's prescriber and pharmacist must approve."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from regimens.domain.definition import CoTherapy, Dosing, RateProfile, Regimen
from regimens.domain.dilution import Bag, DilutionRules
from regimens.domain.parsing import parse_regimen, standalone
from regimens.domain.parsing_rates import profile_in, read_co_therapy, read_dosing
from regimens.domain.reading import Reader

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


def rate_profiles() -> dict[str, RateProfile]:
    """Every rate profile that is known, those that are never used here among them."""
    reader, raw = Reader(), library()["rate_profiles"]
    found = {
        code: profile_in(reader, code, body, f"/rate_profiles/{code}")
        for code, body in raw.items()
        if code != "unverified_fields"
    }
    _sound(reader)
    return found


def dosing_rules() -> dict[str, Dosing]:
    """The ways in which a dose by body surface becomes milligrams, by the name a regimen gives."""
    reader = Reader()
    found = {code: read_dosing(reader, body) for code, body in library()["dosing"].items()}
    _sound(reader)
    return {code: rules for code, rules in found.items() if rules is not None}


def co_therapy_of(condition: str) -> tuple[CoTherapy, ...]:
    """The medicines a condition's label names beside the infusions, for regimens that name none themselves."""
    reader = Reader()
    found = read_co_therapy(reader, library()["co_therapy_by_condition"].get(condition, []))
    _sound(reader)
    return found


def dilution_rules() -> DilutionRules:
    """How an infusion may be diluted: the same for every regimen."""
    raw = library()["dilution"]
    return DilutionRules(
        lowest_mg_ml=Decimal(raw["lowest_mg_ml"]),
        highest_mg_ml=Decimal(raw["highest_mg_ml"]),
        concentrate_mg_ml=Decimal(raw["concentrate_mg_ml"]),
        bags=tuple(Bag(Decimal(each["dose_mg"]), Decimal(each["saline_ml"])) for each in raw["bags"]),
        sources=tuple(raw["sources"]),
        unverified=tuple(raw["unverified_fields"]),
    )


def _sound(reader: Reader) -> None:
    if reader.problems:
        raise RuntimeError(f"{_FILE.name}: {reader.problems}")
