"""Screens of the scheduling room."""

from .courses import course, panel, prescribe, renew, start, stop
from .times import move, pair, single
from .visits import cancel, visit

__all__ = [
    "cancel",
    "course",
    "move",
    "pair",
    "panel",
    "prescribe",
    "renew",
    "single",
    "start",
    "stop",
    "visit",
]
