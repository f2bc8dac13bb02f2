"""Who works in a clinic, in which role, and their second factor."""

from __future__ import annotations

from datetime import date

from allauth.mfa.models import Authenticator
from django.db import transaction

from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Role
from clinics.models import Clinic, Membership, Shift, User

from .trail import differences, record


@transaction.atomic
def add_member(
    *, clinic: Clinic, email: str, name: str, role: Role, by: User | None, today: date
) -> tuple[Membership, bool]:
    """Give a person a role in the clinic. Returns the membership and whether the account is new (has no password).

    A nurse is put on duty for all opening hours from ``today``.
    """
    user = User.objects.filter(email__iexact=email).first()
    new = user is None
    if user is None:
        user = User.objects.create_user(email, None, name=name)
    elif user.door != "staff":
        raise Refused(
            Refusal(
                "patient_address",
                "This address opens a patient's pages. Staff need an address of their own.",
                "email",
            )
        )
    if Membership.objects.of(clinic).filter(user=user).exists():
        raise Refused(Refusal("already_member", "This person already works here.", "email"))
    member = Membership.objects.create(clinic=clinic, user=user, role=role)
    if role == Role.NURSE:
        # Until a roster says otherwise a nurse is on duty while the clinic is open.
        Shift.objects.bulk_create(
            Shift(
                clinic=clinic,
                member=member,
                weekday=row.weekday,
                starts=row.opens,
                ends=row.closes,
                valid_from=today,
            )
            for row in clinic.opening_hours.all()
        )
    record(
        clinic=clinic, by=by, verb="added member", subject=member, changes={"email": user.email, "role": role}
    )
    return member, new


@transaction.atomic
def change_member(*, member: Membership, role: Role, is_active: bool, by: User) -> Membership:
    """Change a role or close a door. Nobody closes their own, so that a clinic is never left without a manager."""
    if member.user_id == by.pk:
        raise Refused(Refusal("own_membership", "Ask a colleague to change your own role."))
    changes = differences(member, {"role": str(role), "is_active": is_active})
    if changes:
        member.role, member.is_active = role, is_active
        member.save(update_fields=["role", "is_active"])
        record(clinic=member.clinic, by=by, verb="changed member", subject=member, changes=changes)
    return member


@transaction.atomic
def reset_second_factor(*, member: Membership, by: User) -> None:
    """Take away a colleague's lost second factor; the next sign-in enrols a new one. Nobody does this to their own."""
    if member.user_id == by.pk:
        raise Refused(Refusal("own_membership", "Ask a colleague to reset your own second factor."))
    Authenticator.objects.filter(user_id=member.user_id).delete()
    record(clinic=member.clinic, by=by, verb="reset second factor", subject=member)


@transaction.atomic
def choose_digest(*, member: Membership, wanted: bool, by: User) -> None:
    """A colleague says whether the morning mail goes to them. Nobody says it for another."""
    if member.user_id != by.pk:
        raise Refused(Refusal("not_own", "Each colleague chooses this for themselves."))
    changes = differences(member, {"wants_digest": wanted})
    if changes:
        member.wants_digest = wanted
        member.save(update_fields=["wants_digest"])
        record(clinic=member.clinic, by=by, verb="chose morning mail", subject=member, changes=changes)
