"""Writing the ledger: derive what is owed, claim one message, send it, and note what became of it."""

from .again import goes_to, leaves_at, send_again, why_not_again
from .bounces import note_report, read_bounces
from .deriving import derive
from .kinds import change_kinds, kinds_mark
from .sending import LEASE, LOST, WAITING, Ready, claim_one, finish, hand_over, prepare, send
from .stopping import stop_messages
from .trail import record_view
from .wording import check_wording, send_test, send_test_text, write_wording

__all__ = [
    "LEASE",
    "LOST",
    "WAITING",
    "Ready",
    "change_kinds",
    "check_wording",
    "claim_one",
    "derive",
    "finish",
    "goes_to",
    "hand_over",
    "kinds_mark",
    "leaves_at",
    "note_report",
    "prepare",
    "read_bounces",
    "record_view",
    "send",
    "send_again",
    "send_test",
    "send_test_text",
    "stop_messages",
    "why_not_again",
    "write_wording",
]
