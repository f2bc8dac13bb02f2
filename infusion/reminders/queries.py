"""Reading what bears on a patient's messages: for the sweep across clinics, for screens always from one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast, Coalesce, Now

from clinics.models import Clinic
from clinics.queries import or_404
from monitoring.models import FollowUp
from patients.models import Patient, PortalAccess
from scheduling.models import STANDING, Visit, VisitVersion, WaitlistOffer

from .domain.due import (
    INVITATION_KEPT,
    NOTICE_KEPT,
    NOTICES,
    TELLING,
    WAITLIST_GONE,
    WAITLIST_OFFER,
    Circumstances,
    EarlierTime,
    Invitation,
    OpenFollowUp,
    Owed,
    Rules,
    VisitState,
    owed,
    reminder_times,
)
from .models import Message

SHOWN = 100
"""How many messages of a patient a screen shows."""

# Rows that settle their subject: still on their way, gone out, or handed to staff because this address fails.
_SAME_ADDRESS = Q(state__in=("failed", "no_address"), recipient=F("patient__email"))
SETTLED = (
    Q(state__in=("planned", "sending", "sent", "expired")) | Q(handed_over_at__isnull=False) | _SAME_ADDRESS
)
# Rows by which the patient was, or may have been, told.
_SAID = Q(state="sent") | Q(handed_over_at__isnull=False)
CLAIMABLE = Q(state="planned", next_attempt_at__lte=Now()) | Q(state="sending", lease_until__lt=Now())


@dataclass
class Known:
    """One patient's circumstances, with the clinic and the address messages go to."""

    clinic_id: int
    recipient: str
    is_deceased: bool
    versions: list[VisitState] = field(default_factory=list)
    follow_ups: list[OpenFollowUp] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    earlier_times: list[EarlierTime] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)
    said: set[tuple[str, str, int, str]] = field(default_factory=set)

    def circumstances(self, patient_id: int) -> Circumstances:
        return Circumstances(
            patient_id=patient_id,
            is_deceased=self.is_deceased,
            versions=tuple(self.versions),
            follow_ups=tuple(self.follow_ups),
            invitations=tuple(self.invitations),
            earlier_times=tuple(self.earlier_times),
            told=self.told,
            said=frozenset(self.said),
        )


def rules_of(clinic: Clinic) -> Rules:
    """The clinic's settings as the rules read them. A reminder day that is no number is passed over."""
    return Rules(
        zone=clinic.zone,
        reminder_days=tuple(day for day in clinic.reminder_days if isinstance(day, int)),
        notice_delay=timedelta(seconds=clinic.notice_delay_seconds),
        arrange_days=clinic.arrange_days_before,
    )


def every_clinics_rules() -> dict[int, Rules]:
    return {clinic.pk: rules_of(clinic) for clinic in Clinic.objects.order_by("pk")}


def known(patient_ids: Collection[int], *, leaving_out: int | None = None) -> dict[int, Known]:
    """What bears on these patients' messages, in five queries however many they are.

    ``leaving_out`` is a message that must not count as said: the one being decided on.
    """
    found: dict[int, Known] = {}

    def of(patient_id: int, clinic_id: int, email: str, deceased: bool) -> Known:
        return found.setdefault(patient_id, Known(clinic_id, email, deceased))

    person = ("patient_id", "clinic_id", "patient__email", "patient__deceased")
    versions = VisitVersion.across_clinics.filter(patient_id__in=patient_ids).order_by("visit_id", "-version")
    newest = set()
    for *who, visit_id, version, change, status, starts_at, at, standing in versions.values_list(
        *person, "visit_id", "version", "change", "status", "starts_at", "at", "visit__status"
    ):
        # Of how things stand now, the visit itself has the last word.
        state = VisitState(
            visit_id, version, change, status if visit_id in newest else standing, starts_at, at
        )
        newest.add(visit_id)
        of(*who).versions.append(state)
    follow_ups = FollowUp.across_clinics.filter(patient_id__in=patient_ids, state="due").order_by("id")
    for *who, pk, due_on, latest_on, status in follow_ups.values_list(
        *person, "id", "due_on", "latest_on", "visit__status"
    ):
        of(*who).follow_ups.append(OpenFollowUp(pk, due_on, latest_on, status in STANDING))
    for *who, pk, invited_at in (
        _open_invitations().filter(patient_id__in=patient_ids).values_list(*person, "id", "invited_at")
    ):
        of(*who).invitations.append(Invitation(pk, invited_at))
    offers = WaitlistOffer.across_clinics.filter(
        patient_id__in=patient_ids, state__in=("open", "gone", "lapsed")
    ).order_by("id")
    for *who, pk, version, state, starts_at, offered_at, expires_at, ended_at in offers.values_list(
        *person, "id", "version", "state", "starts_at", "offered_at", "expires_at", "answered_at"
    ):
        of(*who).earlier_times.append(
            EarlierTime(pk, version, state, starts_at, offered_at, expires_at, ended_at)
        )
    said = Message.across_clinics.filter(_SAID | _SAME_ADDRESS, patient_id__in=patient_ids).order_by("id")
    for *who, pk, kind, subject_id, version, message, state, handed, covers in said.values_list(
        *person,
        "id",
        "subject_kind",
        "subject_id",
        "subject_version",
        "kind",
        "state",
        "handed_over_at",
        "covers",
    ):
        if pk == leaving_out:
            continue
        patient = of(*who)
        if state == "sent" or handed is not None:
            patient.said.add((kind, subject_id, version, message))
        for visit_id, told in covers:
            patient.told[visit_id] = max(told, patient.told.get(visit_id, 0))
    return found


