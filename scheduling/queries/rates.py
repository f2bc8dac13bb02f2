"""Which rate profiles an infusion may run by."""

from __future__ import annotations

from collections.abc import Mapping

from clinics.domain.refusals import Refusal
from regimens.domain.rates import profile_for, profile_refusals
from scheduling.models import PlannedInfusion

from .plan import CoursePlan


def profile_answers_refusals(
    plan: CoursePlan, row: PlannedInfusion, code: str, answers: Mapping[str, bool]
) -> tuple[Refusal, ...]:
    """Every reason why an infusion may not run by an optional rate profile; empty where it may."""
    profile = next((each for each in plan.regimen.optional_profiles if each.code == code), None)
    if profile is None:
        return (Refusal("profile_not_in_regimen", "This regimen has no such rate profile."),)
    found = list(
        profile_refusals(profile, row.dose_mg, condition=plan.course.diagnosis.condition, answers=answers)
    )
    given = [
        *plan.past.given,
        *(plan.expected_on(each) for each in plan.planned if each.ordinal < row.ordinal),
    ]
    before = sorted({day for day in given if day < row.planned_on})
    usual = profile_for(
        plan.regimen,
        infusions_before=len(before),
        last_infusion_on=before[-1] if before else None,
        on=row.planned_on,
        serious_reaction=plan.past.slows(before=before),
    )
    if usual != plan.regimen.subsequent_profile:
        words = "The first infusion's rates are due: the first one ever, 52 weeks without one, or a serious reaction."
        found.append(Refusal("first_rates_due", words))
    return tuple(found)
