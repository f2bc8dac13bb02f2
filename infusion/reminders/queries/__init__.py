"""Reading what bears on a patient's messages: for the sweep across clinics, for screens always from one."""

from .ahead import patients_ahead, settled_subjects
from .calls import Settled, calls_left, cause_of, closed_by_itself, settled_calls
from .candidates import patients_to_look_at, settled_notices, with_a_notice_under_way
from .judging import has_something_to_hold, has_to_wait, why_not_needed
from .kinds import kinds_as_they_work
from .knowing import Known, known, reach_of
from .reading import (
    SHOWN,
    calendar_keys,
    claimable,
    claimable_ids,
    claimed,
    copies_of,
    earlier_time,
    follow_up,
    goes_another_way,
    in_ledger,
    is_a_colleagues,
    key_of,
    last_mailed,
    locked_patient,
    mailed_as,
    message,
    messages_of,
    newest_copy,
    still_stands,
    upcoming,
    visits_by_id,
    written_after,
)
from .rules import every_clinics_rules, rules_of
from .sent import sent_to
from .settled import SETTLED
from .stopping import SIGNER, message_wishes, patient_by_stop_token, wants_nothing
from .wording import own_words, worded, wordings

__all__ = [
    "SETTLED",
    "SHOWN",
    "SIGNER",
    "Known",
    "Settled",
    "calendar_keys",
    "calls_left",
    "cause_of",
    "claimable",
    "claimable_ids",
    "claimed",
    "closed_by_itself",
    "copies_of",
    "earlier_time",
    "every_clinics_rules",
    "follow_up",
    "goes_another_way",
    "has_something_to_hold",
    "has_to_wait",
    "in_ledger",
    "is_a_colleagues",
    "key_of",
    "kinds_as_they_work",
    "known",
    "last_mailed",
    "locked_patient",
    "mailed_as",
    "message",
    "message_wishes",
    "messages_of",
    "newest_copy",
    "own_words",
    "patient_by_stop_token",
    "patients_ahead",
    "patients_to_look_at",
    "reach_of",
    "rules_of",
    "sent_to",
    "settled_calls",
    "settled_notices",
    "settled_subjects",
    "still_stands",
    "upcoming",
    "visits_by_id",
    "wants_nothing",
    "why_not_needed",
    "with_a_notice_under_way",
    "worded",
    "wordings",
    "written_after",
]
