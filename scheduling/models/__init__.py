"""What is planned: courses, planned infusions with their windows, visits and every version of them, waiting, plans."""

from .answers import VisitAnswer
from .courses import (
    CoTherapyRecord,
    Course,
    DoseDecision,
    PlannedInfusion,
    Retreatment,
    ScheduleChange,
)
from .instructions import HoldInstruction
from .lengths import ActualLength, UsualLength
from .overrides import GateOverride
from .replans import Replan
from .visits import STANDING, RuleBreach, TstzRange, Visit, VisitVersion
from .waiting import ChairHold, WaitlistEntry, WaitlistOffer

__all__ = [
    "STANDING",
    "ActualLength",
    "ChairHold",
    "CoTherapyRecord",
    "Course",
    "DoseDecision",
    "GateOverride",
    "HoldInstruction",
    "PlannedInfusion",
    "Replan",
    "Retreatment",
    "RuleBreach",
    "ScheduleChange",
    "TstzRange",
    "UsualLength",
    "Visit",
    "VisitAnswer",
    "VisitVersion",
    "WaitlistEntry",
    "WaitlistOffer",
]
