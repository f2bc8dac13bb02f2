"""``manage.py protocol``: a regimen's pure dates, and the rate steps of a dose, for a pharmacist to check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens, dilution_rules, dosing_rules, rate_profiles
from regimens.domain.dates import ProtocolDate, protocol_dates
from regimens.domain.definition import MAX_DOSE_MG, Dose, DoseUnit, Dosing, RateProfile
from regimens.domain.dilution import allowed_volume
from regimens.domain.dosing import from_surface
from regimens.domain.rates import RatePlan, in_exact_words, profile_refusals, rate_plan
from regimens.domain.reading import decimal_in

HIGHEST_SURFACE = Decimal(4)
TABLE_DOSES_MG = (Decimal(100), Decimal(500), Decimal(1000))
TABLE_PER_M2 = Decimal(375)
TABLE_SURFACES = tuple(Decimal(tenths) / 10 for tenths in range(15, 24))
DOSING = "mosteller_10"


class Command(BaseCommand):
    """Prints dates or rate steps as a table or as JSON. Reads no database."""

    help = "Print the dates of a regimen, or the rate steps of a dose, without any patient."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """``dates`` and ``rate``, each with its own arguments."""
        what = parser.add_subparsers(dest="what", required=True)
        dates = what.add_parser("dates", help="protocol dates from a first infusion; no closures")
        dates.add_argument("--regimen", required=True, help="code of a regimen, for example STANDARD")
        dates.add_argument("--start", required=True, help="date of the first infusion, YYYY-MM-DD")
        dates.add_argument("--count", required=True, help="how many infusions, inductions counted")
        dates.add_argument("--json", action="store_true", help="print JSON")
        rate = what.add_parser("rate", help="rate steps and exact duration of one infusion")
        rate.add_argument("--profile", help="code of a rate profile, for example first_standard")
        rate.add_argument("--dose-mg", help="dose in milligrams")
        rate.add_argument("--mg-per-m2", help="dose by body surface, together with --bsa")
        rate.add_argument("--bsa", help="body surface in square metres")
        rate.add_argument("--condition", default="", help="the patient's condition, for example RA")
        rate.add_argument(
            "--table", action="store_true", help="every profile with every dose it is asked for"
        )
        rate.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was asked for; CommandError with plain words for anything that cannot be."""
        if options["what"] == "dates":
            self._dates(options)
        elif options["table"]:
            self._table(options["condition"])
        else:
            self._rate(options)

    def _dates(self, options: dict[str, Any]) -> None:
        regimen = _chosen(default_regimens(), options["regimen"], "regimen")
        start, count = _day(options["start"]), _count(options["count"])
        dates = protocol_dates(regimen, start=start, count=count)
        if isinstance(dates, Refusal):
            raise CommandError(dates.message)
        if options["json"]:
            self.stdout.write(json.dumps([_date_row(infusion) for infusion in dates]))
            return
        self.stdout.write(f"{'n':>3}  {'phase':<11}  {'date':<10}  {'earliest':<10}  {'latest':<10}  dose")
        for one in dates:
            self.stdout.write(
                f"{one.n:>3}  {one.phase.value:<11}  {one.date}  {one.earliest}  {one.latest}  {one.dose}"
            )

    def _rate(self, options: dict[str, Any]) -> None:
        if options["profile"] is None:
            raise CommandError("Name a rate profile with --profile, or ask for --table.")
        profile = _chosen(rate_profiles(), options["profile"], "rate profile")
        dose, reckoning = _dose(options)
        refusals = profile_refusals(profile, dose, condition=options["condition"])
        if refusals:
            raise CommandError(" ".join(refusal.message for refusal in refusals))
        plan = rate_plan(profile, dose)
        if options["json"]:
            self.stdout.write(json.dumps(_rate_answer(profile, dose, plan)))
            return
        if reckoning:
            self.stdout.write(reckoning)
        self.stdout.write(f"{profile.name}: {dose} mg in {in_exact_words(plan.total_minutes)} minutes")
        self.stdout.write(f"{'n':>3}  {'mg/h':>5}  {'from minute':>12}  {'minutes':>12}  {'mg':>12}")
        for step in plan.steps:
            self.stdout.write(
                f"{step.n:>3}  {step.rate_mg_h:>5}  {in_exact_words(step.start_minute):>12}  "
                f"{in_exact_words(step.minutes):>12}  {in_exact_words(step.dose_mg):>12}"
            )
        for line in _asked(profile):
            self.stdout.write(line)

    def _table(self, condition: str) -> None:
        """Every profile with every dose: the exact minutes, the minutes booked, the volume; or why it is refused."""
        rules = dilution_rules()
        self.stdout.write(
            f"{'profile':<20}  {'dose':<30}  {'exact minutes':>14}  {'booked':>6}  {'volume mL':>14}"
        )
        for profile in rate_profiles().values():
            for words, mg in _doses_of_the_table():
                refusals = profile_refusals(profile, mg, condition=condition)
                if refusals:
                    why = " ".join(refusal.message for refusal in refusals)
                    self.stdout.write(f"{profile.code:<20}  {words:<30}  refused: {why}")
                    continue
                minutes = rate_plan(profile, mg).total_minutes
                least, most = (in_exact_words(volume) for volume in allowed_volume(mg, rules))
                self.stdout.write(
                    f"{profile.code:<20}  {words:<30}  {in_exact_words(minutes):>14}  {ceil(minutes):>6}  "
                    f"{least + ' to ' + most:>14}"
                )
            for line in _asked(profile):
                self.stdout.write(line)


