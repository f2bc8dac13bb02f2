"""What bears on the messages of a few patients, for all of them at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from monitoring.models import FollowUp, ReportStep
from patients.models import MessageWishes, Patient, PortalAccess
from patients.phones import takes_texts
from scheduling.models import STANDING, PlannedInfusion, VisitVersion, WaitlistOffer

from .. import sms
from ..domain.asking import Answered, OpenWindow, TurnedDown
from ..domain.due import (
    Circumstances,
    EarlierTime,
    Invitation,
    OpenFollowUp,
    VisitState,
)
from ..domain.lab import BloodTest
from ..domain.reach import Reach
from ..models import Message
from .blood_tests import VISIT_AT, blood_test, courses_ahead
from .requests import turned_down
from .settled import SAID, SAME_ADDRESS

# What ``_reach`` is made of, in its order.
REACH = (
    "patient__email",
    "patient__phone",
    "patient__message_wishes__none",
    "patient__message_wishes__kinds_off",
    "patient__message_wishes__channel",
)


@dataclass
class Known:
    """One patient's circumstances, with the clinic and how messages reach them."""

    clinic_id: int
    reach: Reach
    is_deceased: bool
    versions: list[VisitState] = field(default_factory=list)
    follow_ups: list[OpenFollowUp] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)
    earlier_times: list[EarlierTime] = field(default_factory=list)
    windows: list[OpenWindow] = field(default_factory=list)
    blood_tests: list[BloodTest] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    turned_down: list[TurnedDown] = field(default_factory=list)
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
            windows=tuple(self.windows),
            blood_tests=tuple(self.blood_tests),
            answers=tuple(self.answers),
            turned_down=tuple(self.turned_down),
            told=self.told,
            said=frozenset(self.said),
        )


def known(
    patient_ids: Collection[int], *, leaving_out: Message | None = None, as_before: int | None = None
) -> dict[int, Known]:
    """What bears on these patients' messages, in nine queries however many they are.

    ``leaving_out`` is a message that must not count as said, nor must the same one by another channel: the one being
    decided on. ``as_before`` is one that is sent again: it and what was said after it does not count.
    """
    found: dict[int, Known] = {}

    def of(patient_id: int, clinic_id: int, deceased: bool, *reach: Any) -> Known:
        if patient_id not in found:
            found[patient_id] = Known(clinic_id, _reach(*reach), deceased)
        return found[patient_id]

    person = ("patient_id", "clinic_id", "patient__deceased", *REACH)
    versions = VisitVersion.across_clinics.filter(patient_id__in=patient_ids).order_by("visit_id", "-version")
    newest = set()
    for *who, visit_id, version, change, status, starts_at, at, standing, kind in versions.values_list(
        *person,
        "visit_id",
        "version",
        "change",
        "status",
        "starts_at",
        "at",
        "visit__status",
        "visit__kind",
    ):
        # Of how things stand now, the visit itself has the last word.
        state = VisitState(
            visit_id,
            version,
            change,
            status if visit_id in newest else standing,
            starts_at,
            at,
            is_infusion=kind == "infusion",
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
    for *who, pk, earliest_on, latest_on in (
        open_windows()
        .filter(patient_id__in=patient_ids)
        .values_list(*person, "id", "earliest_on", "latest_on")
    ):
        of(*who).windows.append(OpenWindow(pk, earliest_on, latest_on))
    for *who, pk, planned_on, visit_at in (
        courses_ahead().filter(patient_id__in=patient_ids).values_list(*person, "id", "planned_on", VISIT_AT)
    ):
        if test := blood_test(pk, planned_on, visit_at):
            of(*who).blood_tests.append(test)
    for *who, report_id, at in (
        answered().filter(patient_id__in=patient_ids).values_list(*person, "report_id", "at")
    ):
        of(*who).answers.append(Answered(report_id, at))
    for *who, pk, visit_id, starts_at, closed_at in (
        turned_down()
        .filter(patient_id__in=patient_ids)
        .values_list(*person, "id", "visit_id", "starts_at", "closed_at")
    ):
        of(*who).turned_down.append(TurnedDown(pk, visit_id, starts_at, closed_at))
    said = Message.across_clinics.filter(SAID | SAME_ADDRESS, patient_id__in=patient_ids).order_by("id")
    if as_before is not None:
        said = said.filter(pk__lt=as_before)
    for *who, pk, kind, subject_id, version, message, channel, state, handed, covers in said.values_list(
        *person,
        "id",
        "subject_kind",
        "subject_id",
        "subject_version",
        "kind",
        "channel",
        "state",
        "handed_over_at",
        "covers",
    ):
        if leaving_out is not None and _is_same(
            leaving_out, pk, (kind, subject_id, version, message), channel
        ):
            continue
        patient = of(*who)
        if state == "sent" or handed is not None:
            patient.said.add((kind, subject_id, version, message))
        for visit_id, told in covers:
            patient.told[visit_id] = max(told, patient.told.get(visit_id, 0))
    return found


def _reach(
    email: str, phone: Any, none: bool | None, kinds_off: list[str] | None, channel: str | None
) -> Reach:
    """How a patient can be written to; without wishes on record, as the clinic does."""
    number = str(phone or "")
    mobile = number if number and sms.is_offered() and takes_texts(number) else ""
    return Reach(email, mobile, bool(none), frozenset(kinds_off or ()), channel or "")


def reach_of(patient: Patient) -> Reach:
    """How one patient can be written to."""
    wishes = MessageWishes.objects.of(patient.clinic).filter(patient=patient).first() or MessageWishes()
    return _reach(patient.email, patient.phone, wishes.none, wishes.kinds_off, wishes.channel)


def _is_same(decided: Message, pk: int, subject: tuple[str, str, int, str], channel: str) -> bool:
    """Whether a row is the message being decided on, or the same one by another channel."""
    about = decided.subject_kind, decided.subject_id, decided.subject_version, decided.kind
    return pk == decided.pk or (subject == about and channel != decided.channel)


def open_windows() -> QuerySet[PlannedInfusion]:
    """Infusions of active courses under a clearance that stands on the planned day, which nobody has booked."""
    standing = VisitVersion.across_clinics.filter(
        visit__planned_infusion=OuterRef("pk"), visit__status__in=STANDING
    )
    return PlannedInfusion.across_clinics.filter(
        ~Exists(standing),
        state="planned",
        course__state="active",
        course__clearance__withdrawn_at__isnull=True,
        course__clearance__valid_until__gte=F("planned_on"),
        patient__deceased=False,
    ).order_by("id")


def answered() -> QuerySet[ReportStep]:
    """Answers to what living patients reported."""
    return ReportStep.across_clinics.filter(kind="closed", patient__deceased=False).order_by("id")


def open_invitations() -> QuerySet[PortalAccess]:
    """Ways into a living patient's pages, by the address on record or a carer's own, that nobody has used or closed."""
    return PortalAccess.across_clinics.filter(
        Q(is_carer=True) | Q(user__email__iexact=F("patient__email")),
        confirmed_at__isnull=True,
        revoked_at__isnull=True,
        patient__deceased=False,
    ).order_by("id")
