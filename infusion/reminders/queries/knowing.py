"""What bears on the messages of a few patients, for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import F, Q, QuerySet

from monitoring.models import FollowUp
from patients.models import PortalAccess
from scheduling.models import STANDING, VisitVersion, WaitlistOffer

from ..domain.due import (
    Circumstances,
    EarlierTime,
    Invitation,
    OpenFollowUp,
    VisitState,
)
from ..models import Message
from .settled import SAID, SAME_ADDRESS


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


def known(
    patient_ids: Collection[int], *, leaving_out: int | None = None, as_before: int | None = None
) -> dict[int, Known]:
    """What bears on these patients' messages, in five queries however many they are.

    ``leaving_out`` is a message that must not count as said: the one being decided on. ``as_before`` is one that is
    sent again: it and what was said after it does not count.
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
    invitations = open_invitations().filter(patient_id__in=patient_ids)
    for *who, pk, invited_at, is_carer, address, name in invitations.values_list(
        *person, "id", "invited_at", "is_carer", "user__email", "name"
    ):
        of(*who).invitations.append(Invitation(pk, invited_at, address if is_carer else "", name))
    offers = WaitlistOffer.across_clinics.filter(
        patient_id__in=patient_ids, state__in=("open", "gone", "lapsed")
    ).order_by("id")
    for *who, pk, version, state, starts_at, offered_at, expires_at, ended_at in offers.values_list(
        *person, "id", "version", "state", "starts_at", "offered_at", "expires_at", "answered_at"
    ):
        of(*who).earlier_times.append(
            EarlierTime(pk, version, state, starts_at, offered_at, expires_at, ended_at)
        )
    said = Message.across_clinics.filter(SAID | SAME_ADDRESS, patient_id__in=patient_ids).order_by("id")
    if as_before is not None:
        said = said.filter(pk__lt=as_before)
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


def open_invitations() -> QuerySet[PortalAccess]:
    """Ways into a living patient's pages, by the address on record or a carer's own, that nobody has used or closed."""
    return PortalAccess.across_clinics.filter(
        Q(is_carer=True) | Q(user__email__iexact=F("patient__email")),
        confirmed_at__isnull=True,
        revoked_at__isnull=True,
        patient__deceased=False,
    ).order_by("id")
