"""Screens of the scheduling room."""

from .beside import co_therapy, rates, recompute, retreat, version
from .courses import course, panel, prescribe, renew, start, stop
from .free import free
from .holds import hold, release
from .instructions import change_instruction, end_instruction, enter_instruction
from .requests import patient_request
from .times import move, pair, single
from .visits import cancel, visit
from .waiting import answer, freed, leave, wait, waiting

__all__ = [
    "answer",
    "cancel",
    "change_instruction",
    "co_therapy",
    "course",
    "end_instruction",
    "enter_instruction",
    "free",
    "freed",
    "hold",
    "leave",
    "move",
    "pair",
    "panel",
    "patient_request",
    "prescribe",
    "rates",
    "recompute",
    "release",
    "renew",
    "retreat",
    "single",
    "start",
    "stop",
    "version",
    "visit",
    "wait",
    "waiting",
]
