"""Reading a regimen's stored definition.

A definition is *self-contained*: the regimen as in ``regimens/data/regimens.json`` together with the rate
profiles, the premedication set, the conditions' label status and the sources it names. That is what a
clinic's prescriber and pharmacist approve, so nothing that changes later can change what they approved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regimens.domain.definition import (
    ConditionLabel,
    IntervalAnchor,
    Label,
    LabelStatus,
    Premedication,
    Regimen,
    Rule,
    Source,
    Windows,
)
from regimens.domain.parsing_rates import rate_contradictions, read_co_therapy, read_dosing, read_profile
from regimens.domain.parsing_schedule import (
    MAX_OFFSET_DAYS,
    read_dose,
    read_doses,
    read_maintenance,
    read_retreatment,
    schedule_contradictions,
)
from regimens.domain.reading import Problem, Reader


def standalone(library: Mapping[str, Any], code: str) -> dict[str, Any] | None:
    """The self-contained definition of regimen ``code`` out of a whole library, or None where it has none."""
    for raw in library.get("regimens", ()):
        if raw.get("id") == code:
            break
    else:
        return None
    rates = raw.get("rate_profile", {})
    wanted = [rates.get("first_infusion"), rates.get("subsequent_infusion"), *rates.get("optional", ())]
    sets = library.get("premedication_sets", {})
    meant = raw.get("default_for") or raw.get("for_conditions") or ()
    conditions = [one for one in library.get("conditions", ()) if one.get("code") in meant]
    profiles = {name: body for name, body in library.get("rate_profiles", {}).items() if name in wanted}
    premedication = {raw.get("premedication"): sets.get(raw.get("premedication"))}
    dosing = library.get("dosing", {}).get(raw.get("dosing"))
    beside = [*(raw.get("co_therapy") or ()), *raw.get("rules", ()), *([dosing] if dosing else ())]
    cited = [
        *raw.get("sources", ()),
        *(source for one in (*conditions, *profiles.values()) for source in one.get("sources", ())),
        *(source for one in sets.get(raw.get("premedication")) or () for source in one.get("sources", ())),
        *(source for one in beside for source in one.get("sources", ())),
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
        **({"dosing_rules": dosing} if dosing else {}),
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
    regimen = Regimen(
        code=reader.text(top.get("id"), "/id", max_length=40),
        name=reader.text(top.get("name"), "/name"),
        conditions=_conditions(reader, top.get("conditions")),
        induction=read_doses(reader, reader.mapping(top.get("induction"), "/induction"), "/induction"),
        maintenance=read_maintenance(reader, top.get("maintenance")),
        min_interval_days=reader.whole(
            top.get("min_interval_days"), "/min_interval_days", 0, MAX_OFFSET_DAYS
        ),
        min_interval_anchor=reader.choice(
            IntervalAnchor, top.get("min_interval_anchor"), "/min_interval_anchor"
        ),
        windows=_windows(reader, top.get("window")),
        premedication=_premedication(reader, top),
        first_profile=read_profile(reader, top, rates.get("first_infusion"), "/rate_profile/first_infusion"),
        subsequent_profile=read_profile(
            reader, top, rates.get("subsequent_infusion"), "/rate_profile/subsequent_infusion"
        ),
        restart_after_days=reader.whole(
            rates.get("restart_after_days"), "/rate_profile/restart_after_days", 1, MAX_OFFSET_DAYS
        ),
        label_status=_label_status(reader, top.get("label_status"), "/label_status"),
        unverified=reader.texts(top.get("unverified_fields", []), "/unverified_fields"),
        sources=_sources(reader, top),
        retreatment=read_retreatment(reader, top.get("retreatment")),
        dosing=read_dosing(reader, top.get("dosing_rules")),
        optional_profiles=tuple(
            read_profile(reader, top, code, "/rate_profile/optional")
            for code in reader.texts(rates.get("optional", []), "/rate_profile/optional")
        ),
        co_therapy=read_co_therapy(reader, top.get("co_therapy")),
        rules=_rules(reader, top.get("rules", [])),
        population=reader.text(top.get("population", ""), "/population", blank=True),
        variant=reader.text(top.get("variant", ""), "/variant", blank=True),
    )
    if not reader.problems:
        _contradictions(reader, regimen)
    return reader.problems or regimen


def _contradictions(reader: Reader, regimen: Regimen) -> None:
    """Faults between values that are each right by themselves."""
    if len(set(regimen.condition_codes)) != len(regimen.conditions):
        reader.fault("/conditions", "A condition is named twice.")
    schedule_contradictions(reader, regimen)
    rate_contradictions(reader, regimen)
    if regimen.by_surface and regimen.dosing is None:
        reader.fault("/dosing", "Doses by body surface need a formula and a rounding.")


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


def _rules(reader: Reader, raw: Any) -> tuple[Rule, ...]:
    if not raw:
        return ()
    return tuple(
        Rule(
            words=reader.text(body.get("words"), f"{at}/words"),
            sources=reader.texts(body.get("sources", []), f"{at}/sources"),
        )
        for at, body in reader.members(raw, "/rules")
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
        dose=None if body.get("dose") is None else read_dose(reader, body, place),
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
