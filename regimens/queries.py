"""Reading the regimens of a clinic, and laying a version out for a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet

from clinics.domain.refusals import Refusal
from clinics.models import Clinic
from clinics.queries import or_404

from .defaults import DEFAULT_CODE, default_definition, default_regimens
from .domain.dates import ProtocolDate, protocol_dates
from .domain.definition import Premedication, RateProfile, Regimen
from .domain.parsing import parse_regimen
from .domain.rates import in_exact_words, rate_plan
from .models import Approval, RegimenVersion

APPROVALS_NEEDED = 2
PREVIEW_COUNT = 6


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate step, its fractions written out exactly."""

    n: int
    rate_mg_h: int
    start_minute: str
    minutes: str
    dose_mg: str


@dataclass(frozen=True, slots=True)
class RateTable:
    """The rate steps of one profile for one dose."""

    profile: RateProfile
    unverified: bool
    rows: tuple[RateRow, ...]
    total_minutes: str


@dataclass(frozen=True, slots=True)
class PremedicationRow:
    """One medicine of the premedication; ``unverified`` where any part of it has no source."""

    medicine: Premedication
    unverified: bool


def versions(clinic: Clinic) -> QuerySet[RegimenVersion]:
    """Every version in the clinic with its approvals, by code and newest first."""
    return RegimenVersion.objects.of(clinic).prefetch_related("approvals__by").order_by("code", "-version")


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


def regimen_of(found: RegimenVersion) -> Regimen:
    """What a version says. ValueError where its stored definition was damaged: nothing may be planned from
    it.
    """
    regimen = parse_regimen(found.definition)
    if not isinstance(regimen, Regimen):
        raise ValueError(f"Regimen version {found.pk} cannot be read: {regimen}")
    return regimen


def waiting_defaults(clinic: Clinic) -> list[str]:
    """Codes of delivered regimens whose present wording the clinic has not loaded yet."""
    newest: dict[str, RegimenVersion] = {}
    for row in versions(clinic):
        newest.setdefault(row.code, row)
    return [
        code
        for code in default_regimens()
        if code not in newest or newest[code].definition != default_definition(code)
    ]


def preview(regimen: Regimen, start: date) -> tuple[ProtocolDate, ...] | Refusal:
    """The first six protocol dates from a start, without closures."""
    return protocol_dates(regimen, start=start, count=PREVIEW_COUNT)


def rate_tables(regimen: Regimen, dose_mg: Decimal) -> list[RateTable]:
    """The rate steps of a dose by the first infusion's profile and by the later one's."""
    tables = []
    for profile in (regimen.first_profile, regimen.subsequent_profile):
        plan = rate_plan(profile, dose_mg)
        rows = tuple(
            RateRow(
                n=step.n,
                rate_mg_h=step.rate_mg_h,
                start_minute=in_exact_words(step.start_minute),
                minutes=in_exact_words(step.minutes),
                dose_mg=in_exact_words(step.dose_mg),
            )
            for step in plan.steps
        )
        marked = _marked(regimen, f"/rate_profiles/{profile.code}/")
        tables.append(RateTable(profile, marked, rows, in_exact_words(plan.total_minutes)))
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
