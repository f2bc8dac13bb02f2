"""Screens of the monitoring room."""

from .follow_ups import book, book_check, close, decide, follow_up_list, panel
from .health_checks import health_check
from .reports import answer, read, report, reports
from .surveillance import close_watch, reopen_watch, rules

__all__ = [
    "answer",
    "book",
    "book_check",
    "close",
    "close_watch",
    "decide",
    "follow_up_list",
    "health_check",
    "panel",
    "read",
    "reopen_watch",
    "report",
    "reports",
    "rules",
]
