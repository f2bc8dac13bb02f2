"""Writing what is planned: courses, bookings and visits; every verb with its version and audit row."""

from .booking import book_pair, book_single, move_pair, move_visit
from .courses import continue_course, prescribe_course, renew_clearance, stop_course
from .planning import change_start, mark_given, mark_not_given, replan_course
from .transactions import lock_visit
from .visits import book_follow_up, cancel_visit, move_follow_up, set_status

__all__ = [
    "book_follow_up",
    "book_pair",
    "book_single",
    "cancel_visit",
    "change_start",
    "continue_course",
    "lock_visit",
    "mark_given",
    "mark_not_given",
    "move_follow_up",
    "move_pair",
    "move_visit",
    "prescribe_course",
    "renew_clearance",
    "replan_course",
    "set_status",
    "stop_course",
]
