"""Loading regimens and approving them: two roles, two people, one clinic."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from patients.models import CONDITIONS
from regimens import actions, queries
from regimens.defaults import default_definition, default_regimens
from regimens.models import Approval, RegimenVersion
from tests.factory import make_clinic, make_member, make_regimen

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.fixture
def clinic():
    return make_clinic(nurses=0)


@pytest.fixture
def version(clinic):
    return make_regimen(clinic, approved=False)


def approve(version, member):
    return actions.approve(version=version, by=member.user, membership=member, now=NOW)


def codes_refused(version, member):
    with pytest.raises(Refused) as refused:
        approve(version, member)
    return refused.value.codes


def test_load_defaults_creates_every_regimen_once_standard_first(clinic):
    loaded = actions.load_defaults(clinic=clinic, by=None)
    assert [(one.code, one.version) for one in loaded] == [(code, 1) for code in default_regimens()]
    assert loaded[0].name == "Standard: two infusions two weeks apart, then one every six months"
    assert actions.load_defaults(clinic=clinic, by=None) == []
    assert queries.regimen_of(loaded[0]) == default_regimens()["STANDARD"]


def test_load_defaults_is_in_the_audit_trail(clinic):
    member = make_member(clinic, Role.PHARMACIST)
    version = actions.load_defaults(clinic=clinic, by=member.user)[0]
    entry = AuditEntry.objects.of(clinic).get(verb="loaded regimen", subject_id=str(version.pk))
    assert (entry.actor, entry.subject_id, entry.changes) == (
        member.user,
        str(version.pk),
        {"code": "STANDARD", "version": 1},
    )


def test_new_wording_becomes_a_new_version_and_the_approved_one_stays_in_use(clinic):
    old = default_definition("STANDARD") | {"name": "Older wording"}
    version = RegimenVersion.objects.create(
        clinic=clinic, code="STANDARD", version=1, name="Older wording", definition=old
    )
    approve(version, make_member(clinic, Role.PRESCRIBER))
    approve(version, make_member(clinic, Role.PHARMACIST))
    assert queries.waiting_defaults(clinic) == list(default_regimens())
    loaded = actions.load_defaults(clinic=clinic, by=None)
    assert [(one.code, one.version) for one in loaded if one.version > 1] == [("STANDARD", 2)]
    assert queries.prescribable(clinic) == [version]


def test_version_is_prescribable_only_after_both_approvals(clinic, version):
    assert (queries.state(version), queries.prescribable(clinic)) == ("draft", [])
    approve(version, make_member(clinic, Role.PHARMACIST))
    half = queries.version(clinic, version.pk)
    assert (queries.state(half), queries.may_be_prescribed(half), queries.prescribable(clinic)) == (
        "half_approved",
        False,
        [],
    )
    approve(version, make_member(clinic, Role.PRESCRIBER))
    assert queries.state(queries.version(clinic, version.pk)) == "approved"
    assert queries.prescribable(clinic) == [version]
    assert queries.prescribable(clinic, condition="MS") == [version]
    assert queries.prescribable(clinic, condition="LN") == []


def test_approval_is_in_the_audit_trail(clinic, version):
    member = make_member(clinic, Role.PRESCRIBER)
    approve(version, member)
    entry = AuditEntry.objects.of(clinic).get(verb="approved regimen")
    assert (entry.actor, entry.changes) == (
        member.user,
        {"code": "STANDARD", "version": 1, "role": "prescriber"},
    )


@pytest.mark.parametrize("role", [Role.NURSE, Role.RECEPTIONIST, Role.MANAGER])
def test_other_roles_cannot_approve(clinic, version, role):
    assert codes_refused(version, make_member(clinic, role)) == ("not_an_approver",)


def test_second_prescriber_cannot_stand_in_for_the_pharmacist(clinic, version):
    approve(version, make_member(clinic, Role.PRESCRIBER))
    assert codes_refused(version, make_member(clinic, Role.PRESCRIBER)) == ("role_approved",)


def test_one_person_cannot_give_both_approvals(clinic, version):
    member = make_member(clinic, Role.PRESCRIBER)
    approve(version, member)
    member.role = Role.PHARMACIST
    member.save()
    assert codes_refused(version, member) == ("same_person",)


def test_database_refuses_both_approvals_of_one_person(clinic, version):
    user = make_member(clinic, Role.PRESCRIBER).user
    Approval.objects.create(clinic=clinic, regimen_version=version, role="prescriber", by=user, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.create(clinic=clinic, regimen_version=version, role="pharmacist", by=user, at=NOW)


def test_approver_of_another_clinic_is_refused(version):
    stranger = make_member(make_clinic(nurses=0), Role.PRESCRIBER)
    assert codes_refused(version, stranger) == ("not_an_approver",)


def test_colleague_who_has_left_cannot_approve(clinic, version):
    member = make_member(clinic, Role.PRESCRIBER)
    member.is_active = False
    member.save()
    assert codes_refused(version, member) == ("not_an_approver",)


def test_withdrawn_version_is_neither_approved_nor_prescribed(clinic):
    version = make_regimen(clinic)
    version.withdrawn_at = NOW
    version.save()
    assert codes_refused(version, make_member(clinic, Role.PRESCRIBER)) == ("withdrawn",)
    assert (queries.state(version), queries.prescribable(clinic)) == ("retired", [])


def test_refused_approval_leaves_no_trace(clinic, version):
    codes_refused(version, make_member(clinic, Role.NURSE))
    assert (Approval.objects.of(clinic).count(), AuditEntry.objects.of(clinic).count()) == (0, 0)


def test_damaged_definition_is_never_planned_from(version):
    version.definition = version.definition | {"min_interval_days": -1}
    with pytest.raises(ValueError, match="cannot be read"):
        queries.regimen_of(version)


def test_conditions_are_those_of_the_patients_room():
    assert default_regimens()["STANDARD"].condition_codes == tuple(code for code, _ in CONDITIONS)


def made(version, member, **changes):
    definition = version.definition | changes.pop("definition", {"min_interval_days": 120})
    given = {"base": version, "definition": definition, "reason": "a longer floor here"} | changes
    return actions.make_version(by=member.user, membership=member, **given)


def refused(*args, **kwargs):
    with pytest.raises(Refused) as raised:
        made(*args, **kwargs)
    return raised.value.codes


def test_a_pharmacist_makes_a_new_version_that_waits_for_approval(clinic, version):
    member = make_member(clinic, Role.PHARMACIST)
    new = made(version, member)
    assert (new.version, new.based_on, new.reason, queries.state(new)) == (
        2,
        version,
        "a longer floor here",
        "draft",
    )
    entry = AuditEntry.objects.of(clinic).get(verb="made regimen version")
    assert (entry.actor, entry.changes["Minimum interval, days"]) == (member.user, ["112", "120"])
    assert queries.waiting_defaults(clinic) == [code for code in default_regimens() if code != "STANDARD"]
    assert queries.before(new) == version


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PHARMACIST])
def test_other_roles_make_no_version(clinic, version, role):
    assert refused(version, make_member(clinic, role)) == ("not_an_editor",)


def test_a_pharmacist_of_another_clinic_makes_no_version(clinic, version):
    assert refused(version, make_member(make_clinic(nurses=0), Role.PHARMACIST)) == ("not_an_editor",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "no_reason"),
        ({"definition": {}}, "nothing_changed"),
        ({"definition": {"id": "OTHER"}}, "nothing_changed"),
        ({"definition": {"min_interval_days": -1}}, "faulty"),
    ],
)
def test_a_version_that_says_nothing_new_or_cannot_be_read_is_refused(clinic, version, changes, code):
    assert refused(version, make_member(clinic, Role.PHARMACIST), **changes) == (code,)
    assert RegimenVersion.objects.of(clinic).count() == 1


def test_newest_approved_version_is_the_one_that_can_be_prescribed(clinic, version):
    assert queries.newest_approved(clinic, "STANDARD") is None
    for role in (Role.PRESCRIBER, Role.PHARMACIST):
        approve(version, make_member(clinic, role))
    made(version, make_member(clinic, Role.PHARMACIST))
    assert queries.newest_approved(clinic, "STANDARD") == version
