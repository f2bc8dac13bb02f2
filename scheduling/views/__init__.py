"""Screens of the scheduling room."""

from .beside import co_therapy, rates, recompute, retreat, version
from .courses import course, panel, prescribe, renew, start, stop
from .free import free
from .holds import hold, release
from .times import move, pair, single
from .visits import cancel, visit
from .waiting import answer, freed, leave, wait, waiting

__all__ = [
    "answer",
    "cancel",
    "co_therapy",
    "course",
    "free",
    "freed",
    "hold",
    "leave",
    "move",
    "pair",
    "panel",
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
