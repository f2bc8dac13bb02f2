"""Which rows of the ledger settle their subject, and which have told the patient."""

from __future__ import annotations

from django.db.models import F, Q

# Rows that settle their subject: still on their way, gone out, not wanted or not needed, or handed to staff because
# this address fails.
SAME_ADDRESS = Q(state__in=("failed", "no_address")) & (
    Q(channel="email", recipient=F("patient__email")) | Q(channel="sms", recipient=F("patient__phone"))
)
SETTLED = (
    Q(state__in=("planned", "sending", "sent", "expired", "unwanted", "not_needed"))
    | Q(handed_over_at__isnull=False)
    | SAME_ADDRESS
)
# Rows by which the patient was, or may have been, told.
SAID = Q(state="sent") | Q(handed_over_at__isnull=False)
# Rows that settle a patient's notices up to their version. That there was nothing to tell holds as long as the address
# does: where it is corrected, what came back from the old one has told nobody.
SETTLED_NOTICE = (
    SETTLED
    & Q(subject_kind="patient")
    & (
        ~Q(state="not_needed")
        | Q(channel="email", recipient=F("patient__email"))
        | Q(channel="sms", recipient=F("patient__phone"))
    )
)