def _doses_of_the_table() -> Iterator[tuple[str, Decimal]]:
    yield f"{TABLE_DOSES_MG[0]} mg", TABLE_DOSES_MG[0]
    for surface in TABLE_SURFACES:
        mg = from_surface(Dose(TABLE_PER_M2, DoseUnit.MG_PER_M2), surface, _dosing()).mg
        yield f"{TABLE_PER_M2} mg/m² × {surface} m² = {mg:f} mg", mg
    for dose in TABLE_DOSES_MG[1:]:
        yield f"{dose} mg", dose


def _asked(profile: RateProfile) -> Iterator[str]:
    if profile.asks and not profile.refused_because:
        only = f" for {' and '.join(profile.only_for)}" if profile.only_for else ""
        yield f"{profile.name}: only{only}, and only where all of this holds:"
        for ask in profile.asks:
            yield f"  - {ask}"


def _dosing() -> Dosing:
    return dosing_rules()[DOSING]


def _dose(options: dict[str, Any]) -> tuple[Decimal, str]:
    """The dose in milligrams, and how it was reckoned where it goes by body surface."""
    by_surface = options["mg_per_m2"] is not None or options["bsa"] is not None
    if by_surface and (options["mg_per_m2"] is None or options["bsa"] is None):
        raise CommandError("--mg-per-m2 and --bsa belong together.")
    if by_surface is (options["dose_mg"] is not None):
        raise CommandError("Give the dose either with --dose-mg or with --mg-per-m2 and --bsa.")
    if not by_surface:
        return _amount(options["dose_mg"], "--dose-mg", "dose", "milligrams", MAX_DOSE_MG), ""
    per_m2 = _amount(options["mg_per_m2"], "--mg-per-m2", "dose", "milligrams", MAX_DOSE_MG)
    surface = _amount(options["bsa"], "--bsa", "body surface", "square metres", HIGHEST_SURFACE)
    found = from_surface(Dose(per_m2, DoseUnit.MG_PER_M2), surface, _dosing())
    return found.mg, found.words


def _amount(written: str, option: str, what: str, unit: str, highest: Decimal) -> Decimal:
    found = decimal_in(written, highest)
    if found is None:
        raise CommandError(
            f"{option}: {written!r} is not a {what}. Write {unit} above 0 and at most "
            f"{highest}, with at most 3 decimal places."
        )
    return found


def _chosen(known: dict[str, Any], code: str, what: str) -> Any:
    if code not in known:
        raise CommandError(f"There is no {what} {code!r}. Known: {', '.join(sorted(known))}.")
    return known[code]


def _day(written: str) -> date:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
        try:
            return date.fromisoformat(written)
        except ValueError:
            pass
    raise CommandError(f"--start: {written!r} is not a date of the calendar. Write it as YYYY-MM-DD.")


def _count(written: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,6}", written):
        raise CommandError(f"--count: {written!r} is not a whole number.")
    return int(written)


def _date_row(infusion: ProtocolDate) -> dict[str, Any]:
    return {
        "n": infusion.n,
        "phase": infusion.phase.value,
        "date": infusion.date.isoformat(),
        "earliest": infusion.earliest.isoformat(),
        "latest": infusion.latest.isoformat(),
    }


def _rate_answer(profile: RateProfile, dose: Decimal, plan: RatePlan) -> dict[str, Any]:
    return {
        "profile": profile.code,
        "dose_mg": _number(Fraction(dose)),
        "steps": [
            {
                "n": step.n,
                "rate_mg_h": step.rate_mg_h,
                "start_minute": _number(step.start_minute),
                "minutes": _number(step.minutes),
                "minutes_exact": str(step.minutes),
                "dose_mg": _number(step.dose_mg),
            }
            for step in plan.steps
        ],
        "total_minutes": _number(plan.total_minutes),
        "total_minutes_exact": str(plan.total_minutes),
    }


def _number(value: Fraction) -> int | float:
    """A whole number where it is one, else the nearest float; the exact fraction stands beside it."""
    return value.numerator if value.denominator == 1 else float(value)
