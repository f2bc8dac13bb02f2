"""Setting the rules' numbers for one clinic: by whom, what is kept, and what it changes."""

from decimal import Decimal

import pytest

from clinics.domain.refusals import Refused
from clinics.domain.rights import Role
from clinics.models import AuditEntry
from evaluation import queries
from evaluation.actions.rules import set_rule
from evaluation.models import RuleSetting
from evaluation.rule_queries import catalogue_of, history_of
from tests.evaluating import NOW, codes_of, fill, today
from tests.factory import make_clinic, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def pharmacist(clinic):
    return make_member(clinic, Role.PHARMACIST).user


def set_to(clinic, by, value, code="neutrophils_hold", reason="Our laboratory's limit"):
    number = None if value is None else Decimal(value)
    return set_rule(clinic=clinic, code=code, value=number, reason=reason, by=by, now=NOW)


def test_the_newest_counts_is_audited_and_can_go_back(clinic, pharmacist, prescriber):
    set_to(clinic, pharmacist, "1.2")
    set_to(clinic, prescriber, "1")
    assert catalogue_of(clinic).thresholds.neutrophils_hold.value == 1
    set_to(clinic, prescriber, None)
    assert catalogue_of(clinic).thresholds.neutrophils_hold.value == Decimal("1.5")
    assert [row.value for row in history_of(clinic, "neutrophils_hold")] == [None, 1, Decimal("1.2")]
    assert AuditEntry.objects.filter(verb="set a rule").count() == 3


def test_it_is_this_clinics_alone_and_its_evaluations_are_judged_by_it(evaluation, clinic, nurse, prescriber):
    fill(evaluation, nurse, neutrophils="1.2")
    assert queries.verdict_of(evaluation, on=today()).finding("blood_count").word == "hold"
    set_to(clinic, prescriber, "1")
    assert queries.verdict_of(evaluation, on=today()).finding("blood_count").word == "met"
    assert catalogue_of(make_clinic(slug="other")).thresholds.neutrophils_hold.value == Decimal("1.5")


@pytest.mark.parametrize("role", [Role.NURSE, Role.RECEPTIONIST, Role.MANAGER])
def test_only_a_prescriber_or_a_pharmacist_sets_it(clinic, role):
    with pytest.raises(Refused) as refused:
        set_to(clinic, make_member(clinic, role).user, "1")
    assert (codes_of(refused), RuleSetting.objects.count()) == (("not_allowed",), 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"reason": " "}, "reason_missing"), ({"code": "minimum_age_years"}, "not_settable")],
)
def test_what_cannot_be_set_is_refused(clinic, prescriber, changes, code):
    with pytest.raises(Refused) as refused:
        set_to(clinic, prescriber, "17", **changes)
    assert (codes_of(refused), RuleSetting.objects.count()) == ((code,), 0)
