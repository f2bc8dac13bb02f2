"""What is planned: courses, planned infusions with their windows, visits and every version of them, waiting, plans."""

from .courses import Course, DoseDecision, PlannedInfusion, ScheduleChange
from .replans import Replan
from .visits import STANDING, RuleBreach, TstzRange, Visit, VisitVersion
from .waiting import ChairHold, WaitlistEntry, WaitlistOffer

__all__ = [
    "STANDING",
    "ChairHold",
    "Course",
    "DoseDecision",
    "PlannedInfusion",
    "Replan",
    "RuleBreach",
    "ScheduleChange",
    "TstzRange",
    "Visit",
    "VisitVersion",
    "WaitlistEntry",
    "WaitlistOffer",
]
