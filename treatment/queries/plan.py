"""What an infusion's entries are judged against: its dose, its rate plan, and what is known from before."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from clinics.domain.calendar import local_date
from patients.queries import latest_measurement
from regimens.domain.definition import RateProfile, Regimen
from regimens.domain.rates import profile_for, rate_plan
from scheduling import queries as scheduling
from scheduling.domain.after_reaction import After, reminded_of
from scheduling.models import Visit

from ..domain.chart import Chart, Kind
from ..domain.judging import Day
from .days import record_of, usual_product


def regimen_of(visit: Visit) -> Regimen:
    """The regimen in the version the visit's course was prescribed in."""
    assert visit.planned_infusion is not None
    return scheduling.regimen(visit.planned_infusion.course)


def dose_of(visit: Visit) -> Fraction:
    """The planned dose of the visit (mg)."""
    assert visit.planned_infusion is not None
    return Fraction(visit.planned_infusion.dose_mg)


def profile_of(visit: Visit, chart: Chart) -> RateProfile:
    """The rate profile of the visit: the one that was noted when premedication began, else the one for its day."""
    what = regimen_of(visit)
    begun = chart.first(Kind.PREMEDICATION)
    noted = begun.payload.get("profile") if begun is not None else None
    for profile in (what.first_profile, what.subsequent_profile, *what.optional_profiles):
        if profile.code == noted:
            return profile
    on = local_date(visit.starts_at, visit.clinic.zone)
    past = scheduling.history(visit.patient).until(on)
    return profile_for(
        what,
        infusions_before=len(past.given),
        last_infusion_on=past.given[-1] if past.given else None,
        on=on,
        serious_reaction=past.slows(),
        chosen=visit.planned_infusion.rate_profile if visit.planned_infusion is not None else "",
    )


def reminded_by(visit: Visit) -> After | None:
    """What an earlier reaction asks the bedside to remember, with its source; None without one."""
    past = scheduling.history(visit.patient).until(local_date(visit.starts_at, visit.clinic.zone))
    return reminded_of(past.graded())


def judged_by(visit: Visit, chart: Chart, *, now: datetime) -> Day:
    """What the visit's entries are judged against."""
    zone, what, dose = visit.clinic.zone, regimen_of(visit), dose_of(visit)
    record, weighed = record_of(visit), latest_measurement(visit.patient, "weight")
    assert record is not None
    return Day(
        now=now,
        today=local_date(now, zone),
        arrived_at=record.arrived_at,
        dose_mg=dose,
        plan=rate_plan(profile_of(visit, chart), dose),
        medicines=what.premedication,
        last_product=usual_product(visit.patient),
        last_weight=weighed.value if weighed is not None else None,
        weigh_first=visit.planned_infusion is not None and visit.planned_infusion.dose_per_m2 is not None,
        at=lambda instant: f"{instant.astimezone(zone):%H:%M}",
    )