def patients_to_look_at(rules: dict[int, Rules], now: datetime) -> set[int]:
    """The few patients to whom something may be due and is not in the ledger yet."""
    if not rules:
        return set()
    found = _with_changes(now) | _with_visits_ahead(rules, now) | _with_follow_ups(rules, now)
    return found | _with_invitations(now) | _with_earlier_times(now)


def _open_invitations() -> QuerySet[PortalAccess]:
    """Ways into a living patient's pages, under the address on record, that nobody has used or closed."""
    return PortalAccess.across_clinics.filter(
        confirmed_at__isnull=True,
        revoked_at__isnull=True,
        patient__deceased=False,
        user__email__iexact=F("patient__email"),
    ).order_by("id")


def _with_invitations(now: datetime) -> set[int]:
    """Patients whose invitation has not been written yet."""
    key = Cast(OuterRef("pk"), CharField())
    written = Message.across_clinics.filter(SETTLED, subject_kind="portal_access", subject_id=key)
    fresh = _open_invitations().filter(invited_at__gt=now - INVITATION_KEPT, invited_at__lte=now)
    return set(fresh.filter(~Exists(written)).values_list("patient_id", flat=True))


def _with_earlier_times(now: datetime) -> set[int]:
    """Patients to whom a time is on offer, or was and is gone, and who have not been written to about it."""
    about = Message.across_clinics.filter(
        subject_kind=WAITLIST_OFFER,
        subject_id=Cast(OuterRef("pk"), CharField()),
        subject_version=OuterRef("version"),
    )
    is_open = Q(state="open", expires_at__gt=now)
    unsaid = is_open & ~Exists(about.filter(SETTLED, kind=WAITLIST_OFFER))
    gone = (
        ~is_open
        & Q(state__in=("open", "gone", "lapsed"))
        & Exists(about.filter(_SAID, kind=WAITLIST_OFFER))
        & ~Exists(about.filter(SETTLED, kind=WAITLIST_GONE))
    )
    rows = WaitlistOffer.across_clinics.filter(unsaid | gone, patient__deceased=False, starts_at__gt=now)
    return set(rows.order_by().values_list("patient_id", flat=True))


def _with_changes(now: datetime) -> set[int]:
    """Patients whose visits have changed more often than the newest settled notice knows."""
    changes = VisitVersion.across_clinics.filter(Q(change__in=NOTICES) | Q(status__in=TELLING))
    recent = changes.filter(at__gte=now - NOTICE_KEPT, starts_at__gt=now, patient__deceased=False)
    settled = (
        Message.across_clinics.filter(SETTLED, subject_kind="patient", patient_id=OuterRef("patient_id"))
        .order_by()
        .values("patient_id")
        .annotate(newest=Max("subject_version"))
        .values("newest")
    )
    rows = (
        changes.filter(patient_id__in=recent.order_by().values("patient_id"))
        .order_by()
        .values("patient_id")
        .annotate(made=Count("id"))
        .filter(made__gt=Coalesce(Subquery(settled), 0))
    )
    return set(rows.values_list("patient_id", flat=True))


