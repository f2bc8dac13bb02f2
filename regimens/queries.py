"""Reading the regimens of a clinic, and laying a version out for a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, QuerySet

from clinics.domain.refusals import Refusal
from clinics.models import Clinic
from clinics.queries import or_404

from .defaults import DEFAULT_CODE, default_definition, default_regimens, dilution_rules
from .domain.dates import ProtocolDate, protocol_dates
from .domain.definition import DoseUnit, Maintenance, Premedication, RateProfile, Regimen
from .domain.dilution import DilutionRules, allowed_volume, ml_per_hour, prepared
from .domain.dosing import from_surface
from .domain.label import off_label
from .domain.parsing import parse_regimen
from .domain.rates import in_exact_words, profile_refusals, rate_plan
from .models import Approval, RegimenVersion

APPROVALS_NEEDED = 2
PREVIEW_COUNT = 6
AVERAGE_SURFACE_M2 = Decimal("1.8")
"""A body surface to show rates for before there is a patient (an example, no dose)."""
MOST_KNOWN = 256
_KNOWN: dict[tuple[int, datetime], Regimen] = {}


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate step, its fractions written out exactly."""

    n: int
    rate_mg_h: int
    start_minute: str
    minutes: str
    dose_mg: str


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the list of regimens."""

    version: RegimenVersion
    state: str
    regimen: Regimen
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rate steps of one profile for one dose; or why the profile is refused for it."""

    profile: RateProfile
    unverified: bool
    rows: tuple[RateRow, ...]
    total_minutes: str
    refused: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PremedicationRow:
    """One medicine of the premedication; ``unverified`` where any part of it has no source."""

    medicine: Premedication
    unverified: bool


def versions(clinic: Clinic) -> QuerySet[RegimenVersion]:
    """Every version in the clinic with its approvals, by code and newest first."""
    rows = RegimenVersion.objects.of(clinic).select_related("based_on", "created_by", "clinic")
    return rows.prefetch_related("approvals__by").order_by("code", "-version")


def version(clinic: Clinic, pk: int) -> RegimenVersion:
    """One version of the clinic, or a 404."""
    return or_404(versions(clinic), pk=pk)


def approvals(found: RegimenVersion) -> list[Approval]:
    """Who approved a version, in order."""
    return sorted(found.approvals.all(), key=lambda approval: approval.at)


def state(found: RegimenVersion) -> str:
    """``draft``, ``half_approved``, ``approved`` or ``retired``: the words of the status chip."""
    if found.withdrawn_at is not None:
        return "retired"
    return ("draft", "half_approved", "approved")[min(len(found.approvals.all()), APPROVALS_NEEDED)]


def may_be_prescribed(found: RegimenVersion) -> bool:
    """True once a prescriber and a pharmacist, two people, have approved it, unless it was withdrawn."""
    return state(found) == "approved"


def prescribable(clinic: Clinic, *, condition: str = "") -> list[RegimenVersion]:
    """The newest approved version of each regimen, or only those for a condition. STANDARD comes first."""
    newest: dict[str, RegimenVersion] = {}
    for row in versions(clinic):
        if may_be_prescribed(row):
            newest.setdefault(row.code, row)
    rows = sorted(newest.values(), key=lambda row: (row.code != DEFAULT_CODE, row.code))
    return [row for row in rows if not condition or condition in regimen_of(row).condition_codes]


def newest_approved(clinic: Clinic, code: str) -> RegimenVersion | None:
    """The newest version of one regimen that can be prescribed: one query."""
    found = RegimenVersion.objects.of(clinic).filter(code=code, withdrawn_at__isnull=True)
    approved = found.annotate(said=Count("approvals")).filter(said__gte=APPROVALS_NEEDED)
    return approved.order_by("-version").first()


def rows(clinic: Clinic) -> list[Row]:
    """Every version for the list, STANDARD first, each with its state, its conditions and its label status."""
    found = []
    for row in versions(clinic):
        regimen = regimen_of(row)
        found.append(Row(row, state(row), regimen, tuple(one.code for one in regimen.conditions)))
    return sorted(found, key=lambda each: (each.version.code != DEFAULT_CODE, each.version.code))


def regimen_of(found: RegimenVersion) -> Regimen:
    """What a version says. ValueError where its stored definition was damaged: nothing may be planned from
    it.

    A version is never edited, so each is read once in a process.
    """
    key = (found.pk, found.created_at)
    regimen = _KNOWN.get(key) or parse_regimen(found.definition)
    if not isinstance(regimen, Regimen):
        raise ValueError(f"Regimen version {found.pk} cannot be read: {regimen}")
    if len(_KNOWN) >= MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[key] = regimen
    return regimen


