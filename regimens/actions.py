"""Writing in the regimens room: loading what is delivered, and approving it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from clinics.actions import record
from clinics.domain.refusals import Refusal, Refused
from clinics.domain.rights import Right, Role
from clinics.models import Clinic, Membership, User

from .defaults import default_definition
from .domain.definition import Regimen
from .domain.differences import differences
from .domain.parsing import parse_regimen
from .models import Approval, RegimenVersion
from .queries import waiting_defaults

APPROVING_ROLES = (Role.PRESCRIBER, Role.PHARMACIST)


@transaction.atomic
def load_defaults(*, clinic: Clinic, by: User | None) -> list[RegimenVersion]:
    """Take the delivered regimens into the clinic as versions still to be approved; returns what was new.

    What is already there in the same wording is left alone; a new wording becomes a new version, and the
    approved one stays in use until the new one is approved.
    """
    loaded = []
    for code in waiting_defaults(clinic):
        definition = default_definition(code)
        if definition is None:
            continue
        last = RegimenVersion.objects.of(clinic).filter(code=code).order_by("-version").first()
        version, made = RegimenVersion.objects.get_or_create(
            clinic=clinic,
            code=code,
            version=last.version + 1 if last else 1,
            defaults={"name": definition["name"], "definition": definition, "created_by": by},
        )
        if made:
            record(
                clinic=clinic,
                by=by,
                verb="loaded regimen",
                subject=version,
                changes={"code": code, "version": version.version},
            )
            loaded.append(version)
    return loaded


@transaction.atomic
def make_version(
    *, base: RegimenVersion, definition: Mapping[str, Any], reason: str, by: User, membership: Membership
) -> RegimenVersion:
    """Make a new version of a regimen out of an existing one; it waits for its two approvals, and the version that is
    approved stays in use until then.

    Refused for anybody but the clinic's pharmacists, without a reason, where the definition has a fault, and where
    nothing differs from the version it is made from.
    """
    ours = membership.clinic_id == base.clinic_id and membership.user_id == by.pk
    if not ours or not membership.may(Right.EDIT_REGIMEN):
        raise Refused(Refusal("not_an_editor", "Only a pharmacist of the clinic makes a new version."))
    if not reason.strip():
        raise Refused(Refusal("no_reason", "Say in a few words what changes and why.", "reason"))
    found = parse_regimen(definition)
    if not isinstance(found, Regimen):
        raise Refused(*[Refusal("faulty", f"{each.place}: {each.reason}") for each in found])
    changes = differences(base.definition, definition)
    if not changes or found.code != base.code:
        raise Refused(Refusal("nothing_changed", "Nothing differs from the version it is made from."))
    last = RegimenVersion.objects.of(base.clinic).filter(code=base.code).order_by("-version").first()
    try:
        with transaction.atomic():
            version = RegimenVersion.objects.create(
                clinic=base.clinic,
                code=base.code,
                version=(last.version if last else 0) + 1,
                name=found.name[:150],
                definition=dict(definition),
                created_by=by,
                based_on=base,
                reason=reason.strip(),
            )
    except IntegrityError as lost:
        raise Refused(
            Refusal("made_meanwhile", "A colleague has made a version meanwhile. Look at it first.")
        ) from lost
    record(
        clinic=base.clinic,
        by=by,
        verb="made regimen version",
        subject=version,
        changes={
            "code": version.code,
            "version": version.version,
            "from": base.version,
            "reason": version.reason,
            **{each.label: [each.before, each.after] for each in changes},
        },
    )
    return version


def approve(*, version: RegimenVersion, by: User, membership: Membership, now: datetime) -> Approval:
    """Approve a version in the role of ``membership``.

    Refused for another role or clinic, for a version withdrawn, for a role that has approved already, and for
    a person who has: a prescriber and a pharmacist must be two people.
    """
    _check_approver(version, by, membership)
    try:
        with transaction.atomic():
            found = Approval.objects.create(
                clinic=version.clinic, regimen_version=version, role=membership.role, by=by, at=now
            )
            record(
                clinic=version.clinic,
                by=by,
                verb="approved regimen",
                subject=version,
                changes={"code": version.code, "version": version.version, "role": membership.role},
            )
            return found
    except IntegrityError as lost:
        raise Refused(
            Refusal(
                "approved_meanwhile", "A colleague has approved this version meanwhile. Look at it again."
            )
        ) from lost


def _check_approver(version: RegimenVersion, by: User, membership: Membership) -> None:
    ours = membership.clinic_id == version.clinic_id and membership.user_id == by.pk
    if not ours or not membership.may(Right.APPROVE_REGIMEN) or membership.role not in APPROVING_ROLES:
        raise Refused(
            Refusal("not_an_approver", "Only a prescriber or a pharmacist of the clinic approves regimens.")
        )
    if version.withdrawn_at is not None:
        raise Refused(Refusal("withdrawn", "This version was withdrawn and can no longer be approved."))
    standing = Approval.objects.of(version.clinic).filter(regimen_version=version)
    if standing.filter(by=by).exists():
        raise Refused(
            Refusal(
                "same_person", "You have approved this version already. The second approval is a colleague's."
            )
        )
    if standing.filter(role=membership.role).exists():
        raise Refused(Refusal("role_approved", f"A {membership.role} has approved this version already."))
