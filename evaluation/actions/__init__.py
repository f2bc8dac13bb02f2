"""What changes an evaluation: evidence and clearances."""

from .clearances import close_evaluation, open_evaluation, sign, withdraw_clearance
from .evidence import ImportOutcome, import_results, record_answers, record_result
from .noted import close_reported_infection, note_continuation, note_reaction, note_reported_infection

__all__ = [
    "ImportOutcome",
    "close_evaluation",
    "close_reported_infection",
    "import_results",
    "note_continuation",
    "note_reaction",
    "note_reported_infection",
    "open_evaluation",
    "record_answers",
    "record_result",
    "sign",
    "withdraw_clearance",
]