def waiting_defaults(clinic: Clinic) -> list[str]:
    """Codes of delivered regimens whose present wording the clinic has never loaded."""
    loaded = list(versions(clinic))
    return [
        code
        for code in default_regimens()
        if not any(row.code == code and row.definition == default_definition(code) for row in loaded)
    ]


def before(found: RegimenVersion) -> RegimenVersion | None:
    """What a version is compared with: the one it was made from, else the one before it."""
    if found.based_on is not None:
        return found.based_on
    rows = versions(found.clinic).filter(code=found.code, version__lt=found.version)
    return rows.order_by("-version").first()


def off_label_words(clinic: Clinic, found: RegimenVersion, condition: str) -> tuple[str, ...]:
    """What about a version is off-label for a condition in the clinic's country; empty where nothing is."""
    return tuple(each.words for each in off_label(regimen_of(found), condition, clinic.country))


def preview(regimen: Regimen, start: date) -> tuple[ProtocolDate, ...] | Refusal:
    """The first six protocol dates from a start, without closures."""
    return protocol_dates(regimen, start=start, count=PREVIEW_COUNT)


def both_previews(
    first: RegimenVersion, second: RegimenVersion, start: date
) -> list[tuple[int, ProtocolDate | None, ProtocolDate | None]]:
    """The first dates of two versions from one start, side by side; None where one has no such infusion."""
    found: list[dict[int, ProtocolDate]] = []
    for version in (first, second):
        dates = preview(regimen_of(version), start)
        found.append({} if isinstance(dates, Refusal) else {one.n: one for one in dates})
    return [(n, found[0].get(n), found[1].get(n)) for n in sorted({*found[0], *found[1]})]


def usual_mg(regimen: Regimen) -> Decimal:
    """A dose in milligrams to show rates for: the first infusion's, for an adult of average size where it goes by body
    surface.
    """
    dose = regimen.induction[0].dose
    if dose.unit is DoseUnit.MG or regimen.dosing is None:
        return dose.amount
    return from_surface(dose, AVERAGE_SURFACE_M2, regimen.dosing).mg


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a schedule: a name, the words, and whether any part of it has no source."""

    name: str
    words: str
    unverified: bool


def schedule(regimen: Regimen) -> list[Fact]:
    """The schedule in plain words, line by line."""
    found = [
        Fact(
            f"Infusion {number}",
            f"{each.dose}, "
            + (
                f"{_days(each.day_offset)} after the first" if each.day_offset else "the anchor of the course"
            ),
            _marked(regimen, f"/induction/doses/{number - 1}/"),
        )
        for number, each in enumerate(regimen.induction, start=1)
    ]
    maintenance = regimen.maintenance
    if maintenance is None:
        found.append(Fact("Then", "nothing by itself", False))
    else:
        found += _maintenance(regimen, maintenance)
    if regimen.retreatment:
        doses = ", ".join(f"{each.dose} on day {each.day_offset}" for each in regimen.retreatment)
        words = f"only when a prescriber starts it: {doses}"
        found.append(Fact("On demand", words, "/retreatment" in regimen.unverified))
    windows = regimen.windows
    found += [
        Fact(
            "Windows",
            f"Inside an induction or a pair {_days(windows.induction_minus_days)} before to "
            f"{windows.induction_plus_days} after; others {windows.maintenance_minus_days} before to "
            f"{windows.maintenance_plus_days} after",
            _marked(regimen, "/window"),
        ),
        Fact(
            "Never sooner than",
            f"{regimen.min_interval_days} days after {regimen.min_interval_anchor.words}",
            _marked(regimen, "/min_interval"),
        ),
        Fact(
            "First rates again",
            f"{regimen.restart_after_days} days or more after the last infusion",
            "/rate_profile/restart_after_days" in regimen.unverified,
        ),
    ]
    if regimen.by_surface and regimen.dosing is not None:
        words = f"{regimen.dosing.formula_words}; {regimen.dosing.rounding_words}"
        found.append(Fact("Milligrams", words, _marked(regimen, "/dosing_rules")))
    return found


_AFTER_FIRST = "months after the first maintenance infusion"
_SCHEDULE_FIELDS = ("type", "doses", "then_", "interval_", "at_months", "anchor", "start_", "most_infusions")


def _maintenance(regimen: Regimen, maintenance: Maintenance) -> list[Fact]:
    unit = maintenance.interval_unit.value
    every = f"every {maintenance.interval_value} {unit}, counted from {maintenance.anchor.words}"
    # The anchor is marked apart: of many schedules only what they count from is a proposal.
    mark = any(_marked(regimen, f"/maintenance/{name}") for name in _SCHEDULE_FIELDS)
    group = ", ".join(f"{each.dose} on day {each.day_offset}" for each in maintenance.group)
    if maintenance.repeats:
        times = "once, " if maintenance.most == 1 else ""
        every = every.replace("every ", "after ", 1) if maintenance.most == 1 else every
        found = [Fact("Then", f"the course again {times}{every}: {group}", mark)]
    elif maintenance.group:
        first, last = maintenance.start_days
        words = f"{group}, from day {first} to day {last} after the last induction infusion"
        found = [Fact("Then", words, mark), Fact("After that", f"{maintenance.dose} {every}", mark)]
    elif maintenance.at:
        months = " and ".join(str(each) for each in maintenance.at)
        optional = ", only if still needed" if maintenance.optional_after_schedule else ""
        words = f"{maintenance.dose} at months {months}, then {every}{optional}"
        found = [Fact("Then", words, mark)]
    else:
        most = f", {maintenance.most} times" if maintenance.most else ""
        found = [Fact("Then", f"{maintenance.dose} {every}{most}", mark)]
    limits = (
        ("At least", maintenance.min_duration_months, "months of maintenance", "min_duration_months"),
        (
            "At most",
            maintenance.max_duration_months,
            "months after the first maintenance infusion",
            "max_duration_months",
        ),
        ("Review", maintenance.review_after_months, "months after the first infusion", "review_after_months"),
    )
    return [
        *found,
        *(
            Fact(name, f"{value} {words}", _marked(regimen, f"/maintenance/{field}"))
            for name, value, words, field in limits
            if value
        ),
    ]


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"


@dataclass(frozen=True, slots=True)
class Volume:
    """How a dose may be diluted, in exact words, with its sources."""

    least: str
    most: str
    rules: DilutionRules
    bag: str = ""


def dilution(dose_mg: Decimal, regimen: Regimen) -> Volume:
    """The allowed volume of a dose, and how its usual bag comes out at the first infusion's starting rate."""
    rules = dilution_rules()
    least, most = allowed_volume(dose_mg, rules)
    usual = next((each for each in rules.bags if each.dose_mg == dose_mg), None)
    bag = ""
    if usual is not None:
        made, rate = prepared(dose_mg, usual.saline_ml, rules), regimen.first_profile.start_mg_h
        pump = in_exact_words(ml_per_hour(rate, made.mg_ml))
        bag = (
            f"in {usual.saline_ml} mL of saline it makes {in_exact_words(made.total_ml)} mL "
            f"({round(float(made.mg_ml), 2):g} mg/mL); {rate} mg/h is {pump} mL/h"
        )
    return Volume(in_exact_words(least), in_exact_words(most), rules, bag)