def _with_visits_ahead(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients with a booked visit whose reminder may be due and is not settled."""
    furthest = max((day for rule in rules.values() for day in rule.reminder_days), default=0)
    booked = Q(
        visit__status="booked",
        visit__starts_at__gt=now,
        visit__starts_at__lt=now + timedelta(days=furthest + 2),
    )
    firsts = VisitVersion.across_clinics.filter(booked, version=1, patient__deceased=False).order_by()
    settled = set(
        Message.across_clinics.filter(SETTLED & booked, subject_kind="visit").values_list(
            "visit_id", "kind", "due_at"
        )
    )
    found = set()
    for visit_id, patient_id, clinic_id, starts_at in firsts.values_list(
        "visit_id", "patient_id", "clinic_id", "visit__starts_at"
    ):
        for kind, due_at, expires_at in reminder_times(starts_at, rules[clinic_id]):
            if due_at <= now < expires_at and (visit_id, kind, due_at) not in settled:
                found.add(patient_id)
    return found


def _with_follow_ups(rules: dict[int, Rules], now: datetime) -> set[int]:
    """Patients with a follow-up not booked that may have to be arranged, or has been forgotten."""
    furthest = max(rule.arrange_days for rule in rules.values())
    rows = FollowUp.across_clinics.filter(
        Q(visit__isnull=True) | ~Q(visit__status__in=STANDING),
        state="due",
        patient__deceased=False,
        due_on__lte=now.date() + timedelta(days=furthest + 1),
    )
    subjects = Message.across_clinics.filter(
        SETTLED, subject_kind="follow_up", patient_id__in=rows.order_by().values("patient_id")
    )
    settled = set(subjects.values_list("subject_kind", "subject_id", "subject_version", "kind"))
    found = set()
    for pk, patient_id, clinic_id, due_on, latest_on in rows.values_list(
        "id", "patient_id", "clinic_id", "due_on", "latest_on"
    ):
        alone = Circumstances(patient_id, follow_ups=(OpenFollowUp(pk, due_on, latest_on, False),))
        for one in owed(alone, rules[clinic_id], now):
            if one.due_at <= now and one.subject not in settled:
                found.add(patient_id)
    return found


def key_of(row: Message) -> tuple[str, str, int, str, str, str]:
    """What the ledger holds once: the subject (four values), the channel and the recipient."""
    return row.subject_kind, row.subject_id, row.subject_version, row.kind, row.channel, row.recipient


def in_ledger(patient_ids: Collection[int]) -> dict[tuple, int]:
    """The rows these patients have, by what the ledger holds once."""
    rows = Message.across_clinics.filter(patient_id__in=patient_ids).order_by()
    names = ("subject_kind", "subject_id", "subject_version", "kind", "channel", "recipient")
    return {tuple(key): pk for *key, pk in rows.values_list(*names, "pk")}


def claimable() -> QuerySet[Message]:
    """Messages that may be claimed now by the database's own clock, longest waiting first."""
    return Message.across_clinics.filter(CLAIMABLE).order_by("next_attempt_at", "id")


def claimable_ids(limit: int) -> list[int]:
    return list(claimable().values_list("pk", flat=True)[:limit])


def claimed(message_id: int, fence: int) -> Message | None:
    """The message locked, where the claim with this fence still stands."""
    rows = Message.across_clinics.select_for_update(of=("self",)).select_related("clinic", "patient")
    return rows.filter(pk=message_id, fence=fence, state="sending").first()


def locked_patient(clinic: Clinic, pk: int) -> Patient:
    """The patient, whose row stays locked to the transaction's end against other senders (not against bookings)."""
    return Patient.objects.of(clinic).select_for_update(no_key=True).get(pk=pk)


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


def message(clinic: Clinic, pk: int) -> Message:
    """One message of the clinic, or 404."""
    return or_404(Message.objects.of(clinic).select_related("patient", "clinic", "visit"), pk=pk)


def messages_of(patient: Patient) -> QuerySet[Message]:
    """Every message written or owed to the patient, newest first."""
    rows = Message.objects.of(patient.clinic).filter(patient=patient)
    return rows.select_related("visit").order_by("-due_at", "-id")


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
    ahead = owed(found.circumstances(patient.pk), rules_of(patient.clinic), now)
    return tuple(one for one in ahead if one.subject not in written)
