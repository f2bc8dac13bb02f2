"""What the morning mail to a colleague counts, and who gets one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse

from clinics.domain.calendar import day_bounds, local_date
from clinics.domain.rights import Right, Role
from clinics.models import Clinic, Membership, User
from clinics.queries import open_tasks
from monitoring import queries as monitoring
from scheduling.queries.answers import requests
from treatment import queries as treatment

from ..domain.digest import Count
from ..domain.kinds import DIGEST
from ..models import Message


def who_wants_digests() -> list[tuple[int, int, str]]:
    """(membership, clinic, address) of every colleague who gets the morning mail: managers unless they said no, and
    whoever said yes.
    """
    wanted = Q(memberships__wants_digest=True) | Q(
        memberships__wants_digest__isnull=True, memberships__role=Role.MANAGER
    )
    rows = User.objects.filter(wanted, is_active=True, door="staff", memberships__is_active=True)
    found = rows.order_by("memberships__pk").values_list("memberships__pk", "memberships__clinic_id", "email")
    return list(found)


def digests_present(members: Iterable[str]) -> set[tuple[str, int]]:
    """The morning mails these colleagues have in the ledger, by colleague and day."""
    rows = Message.across_clinics.filter(subject_kind=DIGEST, subject_id__in=list(members))
    return set(rows.values_list("subject_id", "subject_version"))


def member_of(message: Message) -> Membership | None:
    """The colleague a morning mail goes to, where they still work there and still want it."""
    rows = Membership.objects.of(message.clinic).select_related("user", "clinic")
    member = rows.filter(pk=message.subject_id, is_active=True, user__is_active=True).first()
    return member if member is not None and member.gets_digest else None


def counts_for(member: Membership, *, now: datetime) -> list[Count]:
    """What waits for a colleague this morning, in numbers alone; nothing where the number is nought."""
    clinic = member.clinic
    found = [
        Count(
            open_tasks(clinic, role=member.role).count(),
            "task is open for your role",
            "tasks are open for your role",
            reverse("desk:worklist"),
        ),
        Count(
            _gates_shut(clinic, now),
            "visit of today or tomorrow has its gate closed",
            "visits of today and tomorrow have their gate closed",
            reverse("gates:ahead"),
        ),
        Count(
            open_tasks(clinic).filter(kind="call_patient", cause__startswith="message:").count(),
            "message did not reach its patient and waits for a call",
            "messages did not reach their patients and wait for a call",
            reverse("ledger:list"),
        ),
    ]
    if member.may(Right.BOOK):
        found.append(
            Count(
                requests(clinic, now).count(),
                "patient waits for an answer about a visit",
                "patients wait for an answer about a visit",
                f"{reverse('desk:worklist')}#requests",
            )
        )
    if member.may(Right.ANSWER_REPORTS):
        found.append(
            Count(
                len(monitoring.open_reports(clinic)),
                "report of a patient waits for an answer",
                "reports of patients wait for an answer",
                reverse("monitoring:reports"),
            )
        )
    return [count for count in found if count.number]


def _gates_shut(clinic: Clinic, now: datetime) -> int:
    """Visits of today and tomorrow that could not begin as things stand."""
    today = local_date(now, clinic.zone)
    last = day_bounds(today + timedelta(days=1), clinic.zone)[1]
    ahead = treatment.booked_between(clinic, now, last)
    verdicts = treatment.gates(clinic, ahead, today=today)
    return sum(not verdict.permits for verdict in verdicts.values())
