"""Screens of the clinic's settings."""

from .capacity import rules
from .chairs import add_outage, chair, chairs, end_outage
from .holidays import holidays
from .hours import add_closure, hours, remove_closure
from .leave import add_leave, remove_leave
from .nurses import nurse, nurses, shift
from .portal import portal

__all__ = [
    "add_closure",
    "add_leave",
    "add_outage",
    "chair",
    "chairs",
    "end_outage",
    "holidays",
    "hours",
    "nurse",
    "nurses",
    "portal",
    "remove_closure",
    "remove_leave",
    "rules",
    "shift",
]
