"""Writing the ledger: derive what is owed, claim one message, send it, and note what became of it."""

from .deriving import derive
from .sending import LEASE, LOST, WAITING, Ready, claim_one, finish, prepare, send
from .trail import record_view

__all__ = [
    "LEASE",
    "LOST",
    "WAITING",
    "Ready",
    "claim_one",
    "derive",
    "finish",
    "prepare",
    "record_view",
    "send",
]
