"""Reading the ledger and what a message speaks of: for the senders across clinics, for screens always from one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Now

from clinics.models import Clinic, User
from clinics.queries import or_404
from monitoring.models import FollowUp
from patients.models import Patient
from scheduling.models import Visit, VisitVersion, WaitlistOffer

from ..domain.due import Owed, owed
from ..domain.kinds import WAITLIST_OFFER
from ..domain.reach import is_wanted
from ..models import MAY_GO_AGAIN, Message
from .knowing import known
from .rules import rules_of
from .settled import SETTLED

SHOWN = 100
"""How many messages of a patient a screen shows."""

WAITS = Q(state="planned", next_attempt_at__lte=Now())
LEFT_LYING = Q(state="sending", lease_until__lt=Now())


_KEY = ("subject_kind", "subject_id", "subject_version", "kind", "channel", "recipient", "copy")


def key_of(row: Message) -> tuple:
    """What the ledger holds once: the subject (four values), the channel, the recipient and the number of the copy."""
    return tuple(getattr(row, name) for name in _KEY)


def in_ledger(patient_ids: Collection[int]) -> dict[tuple, int]:
    """The rows these patients have, by what the ledger holds once."""
    rows = Message.across_clinics.filter(patient_id__in=patient_ids).order_by()
    return {tuple(key): pk for *key, pk in rows.values_list(*_KEY, "pk")}


def claimable() -> tuple[QuerySet[Message], QuerySet[Message]]:
    """Messages that may be claimed now by the database's own clock, longest waiting first: those whose sender's lease
    ran out, which are few, and those that wait. Apart, each is read in the order of its index, whatever is due.
    """
    rows = Message.across_clinics.order_by("next_attempt_at", "id")
    return rows.filter(LEFT_LYING), rows.filter(WAITS)


def claimable_ids(limit: int) -> list[int]:
    return [pk for rows in claimable() for pk in rows.values_list("pk", flat=True)[:limit]][:limit]


def claimed(message_id: int, fence: int) -> Message | None:
    """The message locked, where the claim with this fence still stands."""
    rows = Message.across_clinics.select_for_update(of=("self",)).select_related("clinic", "patient")
    return rows.filter(pk=message_id, fence=fence, state="sending").first()


def locked_patient(clinic: Clinic, pk: int) -> Patient:
    """The patient, whose row stays locked to the transaction's end against other senders (not against bookings)."""
    return Patient.objects.of(clinic).select_for_update(no_key=True).get(pk=pk)


def goes_another_way(message: Message) -> bool:
    """Whether the same message went out, or is on its way, by another channel."""
    same = Message.objects.of(message.clinic).filter(
        subject_kind=message.subject_kind,
        subject_id=message.subject_id,
        subject_version=message.subject_version,
        kind=message.kind,
        state__in=("planned", "sending", "sent"),
    )
    return same.exclude(channel=message.channel).exists()


def visits_by_id(clinic: Clinic, ids: Iterable[int]) -> dict[int, Visit]:
    return {visit.pk: visit for visit in Visit.objects.of(clinic).filter(pk__in=list(ids))}


def calendar_keys(clinic: Clinic, ids: Iterable[int]) -> dict[int, str]:
    """What names each visit in a calendar for good: the batch of its first version."""
    rows = VisitVersion.objects.of(clinic).filter(visit_id__in=list(ids), version=1)
    return {visit_id: str(batch) for visit_id, batch in rows.values_list("visit_id", "batch")}


def follow_up(clinic: Clinic, pk: str) -> FollowUp:
    return FollowUp.objects.of(clinic).get(pk=pk)


def earlier_time(clinic: Clinic, pk: str) -> WaitlistOffer:
    return WaitlistOffer.objects.of(clinic).get(pk=pk)


def mailed_as(message_id: str) -> Message | None:
    """The mail of this Message-ID."""
    rows = Message.across_clinics.select_related("clinic", "patient")
    return rows.filter(message_id=message_id, channel="email").first()


