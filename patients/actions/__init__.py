"""Writing patients."""

from .addresses import note_address_problem, say_address_works
from .carers import (
    MOST_CARERS,
    accept_to_help,
    decline_to_help,
    give_access,
    remove_carer,
    stop_helping,
)
from .feeds import end_feed, make_feed, note_feed_read
from .language import choose_language
from .messages import messages_as_shown, set_message_wishes
from .people import (
    add_diagnosis,
    add_patient,
    add_patient_with_diagnosis,
    confirm_diagnosis,
    edit_patient,
    mark_deceased,
    reject_diagnosis,
    telephone,
)
from .portal import BIRTH_DATE_TRIES, confirm_access, invite, revoke_access
from .records import (
    add_diagnoses,
    add_medicine,
    record_allergies,
    record_earlier_infusion,
    record_measurement,
    record_medication,
    record_vaccinations,
    set_taken,
    take_back_measurement,
)
from .source import follow_source
from .trail import record_view
from .wishes import as_shown, set_wishes

__all__ = [
    "BIRTH_DATE_TRIES",
    "MOST_CARERS",
    "accept_to_help",
    "add_diagnoses",
    "add_diagnosis",
    "add_medicine",
    "add_patient",
    "add_patient_with_diagnosis",
    "as_shown",
    "choose_language",
    "confirm_access",
    "confirm_diagnosis",
    "decline_to_help",
    "edit_patient",
    "end_feed",
    "follow_source",
    "give_access",
    "invite",
    "make_feed",
    "mark_deceased",
    "messages_as_shown",
    "note_address_problem",
    "note_feed_read",
    "record_allergies",
    "record_earlier_infusion",
    "record_measurement",
    "record_medication",
    "record_vaccinations",
    "record_view",
    "reject_diagnosis",
    "remove_carer",
    "revoke_access",
    "say_address_works",
    "set_message_wishes",
    "set_taken",
    "set_wishes",
    "stop_helping",
    "take_back_measurement",
    "telephone",
]