@dataclass(frozen=True, slots=True)
class Marked:
    """A medicine or a rule beside the infusions, with its sources and its mark."""

    words: str
    note: str
    required: bool
    sources: tuple[str, ...]
    unverified: bool


def marked_beside(regimen: Regimen) -> tuple[list[Marked], list[Marked]]:
    """The co-therapy and the rules of a regimen, each marked where it has no source."""
    medicines = [
        Marked(
            each.medicine, each.note, each.required, each.sources, f"/co_therapy/{n}" in regimen.unverified
        )
        for n, each in enumerate(regimen.co_therapy)
    ]
    rules = [
        Marked(each.words, "", False, each.sources, f"/rules/{n}" in regimen.unverified)
        for n, each in enumerate(regimen.rules)
    ]
    return medicines, rules


def rate_tables(regimen: Regimen, dose_mg: Decimal) -> list[RateTable]:
    """The rate steps of a dose by the first infusion's profile, by the later one's and by optional ones."""
    tables = []
    for profile in (regimen.first_profile, regimen.subsequent_profile, *regimen.optional_profiles):
        optional = profile in regimen.optional_profiles
        marked = _marked(regimen, f"/rate_profiles/{profile.code}/")
        refused = tuple(each.message for each in profile_refusals(profile, dose_mg))
        if refused:
            tables.append(RateTable(profile, marked, (), "", refused, optional))
            continue
        plan = rate_plan(profile, dose_mg)
        steps = tuple(
            RateRow(
                n=step.n,
                rate_mg_h=step.rate_mg_h,
                start_minute=in_exact_words(step.start_minute),
                minutes=in_exact_words(step.minutes),
                dose_mg=in_exact_words(step.dose_mg),
            )
            for step in plan.steps
        )
        total = in_exact_words(plan.total_minutes)
        tables.append(RateTable(profile, marked, steps, total, optional=optional))
    return tables


def premedication(found: RegimenVersion, regimen: Regimen) -> list[PremedicationRow]:
    """The medicines given before, each marked where a part of it has no source."""
    place = f"/premedication_sets/{found.definition['premedication']}"
    return [
        PremedicationRow(medicine, _marked(regimen, f"{place}/{number}/"))
        for number, medicine in enumerate(regimen.premedication)
    ]


def _marked(regimen: Regimen, place: str) -> bool:
    return any(mark.startswith(place) for mark in regimen.unverified)
