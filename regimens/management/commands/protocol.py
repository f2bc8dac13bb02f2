"""``manage.py protocol``: a regimen's pure dates, and the rate steps of a dose, for a pharmacist to check."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.domain.refusals import Refusal
from regimens.defaults import default_regimens
from regimens.domain.dates import ProtocolDate, protocol_dates
from regimens.domain.definition import MAX_DOSE_MG, RateProfile
from regimens.domain.rates import RatePlan, in_exact_words, rate_plan
from regimens.domain.reading import decimal_in


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
        rate.add_argument(
            "--profile", required=True, help="code of a rate profile, for example first_standard"
        )
        rate.add_argument("--dose-mg", required=True, help="dose in milligrams")
        rate.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what was asked for; CommandError with plain words for anything that cannot be."""
        print_it = self._dates if options["what"] == "dates" else self._rate
        print_it(options)

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
        profile = _chosen(_profiles(), options["profile"], "rate profile")
        dose = decimal_in(options["dose_mg"], MAX_DOSE_MG)
        if dose is None:
            raise CommandError(
                f"--dose-mg: {options['dose_mg']!r} is not a dose. Write milligrams above 0 and at most "
                f"{MAX_DOSE_MG}, with at most 3 decimal places."
            )
        plan = rate_plan(profile, dose)
        if options["json"]:
            self.stdout.write(json.dumps(_rate_answer(profile, dose, plan)))
            return
        self.stdout.write(f"{profile.name}: {dose} mg in {in_exact_words(plan.total_minutes)} minutes")
        self.stdout.write(f"{'n':>3}  {'mg/h':>5}  {'from minute':>12}  {'minutes':>12}  {'mg':>12}")
        for step in plan.steps:
            self.stdout.write(
                f"{step.n:>3}  {step.rate_mg_h:>5}  {in_exact_words(step.start_minute):>12}  "
                f"{in_exact_words(step.minutes):>12}  {in_exact_words(step.dose_mg):>12}"
            )


def _profiles() -> dict[str, RateProfile]:
    return {
        profile.code: profile
        for regimen in default_regimens().values()
        for profile in (regimen.first_profile, regimen.subsequent_profile)
    }


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
