"""What changes an evaluation: evidence and clearances."""

from .clearances import close_evaluation, open_evaluation, sign, withdraw_clearance
from .evidence import ImportOutcome, import_results, record_answers, record_result

__all__ = [
    "ImportOutcome",
    "close_evaluation",
    "import_results",
    "open_evaluation",
    "record_answers",
    "record_result",
    "sign",
    "withdraw_clearance",
]
