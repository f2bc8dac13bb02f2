"""Writing what happens: the day's steps, and the chart of one infusion."""

from .charting import Written, add_entry, correct_entry
from .reactions import record_reaction
from .steps import arrive, complete_follow_up, finish, no_show, start, undo_last_step

__all__ = [
    "Written",
    "add_entry",
    "arrive",
    "complete_follow_up",
    "correct_entry",
    "finish",
    "no_show",
    "record_reaction",
    "start",
    "undo_last_step",
]
