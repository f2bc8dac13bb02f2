"""Screens of the scheduling room."""

from .courses import course, panel, prescribe, renew, start, stop
from .free import free
from .holds import hold, release
from .times import move, pair, single
from .visits import cancel, visit
from .waiting import answer, freed, leave, wait, waiting

__all__ = [
    "answer",
    "cancel",
    "course",
    "free",
    "freed",
    "hold",
    "leave",
    "move",
    "pair",
    "panel",
    "prescribe",
    "release",
    "renew",
    "single",
    "start",
    "stop",
    "visit",
    "wait",
    "waiting",
]
