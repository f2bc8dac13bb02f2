"""Reading what bears on a patient's messages: for the sweep across clinics, for screens always from one."""

from .candidates import patients_to_look_at
from .knowing import Known, known
from .reading import (
    SHOWN,
    calendar_keys,
    claimable,
    claimable_ids,
    claimed,
    earlier_time,
    follow_up,
    in_ledger,
    key_of,
    locked_patient,
    message,
    messages_of,
    still_stands,
    upcoming,
    visits_by_id,
)
from .rules import every_clinics_rules, rules_of
from .settled import SETTLED

__all__ = [
    "SETTLED",
    "SHOWN",
    "Known",
    "calendar_keys",
    "claimable",
    "claimable_ids",
    "claimed",
    "earlier_time",
    "every_clinics_rules",
    "follow_up",
    "in_ledger",
    "key_of",
    "known",
    "locked_patient",
    "message",
    "messages_of",
    "patients_to_look_at",
    "rules_of",
    "still_stands",
    "upcoming",
    "visits_by_id",
]
