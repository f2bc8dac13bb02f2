"""Reading a regimen's stored definition.

A definition is *self-contained*: the regimen as in ``regimens/data/regimens.json`` together with the rate
profiles, the premedication set, the conditions' label status and the sources it names. That is what a
clinic's prescriber and pharmacist approve, so nothing that changes later can change what they approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from regimens.domain.definition import (
    MAX_DOSE_MG,
    ConditionLabel,
    Dose,
    DoseUnit,
    InductionDose,
    IntervalAnchor,
    IntervalUnit,
    Label,
    LabelStatus,
    Maintenance,
    MaintenanceAnchor,
    Premedication,
    RateProfile,
    Regimen,
    Source,
    Windows,
)
from regimens.domain.reading import Problem, Reader

MAX_OFFSET_DAYS = 3660
MAX_RATE_STEPS = 100


def standalone(library: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    """The self-contained definition of regimen ``code`` out of a whole library, or None where it has none."""
    for raw in library.get("regimens", ()):
        if raw.get("id") == code:
            break
    else:
        return None
    rates = raw.get("rate_profile", {})
    wanted = [rates.get("first_infusion"), rates.get("subsequent_infusion")]
    sets = library.get("premedication_sets", {})
    conditions = [
        one for one in library.get("conditions", ()) if one.get("code") in raw.get("default_for", ())
    ]
    profiles = {name: body for name, body in library.get("rate_profiles", {}).items() if name in wanted}
    premedication = {raw.get("premedication"): sets.get(raw.get("premedication"))}
    cited = [
        *raw.get("sources", ()),
        *(source for one in (*conditions, *profiles.values()) for source in one.get("sources", ())),
        *(source for one in sets.get(raw.get("premedication")) or () for source in one.get("sources", ())),
    ]
    marks = [
        *raw.get("unverified_fields", ()),
        *_marks(library.get("rate_profiles", {}), "/rate_profiles", wanted),
        *_marks(sets, "/premedication_sets", [raw.get("premedication")]),
    ]
    return {
        **raw,
        "conditions": conditions,
        "rate_profiles": profiles,
        "premedication_sets": premedication,
        "source_texts": {name: text for name, text in library.get("sources", {}).items() if name in cited},
        "unverified_fields": marks,
    }


def _marks(section: Mapping[str, Any], prefix: str, wanted: list[Any]) -> Iterator[str]:
    for mark in section.get("unverified_fields", ()):
        if mark.split("/")[1] in wanted:
            yield prefix + mark


def parse_regimen(raw: Mapping[str, Any]) -> Regimen | tuple[Problem, ...]:
    """Read a self-contained definition; every fault is told with its place (a JSON pointer) and reason."""
    reader = Reader()
    top = reader.mapping(raw, "")
    rates = reader.mapping(top.get("rate_profile"), "/rate_profile")
    if rates.get("optional"):
        reader.fault("/rate_profile/optional", "Optional rate profiles cannot be used.")
    regimen = Regimen(
        code=reader.text(top.get("id"), "/id", max_length=40),
        name=reader.text(top.get("name"), "/name"),
        conditions=_conditions(reader, top.get("conditions")),
        induction=_induction(reader, top.get("induction")),
        maintenance=_maintenance(reader, top.get("maintenance")),
        min_interval_days=reader.whole(
            top.get("min_interval_days"), "/min_interval_days", 0, MAX_OFFSET_DAYS
        ),
        min_interval_anchor=reader.choice(
            IntervalAnchor, top.get("min_interval_anchor"), "/min_interval_anchor"
        ),
        windows=_windows(reader, top.get("window")),
        premedication=_premedication(reader, top),
        first_profile=_profile(reader, top, rates.get("first_infusion"), "/rate_profile/first_infusion"),
        subsequent_profile=_profile(
            reader, top, rates.get("subsequent_infusion"), "/rate_profile/subsequent_infusion"
        ),
        restart_after_days=reader.whole(
            rates.get("restart_after_days"), "/rate_profile/restart_after_days", 1, MAX_OFFSET_DAYS
        ),
        label_status=_label_status(reader, top.get("label_status"), "/label_status"),
        unverified=reader.texts(top.get("unverified_fields", []), "/unverified_fields"),
        sources=_sources(reader, top),
    )
    if not reader.problems:
        _contradictions(reader, regimen)
    return reader.problems or regimen


def _contradictions(reader: Reader, regimen: Regimen) -> None:
    """Faults between values that are each right by themselves."""
    if len(set(regimen.condition_codes)) != len(regimen.conditions):
        reader.fault("/conditions", "A condition is named twice.")
    offsets = [infusion.day_offset for infusion in regimen.induction]
    gaps = [later - earlier for earlier, later in pairwise(offsets)]
    span = regimen.windows.induction_minus_days + regimen.windows.induction_plus_days
    if offsets[0] != 0:
        reader.fault("/induction/doses/0/day_offset", "The first infusion must be at day 0.")
    if any(gap <= 0 for gap in gaps):
        reader.fault("/induction/doses", "Each infusion must be later than the one before.")
    elif any(gap <= span for gap in gaps):
        reader.fault("/window", "The windows of two induction infusions overlap.")
    for profile in dict.fromkeys((regimen.first_profile, regimen.subsequent_profile)):
        place = f"/rate_profiles/{profile.code}"
        if profile.max_mg_h < profile.start_mg_h:
            reader.fault(f"{place}/max_mg_h", "Must not be below the starting rate.")
        elif (profile.max_mg_h - profile.start_mg_h) // profile.step_mg_h > MAX_RATE_STEPS:
            reader.fault(f"{place}/step_mg_h", "Too many rate steps.")


def _label_status(reader: Reader, raw: Any, place: str) -> LabelStatus:
    status = reader.mapping(raw, place)
    return LabelStatus(
        us=reader.choice(Label, status.get("us"), f"{place}/us"),
        eu=reader.choice(Label, status.get("eu"), f"{place}/eu"),
    )


def _conditions(reader: Reader, raw: Any) -> tuple[ConditionLabel, ...]:
    found = []
    for place, body in reader.members(raw, "/conditions"):
        found.append(
            ConditionLabel(
                code=reader.text(body.get("code"), f"{place}/code", max_length=10),
                name=reader.text(body.get("name"), f"{place}/name"),
                use=_label_status(reader, body, place),
                note=reader.text(body.get("note", ""), f"{place}/note", blank=True),
                sources=reader.texts(body.get("sources", []), f"{place}/sources"),
                unverified=reader.texts(body.get("unverified_fields", []), f"{place}/unverified_fields"),
            )
        )
    return tuple(found)


def _dose(reader: Reader, body: Mapping[str, Any], place: str) -> Dose:
    return Dose(
        amount=reader.decimal(body.get("dose"), f"{place}/dose", MAX_DOSE_MG),
        unit=reader.choice(DoseUnit, body.get("unit"), f"{place}/unit"),
    )


def _induction(reader: Reader, raw: Any) -> tuple[InductionDose, ...]:
    return tuple(
        InductionDose(
            day_offset=reader.whole(body.get("day_offset"), f"{at}/day_offset", 0, MAX_OFFSET_DAYS),
            dose=_dose(reader, body, at),
        )
        for at, body in reader.members(reader.mapping(raw, "/induction").get("doses"), "/induction/doses")
    )


def _maintenance(reader: Reader, raw: Any) -> Maintenance | None:
    place = "/maintenance"
    body = reader.mapping(raw, place)
    if not body or body.get("type") == "none":
        return None
    if body.get("type") != "single_dose_fixed_interval":
        reader.fault(f"{place}/type", "Must be none or single_dose_fixed_interval.")
        return None
    if body.get("max_duration_months") is not None:
        reader.fault(f"{place}/max_duration_months", "A longest duration cannot be planned; leave it empty.")
    doses = list(reader.members(body.get("doses"), f"{place}/doses"))
    if len(doses) > 1:
        reader.fault(f"{place}/doses", "Exactly one dose is needed.")
    if not doses:
        return None
    at, dose = doses[0]
    if reader.whole(dose.get("day_offset"), f"{at}/day_offset", 0, MAX_OFFSET_DAYS) != 0:
        reader.fault(f"{at}/day_offset", "Must be 0.")
    return Maintenance(
        interval_value=reader.whole(
            body.get("interval_value"), f"{place}/interval_value", 1, MAX_OFFSET_DAYS
        ),
        interval_unit=reader.choice(IntervalUnit, body.get("interval_unit"), f"{place}/interval_unit"),
        dose=_dose(reader, dose, at),
        anchor=reader.choice(MaintenanceAnchor, body.get("anchor"), f"{place}/anchor"),
        requires_clinical_review=body.get("requires_clinical_review") is not False,
    )


def _windows(reader: Reader, raw: Any) -> Windows:
    body = reader.mapping(raw, "/window")
    sizes = {
        name: reader.whole(body.get(name), f"/window/{name}", 0, 366)
        for name in (
            "induction_minus_days",
            "induction_plus_days",
            "maintenance_minus_days",
            "maintenance_plus_days",
        )
    }
    return Windows(**sizes)


def _profile(reader: Reader, top: Mapping[str, Any], code: Any, place: str) -> RateProfile:
    name = reader.text(code, place, max_length=40)
    body = reader.mapping(top.get("rate_profiles"), "/rate_profiles").get(name)
    if name and body is not None:
        return _rate_profile(reader, name, body, f"/rate_profiles/{name}")
    reader.fault(place, "Must name one of the rate profiles.")
    return RateProfile(name, "", 1, 1, 1, 1, "", ())


def _rate_profile(reader: Reader, code: str, raw: Any, place: str) -> RateProfile:
    body = reader.mapping(raw, place)
    return RateProfile(
        code=code,
        name=reader.text(body.get("name"), f"{place}/name"),
        start_mg_h=reader.whole(body.get("start_mg_h"), f"{place}/start_mg_h", 1, 2000),
        step_mg_h=reader.whole(body.get("step_mg_h"), f"{place}/step_mg_h", 1, 2000),
        step_every_min=reader.whole(body.get("step_every_min"), f"{place}/step_every_min", 1, 240),
        max_mg_h=reader.whole(body.get("max_mg_h"), f"{place}/max_mg_h", 1, 2000),
        use_when=reader.text(body.get("use_when", ""), f"{place}/use_when", blank=True),
        sources=reader.texts(body.get("sources", []), f"{place}/sources"),
    )


def _premedication(reader: Reader, top: Mapping[str, Any]) -> tuple[Premedication, ...]:
    code = reader.text(top.get("premedication"), "/premedication", max_length=40)
    sets = reader.mapping(top.get("premedication_sets"), "/premedication_sets")
    place = f"/premedication_sets/{code}"
    return tuple(_medicine(reader, body, at) for at, body in reader.members(sets.get(code), place))


def _medicine(reader: Reader, body: Mapping[str, Any], place: str) -> Premedication:
    minutes = body.get("give_minutes_before", [body.get("complete_minutes_before")])
    return Premedication(
        drug=reader.text(body.get("drug"), f"{place}/drug"),
        dose=None if body.get("dose") is None else _dose(reader, body, place),
        route=reader.text(body.get("route") or "", f"{place}/route", blank=True),
        minutes_before=tuple(
            reader.whole(value, f"{place}/give_minutes_before", 0, 1440)
            for value in (minutes if isinstance(minutes, list) else [minutes])
        ),
        examples=reader.texts(body.get("examples", []), f"{place}/examples"),
        examples_unverified=reader.texts(body.get("examples_unverified", []), f"{place}/examples_unverified"),
        note=reader.text(body.get("note", ""), f"{place}/note", blank=True),
        sources=reader.texts(body.get("sources", []), f"{place}/sources"),
    )


def _sources(reader: Reader, top: Mapping[str, Any]) -> tuple[Source, ...]:
    texts = reader.mapping(top.get("source_texts"), "/source_texts")
    cited = reader.texts(top.get("sources", []), "/sources")
    named = [Source("", name) for name in cited if name not in texts]
    return (
        *named,
        *(Source(code, reader.text(text, f"/source_texts/{code}")) for code, text in texts.items()),
    )