def last_mailed(addresses: Collection[str], *, since: datetime) -> Message | None:
    """The newest mail that went to one of these addresses (in small letters) and has not come back."""
    rows = Message.across_clinics.select_related("clinic", "patient").annotate(to=Lower("recipient"))
    sent = rows.filter(state="sent", channel="email", sent_at__gte=since, to__in=list(addresses))
    return sent.order_by("-sent_at", "-id").first()


def newest_copy(message: Message) -> Message:
    """The newest of a message and what was sent again of it."""
    first = message.copy_of_id or message.pk
    rows = Message.objects.of(message.clinic).filter(Q(pk=first) | Q(copy_of=first))
    return rows.order_by("-copy").select_related("clinic", "patient", "asked_by")[0]


def written_after(message: Message) -> Message | None:
    """The newest mail of the same subject that was written later to another address, as when one was corrected."""
    first = message.copy_of_id or message.pk
    rows = Message.objects.of(message.clinic).filter(
        subject_kind=message.subject_kind,
        subject_id=message.subject_id,
        subject_version=message.subject_version,
        kind=message.kind,
        channel="email",
        pk__gt=first,
        state__in=("planned", "sending", *MAY_GO_AGAIN),
    )
    return rows.exclude(copy_of=first).order_by("-pk").first()


def copies_of(message: Message) -> list[Message]:
    """A message and what was sent again of it, oldest first."""
    first = message.copy_of_id or message.pk
    rows = Message.objects.of(message.clinic).filter(Q(pk=first) | Q(copy_of=first))
    return list(rows.select_related("asked_by").order_by("copy"))


def message(clinic: Clinic, pk: int) -> Message:
    """One message of the clinic, or 404."""
    return or_404(
        Message.objects.of(clinic).select_related("patient", "clinic", "visit", "asked_by", "copy_of"), pk=pk
    )


def messages_of(patient: Patient) -> QuerySet[Message]:
    """Every message written or owed to the patient, newest first."""
    rows = Message.objects.of(patient.clinic).filter(patient=patient)
    return rows.select_related("visit", "asked_by").order_by("-due_at", "-id")


def still_stands(message: Message, now: datetime) -> bool:
    """Whether every visit a message speaks of is as it was told, or the time it offers still on offer."""
    if message.kind == WAITLIST_OFFER:
        offer = earlier_time(message.clinic, message.subject_id)
        return offer.state == "open" and message.expires_at > now
    visits = visits_by_id(message.clinic, [visit_id for visit_id, _ in message.covers])
    versions = VisitVersion.objects.of(message.clinic).filter(visit_id__in=visits)
    told = {
        (visit_id, version): (status, starts_at)
        for visit_id, version, status, starts_at in versions.values_list(
            "visit_id", "version", "status", "starts_at"
        )
    }
    return all(
        told.get((visit_id, version)) == (visits[visit_id].status, visits[visit_id].starts_at)
        for visit_id, version in message.covers
    )


def upcoming(patient: Patient, now: datetime) -> tuple[Owed, ...]:
    """What the patient will be sent as things stand and the ledger does not hold yet, soonest first."""
    found = known([patient.pk]).get(patient.pk)
    if found is None:
        return ()
    written = set(
        Message.objects.of(patient.clinic)
        .filter(SETTLED, patient=patient)
        .values_list("subject_kind", "subject_id", "subject_version", "kind")
    )
    rules = rules_of(patient.clinic)
    ahead = owed(found.circumstances(patient.pk), rules, now)
    wanted = (one for one in ahead if is_wanted(one.kind, found.reach, rules))
    return tuple(one for one in wanted if one.subject not in written)


def is_a_colleagues(address: str) -> bool:
    """Whether an address opens the staff's door: the patients' door does not open to it."""
    return User.objects.filter(email__iexact=address, door="staff").exists()
