"""Forms of the clinics room."""

from .chairs import BackForm, ChairChangeForm, ChairForm, OutageForm
from .hours import ClosureForm, HolidaysForm, HoursForm
from .nurses import LeaveForm, ShiftChangeForm, ShiftForm
from .people import ROLES, MemberForm, RoleForm
from .rules import RulesForm
from .text import sound_text

__all__ = [
    "ROLES",
    "BackForm",
    "ChairChangeForm",
    "ChairForm",
    "ClosureForm",
    "HolidaysForm",
    "HoursForm",
    "LeaveForm",
    "MemberForm",
    "OutageForm",
    "RoleForm",
    "RulesForm",
    "ShiftChangeForm",
    "ShiftForm",
    "sound_text",
]
