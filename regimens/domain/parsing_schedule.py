"""Reading the schedule of a regimen's definition: its doses, what follows the induction, and retreatment."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from regimens.domain.definition import (
    MAX_DOSE_MG,
    Dose,
    DoseUnit,
    InductionDose,
    IntervalUnit,
    Maintenance,
    MaintenanceAnchor,
    MaintenanceKind,
    Regimen,
)
from regimens.domain.reading import Reader

MAX_OFFSET_DAYS = 3660
MAX_MONTHS = 600
MAX_TIMES = 24

_ANCHORS = {
    MaintenanceKind.FIXED: {
        MaintenanceAnchor.FIRST_INFUSION_AS_GIVEN,
        MaintenanceAnchor.FIRST_THEN_PREVIOUS,
        MaintenanceAnchor.PREVIOUS,
    },
    MaintenanceKind.SCHEDULED: {
        MaintenanceAnchor.FIRST_INFUSION_AS_GIVEN,
        MaintenanceAnchor.FIRST_THEN_PREVIOUS,
        MaintenanceAnchor.PREVIOUS,
    },
    MaintenanceKind.PAIRED_START: {MaintenanceAnchor.FIRST_MAINTENANCE},
    MaintenanceKind.REPEAT_COURSE: {MaintenanceAnchor.FIRST_OF_PREVIOUS_COURSE},
    MaintenanceKind.REPEAT_ONCE: {MaintenanceAnchor.FIRST_OF_PREVIOUS_COURSE},
}
_FEWEST_DAYS = {IntervalUnit.DAYS: 1, IntervalUnit.WEEKS: 7, IntervalUnit.MONTHS: 30}


def read_dose(reader: Reader, body: Mapping[str, Any], place: str) -> Dose:
    """An amount with its unit."""
    return Dose(
        amount=reader.decimal(body.get("dose"), f"{place}/dose", MAX_DOSE_MG),
        unit=reader.choice(DoseUnit, body.get("unit"), f"{place}/unit"),
    )


def read_doses(reader: Reader, body: Mapping[str, Any], place: str) -> tuple[InductionDose, ...]:
    """Infusions that belong together, each with its days after the first."""
    return tuple(
        InductionDose(
            day_offset=reader.whole(one.get("day_offset"), f"{at}/day_offset", 0, MAX_OFFSET_DAYS),
            dose=read_dose(reader, one, at),
        )
        for at, one in reader.members(body.get("doses"), f"{place}/doses")
    )


def read_retreatment(reader: Reader, raw: Any) -> tuple[InductionDose, ...]:
    """The doses a prescriber may start on demand; none where there is no such rule."""
    if raw is None:
        return ()
    return read_doses(reader, reader.mapping(raw, "/retreatment"), "/retreatment")


def read_maintenance(reader: Reader, raw: Any) -> Maintenance | None:
    """What follows the induction by itself; None where nothing does."""
    place = "/maintenance"
    body = reader.mapping(raw, place)
    if not body or body.get("type") == "none":
        return None
    if body.get("type") not in set(MaintenanceKind):
        reader.fault(f"{place}/type", "Must be one of: none, " + ", ".join(MaintenanceKind) + ".")
        return None
    kind = MaintenanceKind(body["type"])
    doses = read_doses(reader, body, place)
    if not doses:
        return None
    single = kind in (MaintenanceKind.FIXED, MaintenanceKind.SCHEDULED)
    if single and len(doses) > 1:
        reader.fault(f"{place}/doses", "Exactly one dose is needed.")
    return Maintenance(
        interval_value=reader.whole(
            body.get("interval_value"), f"{place}/interval_value", 1, MAX_OFFSET_DAYS
        ),
        interval_unit=reader.choice(IntervalUnit, body.get("interval_unit"), f"{place}/interval_unit"),
        dose=_dose_after_a_pair(reader, body) if kind is MaintenanceKind.PAIRED_START else doses[0].dose,
        anchor=reader.choice(MaintenanceAnchor, body.get("anchor"), f"{place}/anchor"),
        requires_clinical_review=body.get("requires_clinical_review") is not False,
        kind=kind,
        group=() if single else doses,
        at=_times(reader, body, f"{place}/at_months") if kind is MaintenanceKind.SCHEDULED else (),
        start_days=_start(reader, body, place) if kind is MaintenanceKind.PAIRED_START else (0, 0),
        most=1 if kind is MaintenanceKind.REPEAT_ONCE else _maybe(reader, body, "most_infusions", 200),
        min_duration_months=_maybe(reader, body, "min_duration_months", MAX_MONTHS),
        max_duration_months=_maybe(reader, body, "max_duration_months", MAX_MONTHS),
        review_after_months=_maybe(reader, body, "review_after_months", MAX_MONTHS),
        optional_after_schedule=body.get("interval_optional_after_schedule") is True,
    )


def _maybe(reader: Reader, body: Mapping[str, Any], name: str, highest: int) -> int | None:
    value = body.get(name)
    return None if value is None else reader.whole(value, f"/maintenance/{name}", 1, highest)


def _dose_after_a_pair(reader: Reader, body: Mapping[str, Any]) -> Dose:
    return Dose(
        amount=reader.decimal(body.get("then_dose"), "/maintenance/then_dose", MAX_DOSE_MG),
        unit=reader.choice(DoseUnit, body.get("then_unit"), "/maintenance/then_unit"),
    )


def _times(reader: Reader, body: Mapping[str, Any], place: str) -> tuple[int, ...]:
    raw = body.get("at_months")
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_TIMES:
        reader.fault(place, f"Must be a list of 1 to {MAX_TIMES} whole numbers.")
        return ()
    return tuple(reader.whole(one, f"{place}/{n}", 1, MAX_MONTHS) for n, one in enumerate(raw))


def _start(reader: Reader, body: Mapping[str, Any], place: str) -> tuple[int, int]:
    names = ("start_earliest_days_after_last_induction", "start_latest_days_after_last_induction")
    first, last = (reader.whole(body.get(name), f"{place}/{name}", 1, MAX_OFFSET_DAYS) for name in names)
    return first, last


def schedule_contradictions(reader: Reader, regimen: Regimen) -> None:
    """Faults between the parts of a schedule that are each right by themselves."""
    maintenance = regimen.maintenance
    groups = [(regimen.induction, "/induction/doses")]
    if maintenance is not None and maintenance.group:
        groups.append((maintenance.group, "/maintenance/doses"))
    if regimen.retreatment:
        groups.append((regimen.retreatment, "/retreatment/doses"))
    for doses, place in groups:
        _group(reader, regimen, [each.day_offset for each in doses], place)
    if maintenance is not None:
        _maintenance(reader, regimen, maintenance)


def _group(reader: Reader, regimen: Regimen, offsets: list[int], place: str) -> None:
    gaps = [later - earlier for earlier, later in pairwise(offsets)]
    span = regimen.windows.induction_minus_days + regimen.windows.induction_plus_days
    if offsets[0] != 0:
        reader.fault(f"{place}/0/day_offset", "The first infusion must be at day 0.")
    if any(gap <= 0 for gap in gaps):
        reader.fault(place, "Each infusion must be later than the one before.")
    elif any(gap <= span for gap in gaps):
        reader.fault("/window", "The windows of two induction infusions overlap.")


def _maintenance(reader: Reader, regimen: Regimen, maintenance: Maintenance) -> None:
    place = "/maintenance"
    allowed = _ANCHORS[maintenance.kind]
    if maintenance.anchor not in allowed:
        words = ", ".join(anchor for anchor in MaintenanceAnchor if anchor in allowed)
        reader.fault(f"{place}/anchor", f"For this kind of maintenance it must be one of: {words}.")
    if any(later <= earlier for earlier, later in pairwise(maintenance.at)):
        reader.fault(f"{place}/at_months", "Each time must be later than the one before.")
    if maintenance.at and maintenance.interval_unit is not IntervalUnit.MONTHS:
        reader.fault(f"{place}/interval_unit", "Must be months, as the set times are.")
    if maintenance.start_days[1] < maintenance.start_days[0]:
        reader.fault(
            f"{place}/start_latest_days_after_last_induction", "Must not be before the earliest start."
        )
    longest = max((each.day_offset for each in maintenance.group), default=0) if maintenance.repeats else 0
    days = maintenance.interval_value * _FEWEST_DAYS[maintenance.interval_unit] - longest
    if days < regimen.min_interval_days - 2:
        reader.fault(
            f"{place}/interval_value",
            f"Too short: the minimum interval of {regimen.min_interval_days} days would hold every infusion back.",
        )
