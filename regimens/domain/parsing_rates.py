"""Reading how fast and how much: rate profiles, the dosing by body surface, and what is taken beside the infusions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from regimens.domain.definition import (
    MAX_DOSE_MG,
    CoTherapy,
    Dosing,
    RateProfile,
    RateSegment,
    Regimen,
)
from regimens.domain.dosing import FORMULAS
from regimens.domain.reading import Reader

MAX_RATE_STEPS = 100
MAX_RATE_MG_H = 2000


def read_profile(reader: Reader, top: Mapping[str, Any], code: Any, place: str) -> RateProfile:
    """The rate profile a definition names."""
    name = reader.text(code, place, max_length=40)
    body = reader.mapping(top.get("rate_profiles"), "/rate_profiles").get(name)
    if name and body is not None:
        return profile_in(reader, name, body, f"/rate_profiles/{name}")
    reader.fault(place, "Must name one of the rate profiles.")
    return RateProfile(name, "", 1, 1, 1, 1, "", ())


def profile_in(reader: Reader, code: str, raw: Any, place: str) -> RateProfile:
    """One rate profile: in steps, or in segments."""
    body = reader.mapping(raw, place)
    segments = _segments(reader, body, place)
    rates = [each.rate_mg_h for each in segments if each.rate_mg_h is not None]
    usual = (
        {"start_mg_h": rates[0], "step_mg_h": 1, "step_every_min": 1, "max_mg_h": max(rates)} if rates else {}
    )
    if segments and not rates:
        usual = {"start_mg_h": 1, "step_mg_h": 1, "step_every_min": 1, "max_mg_h": 1}
    numbers = {
        name: usual[name] if usual else reader.whole(body.get(name), f"{place}/{name}", 1, highest)
        for name, highest in (
            ("start_mg_h", MAX_RATE_MG_H),
            ("step_mg_h", MAX_RATE_MG_H),
            ("step_every_min", 240),
            ("max_mg_h", MAX_RATE_MG_H),
        )
    }
    return RateProfile(
        code=code,
        name=reader.text(body.get("name"), f"{place}/name"),
        use_when=reader.text(body.get("use_when", ""), f"{place}/use_when", blank=True),
        sources=reader.texts(body.get("sources", []), f"{place}/sources"),
        segments=segments,
        doses_mg=_doses(reader, body, place),
        only_for=reader.texts(body.get("only_for", []), f"{place}/only_for"),
        asks=reader.texts(body.get("asks", []), f"{place}/asks"),
        refused_because=reader.text(body.get("refused_because", ""), f"{place}/refused_because", blank=True),
        **numbers,
    )


def _segments(reader: Reader, body: Mapping[str, Any], place: str) -> tuple[RateSegment, ...]:
    if body.get("segments") is None:
        return ()
    found = []
    for at, one in reader.members(body["segments"], f"{place}/segments"):
        rate, percent = one.get("rate_mg_h"), one.get("dose_percent")
        if (rate is None) is (percent is None):
            reader.fault(at, "Must give a rate or a share of the dose.")
        found.append(
            RateSegment(
                minutes=reader.whole(one.get("minutes"), f"{at}/minutes", 1, 1440),
                rate_mg_h=None if rate is None else reader.whole(rate, f"{at}/rate_mg_h", 1, MAX_RATE_MG_H),
                dose_percent=None if percent is None else reader.whole(percent, f"{at}/dose_percent", 1, 100),
            )
        )
    return tuple(found)


def _doses(reader: Reader, body: Mapping[str, Any], place: str) -> tuple[Decimal, ...]:
    raw = body.get("doses_mg", [])
    if not isinstance(raw, list):
        reader.fault(f"{place}/doses_mg", "Must be a list.")
        return ()
    return tuple(reader.decimal(one, f"{place}/doses_mg/{n}", MAX_DOSE_MG) for n, one in enumerate(raw))


def rate_contradictions(reader: Reader, regimen: Regimen) -> None:
    """Faults between the parts of a rate profile that are each right by themselves."""
    every = (regimen.first_profile, regimen.subsequent_profile, *regimen.optional_profiles)
    for profile in dict.fromkeys(every):
        place = f"/rate_profiles/{profile.code}"
        if profile.refused_because:
            reader.fault(place, "This rate profile is not for autoimmune disease.")
        elif profile.segments:
            continue
        elif profile.max_mg_h < profile.start_mg_h:
            reader.fault(f"{place}/max_mg_h", "Must not be below the starting rate.")
        elif (profile.max_mg_h - profile.start_mg_h) // profile.step_mg_h > MAX_RATE_STEPS:
            reader.fault(f"{place}/step_mg_h", "Too many rate steps.")
    for place, profile in (
        ("first_infusion", regimen.first_profile),
        ("subsequent_infusion", regimen.subsequent_profile),
    ):
        if profile.segments:
            reader.fault(f"/rate_profile/{place}", "Must be a profile that rises in steps.")


def read_dosing(reader: Reader, raw: Any) -> Dosing | None:
    """How doses by body surface become milligrams; None where none are."""
    if raw is None:
        return None
    place = "/dosing_rules"
    body = reader.mapping(raw, place)
    formula = reader.text(body.get("formula"), f"{place}/formula", max_length=40)
    if formula and formula not in FORMULAS:
        reader.fault(f"{place}/formula", "Must be one of: " + ", ".join(FORMULAS) + ".")
    return Dosing(
        formula=formula,
        formula_words=reader.text(body.get("formula_words"), f"{place}/formula_words"),
        surface_decimals=reader.whole(body.get("surface_decimals"), f"{place}/surface_decimals", 1, 4),
        round_to_mg=reader.whole(body.get("round_to_mg"), f"{place}/round_to_mg", 1, 100),
        rounding_words=reader.text(body.get("rounding_words"), f"{place}/rounding_words"),
        weight_kg=_range(reader, body, "weight_kg"),
        height_cm=_range(reader, body, "height_cm"),
        sources=reader.texts(body.get("sources", []), f"{place}/sources"),
    )


def _range(reader: Reader, body: Mapping[str, Any], name: str) -> tuple[int, int]:
    place, raw = f"/dosing_rules/{name}", body.get(name)
    if not isinstance(raw, list) or len(raw) != 2:
        reader.fault(place, "Must be the lowest and the highest plausible value.")
        return (1, 2)
    lowest, highest = (reader.whole(one, f"{place}/{n}", 1, 500) for n, one in enumerate(raw))
    if lowest >= highest:
        reader.fault(place, "The lowest must be below the highest.")
    return lowest, highest


def read_co_therapy(reader: Reader, raw: Any) -> tuple[CoTherapy, ...]:
    """The medicines that belong to the plan beside the infusions."""
    if not raw:
        return ()
    return tuple(
        CoTherapy(
            code=reader.text(body.get("code"), f"{at}/code", max_length=40),
            medicine=reader.text(body.get("medicine"), f"{at}/medicine"),
            note=reader.text(body.get("note", ""), f"{at}/note", blank=True),
            required=body.get("required") is True,
            sources=reader.texts(body.get("sources", []), f"{at}/sources"),
            matches=reader.texts(body.get("matches", []), f"{at}/matches"),
        )
        for at, body in reader.members(raw, "/co_therapy")
    )
