"""Writing what is planned: courses, bookings and visits; every verb with its version and audit row."""

from .applying import apply_replan
from .beside import record_co_therapy
from .booking import book_course, book_pair, book_single, move_pair, move_visit
from .calling import telling_of
from .courses import continue_course, prescribe_course, renew_clearance, stop_course
from .decisions import cease_from, decide, defer_dose, omit_dose
from .doses import recompute_doses
from .follow_ups import book_follow_up, move_follow_up
from .happened import note_disruption
from .holds import hold_course, release_infusion
from .instructions import end_hold_instruction, enter_hold_instruction
from .lengths import ask_for_length, note_actual_length
from .overrides import open_gate, withdraw_override
from .planning import change_start, mark_given, mark_not_given, replan_course
from .rates import choose_rate_profile
from .replans import ask_again, ask_replan, discard_replan, record_plan_view, stop_replan, work_out
from .retreatments import start_retreatment
from .series import move_series, versions_shown
from .transactions import lock_visit
from .undo import undo_change
from .versions import move_to_version
from .visits import cancel_visit, not_movable, set_status

__all__ = [
    "apply_replan",
    "ask_again",
    "ask_for_length",
    "ask_replan",
    "book_course",
    "book_follow_up",
    "book_pair",
    "book_single",
    "cancel_visit",
    "cease_from",
    "change_start",
    "choose_rate_profile",
    "continue_course",
    "decide",
    "defer_dose",
    "discard_replan",
    "end_hold_instruction",
    "enter_hold_instruction",
    "hold_course",
    "lock_visit",
    "mark_given",
    "mark_not_given",
    "move_follow_up",
    "move_pair",
    "move_series",
    "move_to_version",
    "move_visit",
    "not_movable",
    "note_actual_length",
    "note_disruption",
    "omit_dose",
    "open_gate",
    "prescribe_course",
    "recompute_doses",
    "record_co_therapy",
    "record_plan_view",
    "release_infusion",
    "renew_clearance",
    "replan_course",
    "set_status",
    "start_retreatment",
    "stop_course",
    "stop_replan",
    "telling_of",
    "undo_change",
    "versions_shown",
    "withdraw_override",
    "work_out",
]
