"""Writing what follows an infusion: follow-ups, laboratory watches, and what becomes of patients' reports."""

from .decisions import decide
from .follow_ups import (
    NO_LONGER_DUE,
    book,
    bookable,
    close,
    complete,
    plan_all,
    plan_everywhere,
    plan_follow_ups,
    undo_last_step,
)
from .health_checks import LONGEST_OTHER, answer_health_check, note_nurse_call
from .reports import (
    HIGHEST,
    LONGEST_WORDS,
    LOWEST,
    OLDEST,
    answer_report,
    escalate,
    escalate_everywhere,
    read_report,
    report_side_effects,
)
from .surveillance import (
    book_check,
    check_window,
    close_watch,
    reopen_watch,
    task_everywhere,
    task_overdue_checks,
)

__all__ = [
    "HIGHEST",
    "LONGEST_OTHER",
    "LONGEST_WORDS",
    "LOWEST",
    "NO_LONGER_DUE",
    "OLDEST",
    "answer_health_check",
    "answer_report",
    "book",
    "book_check",
    "bookable",
    "check_window",
    "close",
    "close_watch",
    "complete",
    "decide",
    "escalate",
    "escalate_everywhere",
    "note_nurse_call",
    "plan_all",
    "plan_everywhere",
    "plan_follow_ups",
    "read_report",
    "reopen_watch",
    "report_side_effects",
    "task_everywhere",
    "task_overdue_checks",
    "undo_last_step",
]
